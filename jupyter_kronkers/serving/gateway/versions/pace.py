"""Pace: how fast a queue is worked off, so that nobody is taken in who would wait in vain, and what a batch costs."""

from __future__ import annotations

from jupyter_kronkers.serving.gateway.batching import MOST_ROWS

WEIGHT = 0.1
"""Of the newest batch."""


class Pace:
    """Of one queue. It is known once the queue has had somebody in it for `settle_s`, until it is empty again:
    quiet times say little, since many more asks may take hardly longer."""

    __slots__ = ("_since", "_taken", "settle_s")

    def __init__(self, settle_s: float) -> None:
        self.settle_s = settle_s
        self._since: float | None = None
        self._taken = 0.0

    def wait(self, now: float) -> None:
        """Somebody is left waiting."""
        if self._since is None:
            self._since, self._taken = now, 0.0

    def take(self, asks: int, now: float) -> None:
        """So many were taken, and others are left. What is long ago counts less and less."""
        if self._since is None:
            return
        self._taken += asks
        if now - self._since > 8 * self.settle_s:
            self._since, self._taken = (self._since + now) / 2, self._taken / 2

    def rest(self) -> None:
        """Nobody waits any more, or nobody is there to take anyone."""
        self._since = None

    def foreseen_s(self, asks: int, now: float) -> float:
        """How long it takes until so many are taken; 0 while that is not known."""
        if self._since is None or not self._taken or now - self._since < self.settle_s:
            return 0.0
        return asks * (now - self._since) / self._taken


class Cost:
    """What batches took of late. row_s: by how much one takes longer for each row in it, which is the slope of a line
    through them. least_s: what a row took in the quickest."""

    __slots__ = ("_covariance", "_mean_rows", "_mean_s", "_spread", "least_s", "row_s")

    def __init__(self) -> None:
        self.row_s = self.least_s = 0.0
        self._mean_rows = self._mean_s = self._spread = self._covariance = 0.0

    def learn(self, rows: int, seconds: float) -> None:
        self.least_s = min(seconds / rows, (1 + WEIGHT) * self.least_s or seconds)
        more_rows, longer_s = rows - self._mean_rows, seconds - self._mean_s
        self._mean_rows += WEIGHT * more_rows
        self._mean_s += WEIGHT * longer_s
        self._spread = (1 - WEIGHT) * (self._spread + WEIGHT * more_rows * more_rows)
        self._covariance = (1 - WEIGHT) * (self._covariance + WEIGHT * more_rows * longer_s)
        if self._spread > 1.0:
            self.row_s = max(0.0, self._covariance / self._spread)
        else:
            # Batches that are all alike tell nothing. What was learned fades, so that larger ones are tried again.
            self.row_s *= 1 - WEIGHT

    def foreseen_s(self, asks: int, batched: bool) -> float:
        """What so many asks take at least, as far as that is known."""
        return asks * (min(self.row_s, self.least_s) if batched else self.least_s)

    def rows_in(self, seconds: float) -> int:
        """How many rows a batch may have, to take hardly longer than this for them. At least one."""
        if self.row_s * MOST_ROWS <= seconds:
            return MOST_ROWS
        return max(1, int(seconds / self.row_s))
