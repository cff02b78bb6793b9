"""The breaker of one version: when its hosts keep ending, it rests instead of starting ever more.

answers ──▶ closed ──5 ends within 5 minutes, no answer between──▶ open: nobody starts, callers are told when to return
               ▲────────────── the rest is over, a host answers ──────┘   (2 s, 4 s … 60 s, with jitter)
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

from jupyter_kronkers.errors import KronkersError, Unavailable

CRASHES, CRASHES_WITHIN_S = 5, 300.0
SHORTEST_REST_S, LONGEST_REST_S = 2.0, 60.0
PAUSES_S = (0.0, 0.2, 0.4, 0.8, 1.6)
"""How long to wait before a replica is replaced, by the number of those that ended since the last answer."""


class Breaker:
    """Counts the ends of hosts. `reason` is the latest, `opened` how often it was enough."""

    def __init__(self, words: str, clock: Callable[[], float]) -> None:
        self._words, self._clock = words, clock
        self._crashes: deque[float] = deque(maxlen=CRASHES)
        self._rest_until, self._rest_s = 0.0, SHORTEST_REST_S
        self.reason: KronkersError | None = None
        self.opened = 0

    def well(self) -> None:
        """There was an answer."""
        if self._crashes:
            self._crashes.clear()
        self._rest_s = SHORTEST_REST_S

    def crashed(self, why: KronkersError) -> bool:
        """A host ended, or could not start. Whether it opened over this."""
        now = self._clock()
        self.reason = why
        self._crashes.append(now)
        if len(self._crashes) < CRASHES or now - self._crashes[0] >= CRASHES_WITHIN_S:
            return False
        # Jitter, so that versions that failed together do not start together.
        self._rest_until = now + self._rest_s * random.uniform(0.8, 1.2)  # noqa: S311
        self._rest_s = min(LONGEST_REST_S, 2 * self._rest_s)
        self.opened += 1
        return True

    @property
    def open(self) -> bool:
        return self._rest_until > self._clock()

    @property
    def pause_s(self) -> float:
        """How long to wait before another is started."""
        rest_s = self._rest_until - self._clock()
        if rest_s > 0:
            return rest_s
        return PAUSES_S[min(len(self._crashes), len(PAUSES_S)) - 1] if self._crashes else 0.0

    def refusal(self) -> Unavailable:
        """What callers are told meanwhile."""
        left_s = max(1.0, self._rest_until - self._clock())
        what = f"{self._words} rests: its hosts ended {CRASHES} times without one answer."
        return Unavailable(what, retry_after_s=left_s, remedy=f"The last time: {self.reason}")
