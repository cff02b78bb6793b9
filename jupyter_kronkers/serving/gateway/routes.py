"""Routes: what the control plane wants served, as it travels to the gateway and lies in `gateway/routes.json`.

The gateway reads the file at its start, so that it serves the last good routes without control plane or database.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import msgspec

EVERY = "*"
"""As a deployment's name in a grant: every deployment."""


class ServingLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one deployment may use.

    request_s: what a model may take for one predict. wait_s: what a request may take in all, so that those who wait
    behind a model that has to be stopped are answered still. queue: requests that may wait. rows: in one request.
    """

    memory_bytes: int = 2 << 30
    start_s: float = 60.0
    request_s: float = 30.0
    wait_s: float = 100.0
    file_bytes: int = 64 << 20
    open_files: int = 256
    queue: int = 512
    rows: int = 100_000


class Placed(msgspec.Struct, frozen=True):
    """A version and where its artifact lies; `digest` is the SHA-256 of its manifest."""

    model: str
    number: int
    folder: str
    digest: str
    batched: bool = True

    @property
    def words(self) -> str:
        return f"{self.model} {self.number}"


class Route(msgspec.Struct, frozen=True):
    """One deployment. `previous` was live before: it is kept warm, and serves on where `version` cannot be loaded.
    `upcoming` is a newer version that may be chosen soon: it is warmed up only."""

    deployment: str
    version: Placed
    replicas: int = 1
    limits: ServingLimits = ServingLimits()
    previous: Placed | None = None
    upcoming: Placed | None = None


class Grant(msgspec.Struct, frozen=True):
    """A token by the SHA-256 of its secret, and the deployments it opens. `expires_at` in seconds since 1970."""

    digest: str
    deployments: tuple[str, ...]
    expires_at: float | None = None

    def opens(self, deployment: str) -> bool:
        return EVERY in self.deployments or deployment in self.deployments


class Routes(msgspec.Struct, frozen=True):
    """All of it. `public_key` (PEM) is the key that artifacts must be signed with; `hosts` are names that the header
    Host may have besides those of this machine itself."""

    routes: tuple[Route, ...] = ()
    grants: tuple[Grant, ...] = ()
    public_key: str = ""
    hosts: tuple[str, ...] = ()


def load(path: Path) -> Routes:
    """The routes of the file; none if it is missing or cannot be read, since the control plane will send them again."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Routes)
    except (OSError, msgspec.MsgspecError):
        return Routes()


def save(path: Path, routes: Routes) -> None:
    """Replace the file (0600): a kill leaves the old routes or the new."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.encode(routes))
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
