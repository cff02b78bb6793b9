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


class ServingLimits(msgspec.Struct, frozen=True):
    """What one deployment may use. A limit that only a later release knows is passed over, here as in all of Routes.

    request_s: what a model may take for one predict. wait_s: what a request may take in all, so that those who wait
    behind a model that has to be stopped are answered still. queue: requests that may wait; queue_s: and how long.
    rows: in one request. idle_s: without a request for this long its processes are ended until the next one; 0: never.
    network: whether its hosts may reach the network, where the machine can keep them from it.
    """

    memory_bytes: int = 2 << 30
    start_s: float = 60.0
    request_s: float = 30.0
    wait_s: float = 100.0
    file_bytes: int = 64 << 20
    open_files: int = 256
    queue: int = 512
    queue_s: float = 10.0
    rows: int = 100_000
    idle_s: float = 0.0
    network: bool = False


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
    `upcoming` is a newer version that may be chosen soon: it is warmed up only.

    spares: replicas that are started and proven beyond `replicas`, and take over at once when one of those ends.
    canary: gets `percent` of the requests, and those that ask for it. shadow: gets copies, its answers go nowhere.
    decision: names what people decided last; whatever a gateway withdrew by itself, it tries again only under another.
    withdrawn: what was withdrawn under this decision, and why: `version` or `canary` in words.
    """

    deployment: str
    version: Placed
    replicas: int = 1
    limits: ServingLimits = ServingLimits()
    previous: Placed | None = None
    upcoming: Placed | None = None
    spares: int = 0
    canary: Placed | None = None
    percent: float = 0.0
    shadow: Placed | None = None
    decision: str = ""
    withdrawn: dict[str, str] = {}

    @property
    def placed(self) -> tuple[Placed, ...]:
        """Every version it speaks of."""
        spoken_of = (self.version, self.canary, self.shadow, self.previous, self.upcoming)
        return tuple(placed for placed in spoken_of if placed is not None)


class Grant(msgspec.Struct, frozen=True):
    """A token by the SHA-256 of its secret, and the deployments it opens. `expires_at` in seconds since 1970."""

    digest: str
    deployments: tuple[str, ...]
    expires_at: float | None = None

    def opens(self, deployment: str) -> bool:
        return EVERY in self.deployments or deployment in self.deployments


class Routes(msgspec.Struct, frozen=True):
    """All of it. `public_key` (PEM) is the key that artifacts must be signed with; `hosts` are names that the header
    Host may have besides those of this machine itself. `memory_bytes` is what all hosts together may take; 0: no limit.
    """

    routes: tuple[Route, ...] = ()
    grants: tuple[Grant, ...] = ()
    public_key: str = ""
    hosts: tuple[str, ...] = ()
    memory_bytes: int = 0


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
