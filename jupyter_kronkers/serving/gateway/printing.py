"""Printing: the gateway's own log lines, written by a thread of their own.

A disk that is full or a pipe that nobody reads must not stop the event loop: lines that find no room are dropped, and
how many is told as soon as there is room again.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

WAITING = 1_000
FORMAT = "%(asctime)s gateway %(levelname)s %(message)s"


class Dropping(logging.Handler):
    """Hands each line to the thread, or counts it where too many wait."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self._lines: queue.Queue[logging.LogRecord] = queue.Queue(WAITING)
        self._writer = logging.StreamHandler(stream)
        self._writer.setFormatter(logging.Formatter(FORMAT))
        self.dropped = 0
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.put_nowait(record)
        except queue.Full:
            self.dropped += 1

    def _write(self) -> None:
        while True:
            record = self._lines.get()
            self._writer.handle(record)
            if self.dropped:
                dropped, self.dropped = self.dropped, 0
                record.msg, record.args = "%d lines were dropped here.", (dropped,)
                self._writer.handle(record)
            self._lines.task_done()

    def finish(self, wait_s: float = 1.0) -> None:
        """Give the thread a moment for what it has left."""
        done = threading.Thread(target=self._lines.join, daemon=True)
        done.start()
        done.join(wait_s)


@contextmanager
def started() -> Iterator[None]:
    """Log lines of this process go to its standard error, but never wait for it."""
    # A line that cannot be written is no reason to write more.
    logging.raiseExceptions = False
    handler = Dropping()
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    try:
        yield
    finally:
        handler.finish()
