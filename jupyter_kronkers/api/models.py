"""Models: named lines of versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.versions import Version
from jupyter_kronkers.api.wire import Asked, Cursor, Moment, Name, Page, Text, Title, Told, told
from jupyter_kronkers.errors import Fault, Invalid
from jupyter_kronkers.serving.health import QUIET

if TYPE_CHECKING:
    from jupyter_kronkers.api.rooms import Rooms
    from jupyter_kronkers.models import Model as RoomModel
    from jupyter_kronkers.serving.health import Health as RoomHealth

Health = Literal["good", "busy", "bad", "quiet"]
MOST, MOST_BRIEF = 200, 1_000


class Model(Told, frozen=True):
    """`owner` registered the latest version, `trained_at` is when that was captured. `health`, in words beside it, is
    that of its deployments: quiet where none is served. `latest` is null in a brief list, however many there are."""

    name: str
    title: str
    description: str
    created_at: Moment
    created_by: str
    archived_at: Moment | None
    revision: int
    version_count: int
    aliases: dict[str, int]
    language: str | None
    owner: str
    trained_at: Moment | None
    latest_number: int | None
    latest_state: str | None
    health: Health
    health_words: str
    latest: Version | None


class NewModel(Asked, frozen=True):
    name: Name
    title: Title = ""
    description: Text = ""


class ModelChange(Asked, frozen=True):
    title: Title | None = None
    description: Text | None = None


class ModelQuery(Asked, frozen=True):
    """brief: without the latest versions, which are long; then a page may have 1,000 models instead of 200."""

    search: Title = ""
    language: Title = ""
    archived: bool = False
    brief: bool = False
    limit: Annotated[int, Meta(ge=1, le=MOST_BRIEF)] = 50
    cursor: Cursor | None = None


def list_models(rooms: Rooms, call: Call[ModelQuery, Nothing]) -> Page[Model]:
    """Models by name, some at a time."""
    asked = call.query
    if asked.limit > MOST and not asked.brief:
        raise Invalid(Fault("limit", f"must be at most {MOST}, or {MOST_BRIEF:,} with brief=true"))
    found = rooms.models.list(
        search=asked.search,
        language=asked.language,
        archived=asked.archived,
        brief=asked.brief,
        limit=asked.limit,
        cursor=asked.cursor,
    )
    health = health_in(rooms)
    return Page(items=[shown(model, health) for model in found.items], cursor=found.cursor)


def create_model(rooms: Rooms, call: Call[Nothing, NewModel]) -> Model:
    """A new model without versions. Registering makes the model too, so this is for its title and description."""
    asked = call.body
    rooms.models.create(call.who, asked.name, title=asked.title, description=asked.description)
    return standing(rooms, asked.name)


def show_model(rooms: Rooms, call: Call[Nothing, Nothing]) -> Model:
    """One model with its latest version."""
    return standing(rooms, call.path["model"])


def change_model(rooms: Rooms, call: Call[Nothing, ModelChange]) -> Model:
    """Title and description; what is not sent stays."""
    asked, name = call.body, call.path["model"]
    rooms.models.update(call.who, name, title=asked.title, description=asked.description, revision=call.revision)
    return standing(rooms, name)


def archive_model(rooms: Rooms, call: Call[Nothing, Nothing]) -> None:
    """Take a model out of the lists. Its versions, their files and their history stay."""
    rooms.models.archive(call.who, call.path["model"])


def standing(rooms: Rooms, name: str) -> Model:
    return shown(rooms.models.show(name), health_in(rooms))


def health_in(rooms: Rooms) -> Mapping[str, RoomHealth]:
    return rooms.deployments.health(rooms.traffic.lately() if rooms.traffic else {})


def shown(model: RoomModel, health: Mapping[str, RoomHealth]) -> Model:
    """The model with the health of its deployments."""
    found = health.get(model.name, QUIET)
    return told({**vars(model), "health": found.tone, "health_words": found.words}, Model)
