"""Work that comes again: each round on its own beat, all in one thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Round:
    """every_s: seconds from the end of one round to the start of the next; the first starts at once."""

    every_s: float
    work: Callable[[], object]


class Rounds:
    """Goes the rounds from `start` to `stop`. A round that fails is logged and comes again."""

    def __init__(self, rounds: Sequence[Round]) -> None:
        self._due = [(0.0, number) for number in range(len(rounds))]
        self._rounds = rounds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._go, name="kronkers-rounds", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when no round is being worked on any more."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _go(self) -> None:
        while not self._stopped.is_set():
            due, number = min(self._due)
            if self._stopped.wait(max(0.0, due - time.monotonic())):
                return
            self._work(self._rounds[number])
            self._due[number] = (time.monotonic() + self._rounds[number].every_s, number)

    def _work(self, found: Round) -> None:
        try:
            found.work()
        except Exception:  # a door: nobody waits for a round, so its failure is told here
            log.exception("A round failed; it comes again in %g s", found.every_s)
