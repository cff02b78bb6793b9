"""Aliases: movable names of versions. Every move is kept."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.wire import Asked, Cursor, Limit, Moment, Name, Number, Page, Text, Told, WhyQuery, page, told
from jupyter_kronkers.errors import Fault, Invalid, NotFound

if TYPE_CHECKING:
    from jupyter_kronkers.api.rooms import Rooms


class Alias(Told, frozen=True):
    """`revision` is the number of the move that put it there."""

    model: str
    alias: str
    number: int
    revision: int
    moved_at: Moment
    moved_by: str


class Aliases(Told, frozen=True):
    items: list[Alias]


class AliasTarget(Asked, frozen=True):
    version: Number
    why: Text = ""


class AliasMove(Told, frozen=True):
    """One line of the ledger. `origin` is outside where MLflow was changed by someone else."""

    seq: int
    model: str
    alias: str
    before: int | None
    after: int | None
    at: Moment
    by: str
    why: str
    origin: str


class AliasThen(Told, frozen=True):
    """The version that an alias named at a moment, null if none."""

    model: str
    alias: str
    number: int | None
    at: Moment


class HistoryQuery(Asked, frozen=True):
    alias: Name | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


def list_aliases(rooms: Rooms, call: Call[Nothing, Nothing]) -> Aliases:
    """Where each alias of a model points."""
    return Aliases(items=[told(alias, Alias) for alias in rooms.models.aliases(call.path["model"])])


def show_alias(rooms: Rooms, call: Call[Nothing, Nothing]) -> Alias:
    """Where one alias points now."""
    return standing(rooms, call.path["model"], call.path["alias"])


def show_alias_then(rooms: Rooms, call: Call[Nothing, Nothing]) -> AliasThen:
    """Where one alias pointed at a moment, told as in 2026-03-03T12:00:00Z."""
    model, name = call.path["model"], call.path["alias"]
    at = moment(call.path["moment"])
    return AliasThen(model=model, alias=name, number=rooms.models.live_at(model, name, at), at=at)


def move_alias(rooms: Rooms, call: Call[Nothing, AliasTarget]) -> Alias:
    """Point an alias at a version. Deployments that follow it change over without losing a request."""
    model, name, asked = call.path["model"], call.path["alias"], call.body
    rooms.models.move(call.who, model, name, asked.version, why=asked.why, revision=call.revision)
    return standing(rooms, model, name)


def unset_alias(rooms: Rooms, call: Call[WhyQuery, Nothing]) -> None:
    """Take an alias away. The ledger remembers where it pointed."""
    model, name = call.path["model"], call.path["alias"]
    rooms.models.unset(call.who, model, name, why=call.query.why, revision=call.revision)


def show_history(rooms: Rooms, call: Call[HistoryQuery, Nothing]) -> Page[AliasMove]:
    """The ledger of a model, newest first."""
    asked = call.query
    found = rooms.models.history(call.path["model"], alias=asked.alias, limit=asked.limit, cursor=asked.cursor)
    return page(found, AliasMove)


def moment(text: str) -> datetime:
    try:
        return msgspec.convert(text, Moment)
    except msgspec.ValidationError:
        raise Invalid(Fault("moment", "must be as in 2026-03-03T12:00:00Z")) from None


def standing(rooms: Rooms, model: str, name: str) -> Alias:
    found = next((alias for alias in rooms.models.aliases(model) if alias.alias == name), None)
    if found is None:
        raise NotFound("alias", f"{model}@{name}")
    return told(found, Alias)
