"""Calls: lines to paste into a program that asks a deployment for predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.wire import Asked, Told, told
from jupyter_kronkers.errors import Unavailable

if TYPE_CHECKING:
    from jupyter_kronkers.api.rooms import Rooms

Speech = Literal["curl", "python", "r", "julia"]


class CallSnippet(Told, frozen=True):
    """A whole program. `title` tells it from others in its language; the token comes from the environment."""

    language: Speech
    title: str
    code: str


class CallSnippets(Told, frozen=True):
    items: list[CallSnippet]


class CallQuery(Asked, frozen=True):
    language: Speech | None = None


def list_calls(rooms: Rooms, call: Call[CallQuery, Nothing]) -> CallSnippets:
    """How to call a deployment, with an example row, in each language or in one."""
    name, asked = call.path["deployment"], call.query
    rooms.deployments.show(name)
    address = rooms.gateway.url if rooms.gateway else None
    if address is None:
        raise Unavailable("Nothing serves predictions now.", remedy="Start JupyterLab, or: jupyter kronkers serve")
    found = rooms.deployments.calls(name, address, language=asked.language or "")
    return CallSnippets(items=[told(one, CallSnippet) for one in found])
