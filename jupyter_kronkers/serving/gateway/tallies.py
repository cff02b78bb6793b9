"""Tallies: what is counted while requests are answered. Plain numbers, of which nothing is made until somebody looks.

    a caller is answered ───▶ Tally      of a deployment, a version and its use     status, seconds, rows
    a batch goes and comes ─▶ Measures   of a deployment and a version              where the time went

They outlive the version they are about, so that a version that is loaded again goes on counting; a while after nothing
of theirs is loaded any more they are forgotten.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from jupyter_kronkers.serving.gateway.batching import Ask

BOUNDS_S = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0),
)
BOUNDS_N = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0, 4_096.0, 16_384.0)
STABLE, CANARY = "stable", "canary"
FORGET_S = 15 * 60.0
MOST_LEFT = 50
"""Versions of one deployment that are remembered beyond those that are loaded."""

MOST_REASONS = 64


class Life(Protocol):
    """What one loading of a version has counted."""

    retries: int
    restarts: int


class Spread:
    """How values spread: a count per bucket, the last for all above the bounds, and their sum."""

    __slots__ = ("bounds", "buckets", "total")

    def __init__(self, bounds: Sequence[float] = BOUNDS_S) -> None:
        self.bounds = bounds
        self.buckets = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float, times: int = 1) -> None:
        self.buckets[bisect_left(self.bounds, value)] += times
        self.total += value * times


class Tally:
    """What callers were answered by one version in one use."""

    __slots__ = ("answers", "rows")

    def __init__(self) -> None:
        self.answers: dict[int, Spread] = {}
        self.rows = 0

    def count(self, status: int, seconds: float, rows: int) -> None:
        spread = self.answers.get(status) or self.answers.setdefault(status, Spread())
        spread.buckets[bisect_left(BOUNDS_S, seconds)] += 1
        spread.total += seconds
        self.rows += rows


class Measures:
    """What one version did: for callers, in either use, and between the gateway and its hosts.

    queue, host, after: seconds that each request waited, that its batch was with a host, and from then until the
    batch was answered. requests, rows: how many are in a batch; found: requests there when a batch was taken.
    lives: what each loading of the version has counted itself, the present one last.
    """

    __slots__ = ("after", "canary", "found", "host", "lives", "queue", "requests", "rows", "stable")

    def __init__(self) -> None:
        self.stable, self.canary = Tally(), Tally()
        self.queue, self.host, self.after = Spread(), Spread(), Spread()
        self.requests, self.rows, self.found = Spread(BOUNDS_N), Spread(BOUNDS_N), Spread(BOUNDS_N)
        self.lives: list[Life] = []

    def sent(self, batch: Sequence[Ask], waiting: int, now: float) -> float:
        """A batch goes to a host while others wait. now: of the clock that `Ask.since` is from.
        Returns what `heard` wants."""
        queue, rows = self.queue, 0
        for ask in batch:
            rows += ask.rows
            waited = now - ask.since
            queue.buckets[bisect_left(BOUNDS_S, waited)] += 1
            queue.total += waited
        self.requests.add(len(batch))
        self.rows.add(rows)
        self.found.add(len(batch) + waiting)
        return monotonic()

    def heard(self, batch: Sequence[Ask], sent: float) -> float:
        """The host has replied, or is given up. Returns when, for `answered`."""
        now = monotonic()
        self.host.add(now - sent, len(batch))
        return now

    def answered(self, batch: Sequence[Ask], heard: float) -> None:
        """Every caller of the batch has got what the host said."""
        self.after.add(monotonic() - heard, len(batch))


class Tallies:
    """All of one gateway process."""

    def __init__(self) -> None:
        self.versions: dict[tuple[str, int], Measures] = {}
        self.without: dict[str, Tally] = {}
        self.refusals: dict[tuple[str, str], int] = {}
        self.lag = Spread()
        self._parted: dict[tuple[str, int], float] = {}

    def of(self, deployment: str) -> Tally:
        """Where answers are counted that no version gave."""
        return self.without.get(deployment) or self.without.setdefault(deployment, Tally())

    def measures(self, deployment: str, number: int) -> Measures:
        """What a version of a deployment did, however often it was loaded."""
        key = (deployment, number)
        return self.versions.get(key) or self.versions.setdefault(key, Measures())

    def callers(self) -> Iterator[tuple[str, int, str, Tally]]:
        """Every tally with its deployment, its version (0: none) and its use."""
        for deployment, tally in self.without.items():
            yield deployment, 0, "", tally
        for (deployment, number), measures in self.versions.items():
            yield deployment, number, STABLE, measures.stable
            yield deployment, number, CANARY, measures.canary

    def refuse(self, deployment: str, reason: str) -> None:
        """Count a request that no model was asked about; `deployment` is "" where that is not known."""
        key = (deployment, reason)
        if key not in self.refusals and len(self.refusals) >= MOST_REASONS * (1 + len(self.without)):
            key = (deployment, "other")
        self.refusals[key] = self.refusals.get(key, 0) + 1

    def forget(self, running: Collection[str], loaded: Collection[tuple[str, int]]) -> None:
        """Let go of what has been gone for a while. running: deployments; loaded: deployment and version number."""
        now = monotonic()
        named = {(name, 0) for name in (*self.without, *(name for name, _ in self.refusals)) if name}
        parted = {key for key in self.versions if key not in loaded} | {key for key in named if key[0] not in running}
        self._parted = {key: self._parted.get(key, now) for key in parted}
        for key in [key for key, since in self._parted.items() if now - since > FORGET_S or self._crowded(key)]:
            self._drop(key)

    def _crowded(self, key: tuple[str, int]) -> bool:
        later = [one for one, since in self._parted.items() if one[0] == key[0] and since > self._parted[key]]
        return len(later) >= MOST_LEFT

    def _drop(self, key: tuple[str, int]) -> None:
        del self._parted[key]
        self.versions.pop(key, None)
        if not key[1]:
            self.without.pop(key[0], None)
            self.refusals = {(name, why): number for (name, why), number in self.refusals.items() if name != key[0]}
