"""Me: who asks, as the product sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_kronkers.access import SCOPES
from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.wire import Told

if TYPE_CHECKING:
    from jupyter_kronkers.api.rooms import Rooms


class Me(Told, frozen=True):
    """`scopes`: everything that the caller may do, spelled out."""

    name: str
    scopes: list[str]


def show_me(_rooms: Rooms, call: Call[Nothing, Nothing]) -> Me:
    """Who the caller is and what they may do."""
    return Me(name=call.who.name, scopes=sorted(scope for scope in SCOPES if call.who.may(scope)))
