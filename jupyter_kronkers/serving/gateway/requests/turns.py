"""Turns: the gateway has one loop, and no deployment may fill it.

In one turn of the loop each deployment gets at most so many of its requests begun; what is more waits for the next
turn, in which all deployments are served in a circle again. So a flood at one costs another's callers a few short
turns. Turns are shorter while several deployments are asked than while one has the loop for itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from jupyter_kronkers.serving.gateway.http import Exchange

ALONE, TOGETHER = 32, 8
"""Requests of one deployment in one turn, while it alone is asked and while others are: a millisecond of work, and a
quarter of one."""

LATELY_S = 0.05
"""Whoever was asked within this time counts among those who are."""


class Turns:
    """Begins requests by `begin`, in turns."""

    def __init__(self, begin: Callable[[Exchange], None], alone: int = ALONE, together: int = TOGETHER) -> None:
        self._begin, self._alone, self._together = begin, alone, together
        self._at_most = alone
        self._last, self._mixed_at = "", float("-inf")
        self._begun: dict[str, int] = {}
        self._waiting: dict[str, deque[Exchange]] = {}
        self._turning = False

    def take(self, deployment: str, exchange: Exchange) -> None:
        """Begin it now, or in a later turn if the deployment has had its share of this one."""
        if deployment != self._last:
            if self._last:
                self._mixed_at = asyncio.get_running_loop().time()
                self._at_most = self._together
            self._last = deployment
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
        if self._at_most != self._alone and asyncio.get_running_loop().time() - self._mixed_at > LATELY_S:
            self._at_most = self._alone
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
