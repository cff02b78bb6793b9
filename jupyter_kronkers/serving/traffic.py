"""Traffic: what each version of a deployment was asked lately, as the gateways count it.

gateways ── GET /tallies, every 2 s ──▶ Look ── less the look before (`counting`) ──▶ Points of the last ten minutes

While nobody asks for them the gateways are looked at every 15 s, and not at all while nothing is deployed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from jupyter_kronkers.serving.counting import Look, Moment, Point, Total, look_of, moment_of, silence, totals
from jupyter_kronkers.serving.health import Lately
from jupyter_kronkers.serving.telling import tallies_of
from jupyter_kronkers.store import Clock

log = logging.getLogger(__name__)

STEP_S, QUIET_STEP_S = 2.0, 15.0
ATTENTION_S = 60.0
KEPT, LATELY = timedelta(minutes=10), timedelta(minutes=1)


@dataclass(frozen=True)
class Seen:
    """at: the moment of the last look, None before the first; step_s: from one to the next while somebody asks."""

    at: datetime | None
    step_s: float
    points: tuple[Point, ...]
    totals: tuple[Total, ...]


class Traffic:
    """Looks at the gateways from `start` to `stop`, in a thread of its own.

    admins: the gateways' admin sockets now. busy: whether anything is deployed.
    """

    def __init__(self, admins: Callable[[], Sequence[Path]], busy: Callable[[], bool], clock: Clock) -> None:
        self._admins, self._busy, self._clock = admins, busy, clock
        self._lock = threading.Lock()
        self._moments: deque[Moment] = deque()
        self._looks: dict[str, Look] = {}
        self._looked = 0.0
        self._at: datetime | None = None
        self._asked = -ATTENTION_S
        self._stopped, self._wake = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._keep, name="kronkers-traffic", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when nobody is asked any more."""
        self._stopped.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Look soon: something is deployed, and its first requests are to be counted from the start."""
        self._wake.set()

    def seen(self, deployment: str, *, since: datetime | None = None, live: int | None = None) -> Seen:
        """The points after `since`, oldest first. live: the version that is told of where there was no request."""
        self._asked = time.monotonic()
        if self._asked - self._looked > STEP_S:
            self.wake()
        with self._lock:
            moments, looks, at = tuple(self._moments), tuple(self._looks.values()), self._at
        after = [moment for moment in moments if since is None or moment.at > since]
        points = [point for moment in after for point in moment.points.get(deployment) or silence(moment, live)]
        return Seen(at, STEP_S, tuple(points), totals(deployment, looks))

    def lately(self) -> dict[str, Lately]:
        """What each deployment was asked in the last minute, and how much of that failed."""
        with self._lock:
            since = self._moments[-1].at - LATELY if self._moments else None
            moments = [moment for moment in self._moments if since is not None and moment.at > since]
        found: dict[str, Lately] = {}
        for moment in moments:
            for name, points in moment.points.items():
                before = found.get(name, Lately(0, 0))
                more = sum(point.requests for point in points), sum(point.failed for point in points)
                found[name] = Lately(before.requests + more[0], before.failed + more[1])
        return found

    def _keep(self) -> None:
        while not self._stopped.is_set():
            try:
                self.look()
            except Exception:  # a door: nobody waits for a look, and there will be another
                log.exception("The traffic could not be looked at")
            self._rest()

    def _rest(self) -> None:
        """Until the next look is due. Who asks after a long silence is the reason for one at once."""
        attended = time.monotonic() - self._asked < ATTENTION_S
        self._wake.clear()
        if not self._stopped.is_set() and self._wake.wait(STEP_S if attended else QUIET_STEP_S):
            self._stopped.wait(max(0.0, self._looked + STEP_S - time.monotonic()))

    def look(self) -> None:
        """Ask every gateway what it has counted, and remember the difference."""
        if not self._busy():
            with self._lock:
                self._moments.clear()
                self._looks.clear()
                self._looked, self._at = time.monotonic(), None
            return
        told = {admin.name: look_of(found) for admin in self._admins() if (found := tallies_of(admin)) is not None}
        self.take(told, self._clock(), time.monotonic())

    def take(self, told: Mapping[str, Look], at: datetime, now: float) -> None:
        """What the gateways told, by their names, at this moment; now: the same in seconds of a steady clock."""
        with self._lock:
            before = self._looks
            # One that did not answer in time is not gone: what it did comes with its next answer.
            self._looks = {**before, **told}
            if before:
                self._moments.append(moment_of(at, now - self._looked, before, told))
            while self._moments and self._moments[0].at < at - KEPT:
                self._moments.popleft()
            self._looked, self._at = now, at
