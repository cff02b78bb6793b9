"""Health: alive is about this process, ready is about what it needs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.wire import Told
from jupyter_kronkers.errors import Unavailable

if TYPE_CHECKING:
    from jupyter_kronkers.api.rooms import Rooms


class Live(Told, frozen=True):
    pid: int


class Ready(Told, frozen=True):
    """`gateway_url`: where predictions are asked for, null if nothing serves."""

    pid: int
    gateway_url: str | None


def live(_rooms: Rooms, _call: Call[Nothing, Nothing]) -> Live:
    """This process answers. Says nothing of databases or models."""
    return Live(pid=os.getpid())


def ready(rooms: Rooms, _call: Call[Nothing, Nothing]) -> Ready:
    """The database answers, and the gateway where there should be one."""
    with rooms.store.reading():
        pass
    url = rooms.gateway.url if rooms.gateway else None
    if rooms.gateway and url is None:
        raise Unavailable("The gateway is not up yet.")
    return Ready(pid=os.getpid(), gateway_url=url)
