"""Shapes that several nouns share on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)

NAME_PATTERN = "^[a-z0-9][a-z0-9._-]{0,62}$"

# The rooms check names and say in words what is wrong; the document only tells the rule.
Name = Annotated[str, Meta(max_length=1_000, extra_json_schema={"pattern": NAME_PATTERN, "maxLength": 63})]
Title = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=10_000)]
Number = Annotated[int, Meta(ge=1, le=2**31)]
Moment = Annotated[datetime, Meta(tz=True)]
Limit = Annotated[int, Meta(ge=1, le=200)]
Cursor = Annotated[str, Meta(max_length=500)]


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything that is sent to us: a field we do not know is refused, never ignored."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Base of everything that we answer."""


class Page(Told, Generic[T], frozen=True):
    """Some of a long list. `cursor` asks for the next ones; null at the end."""

    items: list[T]
    cursor: str | None = None


class PageQuery(Asked, frozen=True):
    limit: Limit = 50
    cursor: Cursor | None = None


class WhyQuery(Asked, frozen=True):
    why: Text = ""


def told(value: object, kind: type[S]) -> S:
    """A room's dataclass in its shape on the wire."""
    return msgspec.convert(value, kind, from_attributes=True)


def page(found: Any, kind: type[S]) -> Page[S]:
    """A room's page in its shape on the wire."""
    return Page(items=[told(item, kind) for item in found.items], cursor=found.cursor)
