"""Imagined: a loop whose clock jumps to what comes next, and hosts without processes behind real pipes.

So one example with hours of waiting, deaths and replacements takes milliseconds, and comes out alike each time.
"""

from __future__ import annotations

import asyncio
import os
import selectors
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from jupyter_kronkers.languages.frames import ERROR, READY, REPLY, Column, Frame, body_length, decode, encode

Act = tuple[float, str]
"""How a host ends one batch: after so many seconds it answers, raises, dies, is garbled, or stays silent."""

KINDS = ("answer", "raise", "die", "garbled", "silent")
POISON = -1.0
"""In column y: the model raises over this row."""


class JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting it tells how long it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0

    def select(self, timeout: float | None = None):
        ready = super().select(0)
        if not ready and timeout:
            self.skipped_s += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop that never sleeps: when nothing is ready, its time is that of the next timer."""

    def __init__(self) -> None:
        self.jumps = JumpingSelector()
        super().__init__(self.jumps)

    def time(self) -> float:
        return 1_000.0 + self.jumps.skipped_s


@dataclass
class Cast:
    """All hosts of one example, and what is to happen to them in turn; after that all goes well."""

    acts: deque[Act] = field(default_factory=deque)
    starts: deque[Act] = field(default_factory=deque)
    hosts: list[Host] = field(default_factory=list)
    batches: list[list[float]] = field(default_factory=list)
    closed: bool = False

    def hosting(self, *_: object, **__: object) -> Cast:
        """Stands where the gateway makes its Hosting."""
        return self

    async def begin(self) -> Host:
        host = Host(self)
        self.hosts.append(host)
        after_s, how = self.starts.popleft() if self.starts else (0.01, "answer")
        host.loop.call_later(after_s, host.ready if how == "answer" else host.die)
        return host

    async def close(self) -> None:
        self.closed = True

    @property
    def living(self) -> list[Host]:
        return [host for host in self.hosts if host.alive]


class Host:
    """Answers 2 * x for each row: a `Hosted` whose process is this object."""

    facts, log = None, Path(os.devnull)

    def __init__(self, cast: Cast) -> None:
        self.cast, self.loop = cast, asyncio.get_running_loop()
        self._in, self.requests = os.pipe()
        self.replies, self._out = os.pipe()
        self.alive, self._is_ready, self._bytes = True, False, b""
        self._gone: asyncio.Future[str] = self.loop.create_future()
        self.loop.add_reader(self._in, self._read)

    # What the gateway sees

    def pid(self, own: int) -> int:
        return own

    def proven(self, own: int) -> None: ...

    def end(self) -> None:
        self.die("it was ended")

    async def ended(self) -> str:
        return await self._gone

    async def stopped(self) -> None:
        self.end()

    # What it does

    def ready(self) -> None:
        if self.alive:
            self._is_ready = True
            self._say(encode(READY, 0, [Column("pid", np.array([len(self.cast.hosts)]))]))

    def die(self, how: str = "killed by SIGKILL") -> None:
        if not self.alive:
            return
        self.alive = False
        self.loop.remove_reader(self._in)
        os.close(self._in)
        os.close(self._out)
        self._gone.set_result(how)

    def _say(self, words: bytes) -> None:
        if self.alive:
            try:
                os.write(self._out, words)
            except BrokenPipeError:
                self.end()

    def _read(self) -> None:
        said = os.read(self._in, 1 << 16)
        if not said:
            return self.end()
        self._bytes += said
        while len(self._bytes) >= 4 and len(self._bytes) >= 4 + body_length(self._bytes[:4]):
            end = 4 + body_length(self._bytes[:4])
            frame, self._bytes = decode(self._bytes[4:end]), self._bytes[end:]
            self._asked(frame)
        return None

    def _asked(self, frame: Frame) -> None:
        x = frame.columns[0].values
        if (x < 0).any():
            # The recorded rows, by which it is proven: its troubles come later.
            return self._answer(frame)
        self.cast.batches.append(x.tolist())
        after_s, how = self.cast.acts.popleft() if self.cast.acts else (0.005, "answer")
        deeds: dict[str, Callable[[], object]] = {
            "answer": lambda: self._answer(frame),
            "raise": lambda: self._raise(frame),
            "die": lambda: self.die("killed by SIGSEGV"),
            "garbled": lambda: self._say(b"\xff" * 64),
            "silent": lambda: None,
        }
        self.loop.call_later(after_s, deeds[how])
        return None

    def _answer(self, frame: Frame) -> None:
        x, y = frame.columns[0].values, frame.columns[1].values
        if (y == POISON).any():
            return self._raise(frame)
        return self._say(encode(REPLY, frame.id, [Column("prediction", 2.0 * x)]))

    def _raise(self, frame: Frame) -> None:
        words = {"class": "ValueError", "message": "no", "language": "python"}
        self._say(encode(ERROR, frame.id, [Column(name, np.array([word], object)) for name, word in words.items()]))
