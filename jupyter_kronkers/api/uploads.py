"""Uploads: the files of a finished capture on their way to becoming a version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.wire import Asked, Told
from jupyter_kronkers.errors import Fault, Invalid

if TYPE_CHECKING:
    from jupyter_kronkers.api.rooms import Rooms


class Upload(Told, frozen=True):
    id: str


class FileQuery(Asked, frozen=True):
    """`sha256`, if sent, must be that of what arrives."""

    sha256: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""


class UploadedFile(Told, frozen=True):
    """As it was received: compare with what was sent."""

    path: str
    sha256: str
    size_bytes: int


def open_upload(rooms: Rooms, call: Call[Nothing, Nothing]) -> Upload:
    """A place for files, ours alone until it is registered; given up after a day."""
    return Upload(id=rooms.uploads.open(call.who))


def write_file(rooms: Rooms, call: Call[FileQuery, Nothing]) -> UploadedFile:
    """One file of an upload, straight to disk. Repeating it replaces the file."""
    path = call.path["path"]
    if call.stream is None:
        raise Invalid(Fault("$", "a file needs a body"))
    found = rooms.uploads.write(call.who, call.path["upload"], path, call.stream, sha256=call.query.sha256)
    return UploadedFile(path=path, sha256=found.sha256, size_bytes=found.size_bytes)


def drop_upload(rooms: Rooms, call: Call[Nothing, Nothing]) -> None:
    """Give an upload up."""
    rooms.uploads.drop(call.who, call.path["upload"])
