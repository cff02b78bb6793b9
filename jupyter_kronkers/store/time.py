"""Time: always UTC, always handed in, one spelling in every table and answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the present moment, with its zone. Tests hand in one that stands still."""


def utc_now() -> datetime:
    """This moment in UTC."""
    return datetime.now(UTC)


def as_text(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds: sorts as text as it does in time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_text(text: str) -> datetime:
    """The moment that `as_text` wrote."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
