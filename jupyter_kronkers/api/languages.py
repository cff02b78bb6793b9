"""Languages: what is installed on the machine of the data folder, and what brings the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.wire import Told, told

if TYPE_CHECKING:
    from jupyter_kronkers.api.rooms import Rooms


class Language(Told, frozen=True):
    """`version` is "" where it is missing; `missing` and `remedy` say in words what is and what to do."""

    language: str
    title: str
    version: str
    executable: str
    kernels: list[str]
    missing: str
    remedy: str


class Languages(Told, frozen=True):
    items: list[Language]


def list_languages(_rooms: Rooms | None = None, _call: Call[Nothing, Nothing] | None = None) -> Languages:
    """Each language: what is there, what is missing, and the command that brings it."""
    from jupyter_kronkers.languages import survey

    return Languages(items=[told(found, Language) for found in survey()])
