"""Models: named lines of versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.versions import Version
from jupyter_kronkers.api.wire import Asked, Cursor, Limit, Moment, Name, Page, Text, Title, Told, page, told

if TYPE_CHECKING:
    from jupyter_kronkers.api.rooms import Rooms


class Model(Told, frozen=True):
    name: str
    title: str
    description: str
    created_at: Moment
    created_by: str
    archived_at: Moment | None
    revision: int
    version_count: int
    aliases: dict[str, int]
    latest: Version | None


class NewModel(Asked, frozen=True):
    name: Name
    title: Title = ""
    description: Text = ""


class ModelChange(Asked, frozen=True):
    title: Title | None = None
    description: Text | None = None


class ModelQuery(Asked, frozen=True):
    search: Title = ""
    language: Title = ""
    archived: bool = False
    limit: Limit = 50
    cursor: Cursor | None = None


def list_models(rooms: Rooms, call: Call[ModelQuery, Nothing]) -> Page[Model]:
    """Models by name, some at a time."""
    asked = call.query
    found = rooms.models.list(
        search=asked.search, language=asked.language, archived=asked.archived, limit=asked.limit, cursor=asked.cursor
    )
    return page(found, Model)


def create_model(rooms: Rooms, call: Call[Nothing, NewModel]) -> Model:
    """A new model without versions. Registering makes the model too, so this is for its title and description."""
    asked = call.body
    rooms.models.create(call.who, asked.name, title=asked.title, description=asked.description)
    return told(rooms.models.show(asked.name), Model)


def show_model(rooms: Rooms, call: Call[Nothing, Nothing]) -> Model:
    """One model with its latest version."""
    return told(rooms.models.show(call.path["model"]), Model)


def change_model(rooms: Rooms, call: Call[Nothing, ModelChange]) -> Model:
    """Title and description; what is not sent stays."""
    asked, name = call.body, call.path["model"]
    rooms.models.update(call.who, name, title=asked.title, description=asked.description, revision=call.revision)
    return told(rooms.models.show(name), Model)


def archive_model(rooms: Rooms, call: Call[Nothing, Nothing]) -> None:
    """Take a model out of the lists. Its versions, their files and their history stay."""
    rooms.models.archive(call.who, call.path["model"])
