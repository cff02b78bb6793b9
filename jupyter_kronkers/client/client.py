"""One method per thing that can be asked of a data folder; errors come back with the class they had there."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from jupyter_kronkers.access import Principal, local_principal
from jupyter_kronkers.api import Readable, Request, Response
from jupyter_kronkers.api.aliases import Alias, AliasMove, AliasTarget, AliasThen
from jupyter_kronkers.api.aliases import Aliases as AliasList
from jupyter_kronkers.api.deployments import (
    Deployment,
    DeploymentChange,
    DeploymentHistory,
    DeploymentList,
    Log,
    NewDeployment,
    ReplicaList,
    Why,
)
from jupyter_kronkers.api.health import Ready
from jupyter_kronkers.api.languages import Languages
from jupyter_kronkers.api.me import Me
from jupyter_kronkers.api.models import Model, NewModel
from jupyter_kronkers.api.problems import JSON, error_of
from jupyter_kronkers.api.tokens import CreatedToken, NewToken, TokenList
from jupyter_kronkers.api.uploads import Upload, UploadedFile
from jupyter_kronkers.api.versions import Diff, NewVersion, Version
from jupyter_kronkers.api.wire import Page
from jupyter_kronkers.client.connecting import Connection, Say, connect, folders_at
from jupyter_kronkers.control import Plane
from jupyter_kronkers.errors import Unavailable
from jupyter_kronkers.store import Folders

T = TypeVar("T")
PAGE = 200
LOOK_S = 0.2
NOTHING: Any = type(None)
UNSETTLED = {"starting", "swapping"}


class Client:
    """Speaks to one data folder as one principal. Close it, or use it in `with`: it may hold the folder's lock."""

    def __init__(self, folders: Folders, connection: Connection, who: Principal, say: Say) -> None:
        self.folders, self._connection, self._who, self._say = folders, connection, who, say

    @classmethod
    def connect(cls, data_dir: str | Path | None = None, *, say: Say = lambda words: None) -> Self:
        """A client of this data folder (by default, the user's own).

        say: is told in words why it takes long. Raises Unavailable if others kept the folder for two minutes.
        """
        folders = folders_at(data_dir)
        return cls(folders, connect(folders, say=say), local_principal(), say)

    @property
    def owner(self) -> Plane | None:
        """The process that answers, or None if it is this one."""
        return self._connection.plane

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # models and versions

    def models(self, *, search: str = "", language: str = "", archived: bool = False) -> Iterator[Model]:
        """Every model, by name."""
        query: dict[str, object] = {"search": search, "language": language, "archived": str(archived).lower()}
        return self._pages("/models", Page[Model], query)

    def model(self, name: str) -> Model:
        return self._ask("GET", path("models", name), Model)

    def create_model(self, name: str, *, title: str = "", description: str = "") -> Model:
        """A model without versions. Raises Conflict if there is one of this name."""
        wish = NewModel(name=name, title=title, description=description)
        return self._ask("POST", "/models", Model, body=wish, key=True)

    def versions(self, name: str) -> Iterator[Version]:
        """Every version, newest first."""
        return self._pages(path("models", name, "versions"), Page[Version], {})

    def version(self, name: str, version: int | str) -> Version:
        """By number or alias."""
        return self._ask("GET", path("models", name, "versions", version), Version)

    def diff(self, name: str, a: int | str, b: int | str) -> Diff:
        return self._ask("GET", path("models", name, "versions", a, "diff", b), Diff)

    def export(self, name: str, version: int | str, target: Path) -> Path:
        """Make the new folder `target`, which scores without us. Raises Conflict, or Tampered: then nothing is left."""
        from jupyter_kronkers.models import Signer
        from jupyter_kronkers.models.exports import export

        # The artifact lies in the data folder, which whoever has a client can read: no need to send it.
        found = self.version(name, version)
        return export(self.folders.models / found.model / found.id, target, Signer(self.folders))

    def register(
        self,
        name: str,
        finished: Path,
        *,
        title: str = "",
        description: str = "",
        note: str = "",
        uploaded: Callable[[], None] = lambda: None,
    ) -> Version:
        """Upload a finished capture (`models.intake`) and register it as the next version.

        uploaded: is called when all of it is there and the proof begins.
        """
        upload = self._ask("POST", "/uploads", Upload, key=True)
        try:
            for file in sorted(file for file in finished.rglob("*") if file.is_file()):
                self._upload(upload.id, file, file.relative_to(finished))
            uploaded()
            wish = NewVersion(upload=upload.id, title=title, description=description, note=note)
            return self._ask("POST", path("models", name, "versions"), Version, body=wish, key=True)
        except BaseException:
            with suppress(Exception):  # the first failure is the one to tell; the sweep takes what stays
                self._ask("DELETE", path("uploads", upload.id))
            raise

    def _upload(self, upload: str, file: Path, name: Path) -> None:
        with file.open("rb") as stream:
            query: dict[str, object] = {"sha256": hashlib.file_digest(stream, "sha256").hexdigest()}
            size = str(stream.seek(0, os.SEEK_END))
            stream.seek(0)
            place = path("uploads", upload, "files", *name.parts)
            self._ask("PUT", place, UploadedFile, query=query, stream=stream, size=size)

    # aliases and their ledger

    def aliases(self, name: str) -> list[Alias]:
        return self._ask("GET", path("models", name, "aliases"), AliasList).items

    def move(self, name: str, alias: str, version: int, *, why: str = "", revision: int | None = None) -> Alias:
        """Point an alias at a version. Raises Stale if it was moved since `revision`."""
        wish = AliasTarget(version=version, why=why)
        return self._ask("PUT", path("models", name, "aliases", alias), Alias, body=wish, revision=revision)

    def unset(self, name: str, alias: str, *, why: str = "") -> None:
        self._ask("DELETE", path("models", name, "aliases", alias), query={"why": why})

    def live_at(self, name: str, alias: str, at: datetime) -> int | None:
        """The version an alias named at that moment."""
        return self._ask("GET", path("models", name, "aliases", alias, "at", at.isoformat()), AliasThen).number

    def history(self, name: str, *, alias: str | None = None) -> Iterator[AliasMove]:
        """The ledger of a model, newest first."""
        return self._pages(path("models", name, "history"), Page[AliasMove], {"alias": alias} if alias else {})

    # deployments

    def deployments(self) -> list[Deployment]:
        return self._ask("GET", "/deployments", DeploymentList).items

    def deployment(self, name: str) -> Deployment:
        return self._ask("GET", path("deployments", name), Deployment)

    def deploy(self, wish: NewDeployment) -> Deployment:
        return self._ask("POST", "/deployments", Deployment, body=wish, key=True)

    def change_deployment(self, name: str, wish: DeploymentChange, *, revision: int | None = None) -> Deployment:
        return self._ask("PATCH", path("deployments", name), Deployment, body=wish, revision=revision)

    def set_wanted(self, name: str, wanted: Literal["serving", "stopped"]) -> Deployment:
        return self.change_deployment(name, DeploymentChange(wanted=wanted))

    def promote(self, name: str, *, why: str = "", revision: int | None = None) -> Deployment:
        """Make the canary the live version."""
        return self._decide(name, "promote", why, revision)

    def roll_back(self, name: str, *, why: str = "", revision: int | None = None) -> Deployment:
        """Bring the version before back. Raises Stale if the deployment is not at `revision` any more."""
        return self._decide(name, "rollback", why, revision)

    def _decide(self, name: str, what: str, why: str, revision: int | None) -> Deployment:
        place = path("deployments", name, what)
        return self._ask("POST", place, Deployment, body=Why(why=why), revision=revision, key=True)

    def settled(self, name: str, wait_s: float) -> Deployment:
        """The deployment once it is neither starting nor changing over, or as it is after `wait_s`."""
        ends = time.monotonic() + wait_s
        while True:
            found = self.deployment(name)
            if found.state not in UNSETTLED or time.monotonic() > ends:
                return found
            time.sleep(LOOK_S)

    def delete_deployment(self, name: str) -> None:
        self._ask("DELETE", path("deployments", name))

    def replicas(self, name: str) -> ReplicaList:
        return self._ask("GET", path("deployments", name, "replicas"), ReplicaList)

    def log(self, name: str, *, tail: int = 200) -> Log:
        return self._ask("GET", path("deployments", name, "log"), Log, query={"tail": tail})

    def deployment_history(self, name: str) -> DeploymentHistory:
        return self._ask("GET", path("deployments", name, "history"), DeploymentHistory)

    # the rest

    def tokens(self) -> TokenList:
        return self._ask("GET", "/tokens", TokenList)

    def create_token(self, wish: NewToken) -> CreatedToken:
        return self._ask("POST", "/tokens", CreatedToken, body=wish)

    def revoke_token(self, id: str) -> None:
        self._ask("DELETE", path("tokens", id))

    def languages(self) -> Languages:
        return self._ask("GET", "/languages", Languages)

    def me(self) -> Me:
        return self._ask("GET", "/me", Me)

    def ready(self) -> Ready:
        return self._ask("GET", "/health/ready", Ready)

    # how

    def _pages(self, place: str, kind: Any, query: dict[str, object]) -> Iterator[Any]:
        cursor: str | None = None
        while True:
            asked = {**query, "limit": PAGE, **({"cursor": cursor} if cursor else {})}
            found = self._ask("GET", place, kind, query=asked)
            yield from found.items
            cursor = found.cursor
            if cursor is None:
                return

    def _ask(
        self,
        method: str,
        place: str,
        kind: type[T] = NOTHING,
        *,
        query: dict[str, object] | None = None,
        body: msgspec.Struct | None = None,
        stream: Readable | None = None,
        size: str = "",
        revision: int | None = None,
        key: bool = False,
    ) -> T:
        """The answer as `kind`. Raises the error that the owner raised."""
        headers = {
            "content-type": JSON if body is not None else "application/octet-stream",
            "content-length": size,
            "if-match": f'"{revision}"' if revision is not None else "",
            "idempotency-key": secrets.token_hex(16) if key else "",
        }
        request = Request(
            method,
            place,
            self._who,
            query=urlencode(query or {}),
            headers={name: value for name, value in headers.items() if value},
            body=sent(body),
            stream=stream,
        )
        return understood(self._answer(request), kind)

    def _answer(self, request: Request) -> Response:
        try:
            return self._connection.transport.answer(request)
        except ConnectionError:
            # The owner died under us: the next one, or this process, can do it, if asking twice does no harm.
            if request.stream is not None or not repeatable(request):
                raise Unavailable("The owner of the data folder went away.", remedy="Try again.") from None
            self._connection.close()
            self._connection = connect(self.folders, say=self._say)
            return self._connection.transport.answer(request)


def path(*parts: str | int) -> str:
    """A path of the interface; each part is one segment, whatever it holds."""
    return "/" + "/".join(quote(str(part), safe="") for part in parts)


def sent(body: msgspec.Struct | None) -> bytes:
    """What was said, without the fields that were left alone: in a change, those stay as they are."""
    if body is None:
        return b""
    said = {
        field.encode_name: value
        for field in msgspec.structs.fields(body)
        if (value := getattr(body, field.name)) != field.default
    }
    return msgspec.json.encode(said)


def repeatable(request: Request) -> bool:
    return request.method != "POST" or "idempotency-key" in request.headers


def understood(response: Response, kind: type[T]) -> T:
    if response.status >= 400:
        raise error_of(response)
    if not response.body:
        return None  # type: ignore[return-value]
    return msgspec.json.decode(response.body, type=kind)
