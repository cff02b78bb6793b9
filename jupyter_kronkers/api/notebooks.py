"""Notebooks: each version keeps a copy of the one it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.wire import Told, told

if TYPE_CHECKING:
    from jupyter_kronkers.api.rooms import Rooms


class VersionNotebook(Told, frozen=True):
    """A notebook as it was. `name`: of its file, without folders; `digest`: SHA-256 of its bytes."""

    name: str
    content: dict[str, Any]
    digest: str


def show_version_notebook(rooms: Rooms, call: Call[Nothing, Nothing]) -> VersionNotebook:
    """The notebook that a version was registered from, as it was then."""
    return told(rooms.models.notebook(call.path["model"], call.path["version"]), VersionNotebook)
