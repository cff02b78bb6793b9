"""Turns: the gateway has one loop, and no deployment may fill it.

In one turn of the loop each deployment gets at most so many of its requests begun; what is more waits for the next
turn, in which all deployments are served in a circle again. So a flood at one costs another's callers one short turn.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from jupyter_kronkers.serving.gateway.http import Exchange

AT_MOST = 32
"""Requests of one deployment in one turn: about a millisecond of work."""


class Turns:
    """Begins requests by `begin`, in turns."""

    def __init__(self, begin: Callable[[Exchange], None], at_most: int = AT_MOST) -> None:
        self._begin, self._at_most = begin, at_most
        self._begun: dict[str, int] = {}
        self._waiting: dict[str, deque[Exchange]] = {}
        self._turning = False

    def take(self, deployment: str, exchange: Exchange) -> None:
        """Begin it now, or in a later turn if the deployment has had its share of this one."""
        begun = self._begun.get(deployment, 0)
        if begun >= self._at_most or deployment in self._waiting:
            self._waiting.setdefault(deployment, deque()).append(exchange)
            return
        self._begun[deployment] = begun + 1
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._turn)
        self._begin(exchange)

    def _turn(self) -> None:
        self._begun.clear()
        for deployment, waiting in list(self._waiting.items()):
            share = min(len(waiting), self._at_most)
            self._begun[deployment] = share
            for _ in range(share):
                self._begin(waiting.popleft())
            if not waiting:
                del self._waiting[deployment]
        self._turning = bool(self._begun)
        if self._turning:
            asyncio.get_running_loop().call_soon(self._turn)
