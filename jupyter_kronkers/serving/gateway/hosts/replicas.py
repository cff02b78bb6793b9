"""A replica: one host process, asked one frame at a time over two pipes.

    starting ── ready frame ──▶ idle ◀── reply ── busy
        │                         └──── ask ──────▲ │
        └──▶ ended ◀── died, garbled, late or stopped ┘

A host that breaks the protocol, or takes longer than it may, is ended: only a fresh process is known to be sane.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np

from jupyter_kronkers.errors import HostDied, HostFailed, KronkersError, TimedOut
from jupyter_kronkers.languages import Limits
from jupyter_kronkers.languages.frames import (
    ERROR,
    READY,
    REPLY,
    REQUEST,
    BadFrame,
    Frame,
    body_length,
    decode,
    encode,
)
from jupyter_kronkers.languages.hosts import failed, refused
from jupyter_kronkers.languages.process import PROTOCOL, Refused, foreign
from jupyter_kronkers.languages.reasons import remedy_of_death
from jupyter_kronkers.serving.gateway.batching import Answered, Plain, Table
from jupyter_kronkers.serving.gateway.hosts.hosting import Hosted
from jupyter_kronkers.serving.gateway.protocols.packed import Packed

LARGEST_REPLY = 256 << 20
"""Bytes; a model that answers more is ended rather than read."""

MOURN_S = 1.0
LAST_WORDS = 2_000


Done = Callable[[Answered], None]
OnEnd = Callable[["Replica", KronkersError], None]
Begin = Callable[[], Awaitable[Hosted]]
"""Brings one process: a fresh one, or one forked from a seed."""


class Replica(asyncio.Protocol):
    """One host. `on_end` is called once, when the process no longer answers."""

    def __init__(self, begin: Begin, language: str, limits: Limits, log: Path, on_end: OnEnd):
        self._begin, self._language, self._limits, self.log = begin, language, limits, log
        self._on_end = on_end
        self.state = "starting"
        self.started_at = time.time()
        self.answered = 0
        self.facts: dict[str, object] = {}
        self._hosted: Hosted | None = None
        self._writer: asyncio.WriteTransport | None = None
        self._reader: asyncio.ReadTransport | None = None
        self._ready: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._done: Done | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._buffer = bytearray()
        self._needed = 0
        self._last_id = 0
        self._end: KronkersError | None = None

    @property
    def pid(self) -> int:
        """The host's own process id, 0 until it said ready."""
        own = int(str(self.facts.get("pid", 0)))
        return self._hosted.pid(own) if self._hosted and own else own

    async def start(self) -> None:
        """Start the host and wait until it is ready. Raises HostFailed in words; nothing is left behind then."""
        try:
            hosted = await self._spawn()
            async with asyncio.timeout(self._limits.start_s):
                self.facts = dict(hosted.facts or self._said_of_itself(await self._ready))
        except TimeoutError:
            self.end(self.died("It took too long to start."))
            took = f"The host was not ready within {self._limits.start_s:g} s."
            raise HostFailed("TimedOut", took, self._language, remedy="Raise the limit start_s.") from None
        except BaseException:
            self.end(self.died("It was stopped while it started."))
            raise
        if self._end is not None:  # what came right behind its first frame was no frame
            raise HostFailed("HostDied", self._end.message, self._language, remedy=self._end.remedy)
        hosted.proven(int(str(self.facts["pid"])))
        self.state = "idle"

    def ask(self, table: Table, limit_s: float, done: Done) -> None:
        """Send one request to the idle host; `done` gets the columns, or ModelFailed, TimedOut or HostDied."""
        self._last_id += 1
        self._done = done
        self.state = "busy"
        self._timer = asyncio.get_running_loop().call_later(limit_s, self._late, limit_s)
        if self._writer is not None:
            self._writer.write(request(self._last_id, table))

    def died(self, message: str, remedy: str = "") -> HostDied:
        """Why nobody answers, for whoever waits."""
        return HostDied("HostDied", message, self._language, remedy=remedy or "Its log may say why.")

    def end(self, why: KronkersError) -> None:
        """End the process now. Whoever waits for its answer gets `why`."""
        if self._end is not None:
            return
        self._end = why
        self.state = "ended"
        for transport in (self._writer, self._reader):
            if transport is not None:
                transport.close()
        if self._hosted is not None:
            self._hosted.end()
        self._settle(why)
        if not self._ready.done():
            self._ready.set_exception(HostFailed("HostDied", why.message, self._language, remedy=why.remedy))
            self._ready.exception()
        self._on_end(self, why)

    async def stopped(self) -> None:
        """Wait until the process is gone; it is killed if it lingers."""
        if self._hosted is not None:
            await self._hosted.stopped()

    # The pipes

    def _said_of_itself(self, frame: Frame) -> dict[str, object]:
        """Raises HostFailed if it speaks another protocol than we do."""
        facts = {column.name: column.values[0] for column in frame.columns if len(column.values)}
        spoken = number(facts.get("protocol", PROTOCOL))
        if spoken != PROTOCOL:
            raise failed(foreign(spoken, self._language))
        facts["pid"] = number(facts.get("pid"))
        return facts

    async def _spawn(self) -> Hosted:
        loop = asyncio.get_running_loop()
        hosted = self._hosted = await self._begin()
        self.log = hosted.log
        self._writer, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(hosted.requests, "wb", 0))
        self._reader, _ = await loop.connect_read_pipe(lambda: self, os.fdopen(hosted.replies, "rb", 0))
        return hosted

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while self._end is None and (frame := self._next()) is not None:
                self._take(frame)
        except BadFrame as problem:
            self.end(self.died(f"The host broke the protocol: {problem}."))

    def connection_lost(self, _problem: Exception | None) -> None:
        # Its exit status says more than the end of its pipe, and follows at once.
        if self._end is None and self.state != "ending":
            self.state = "ending"
            self._mourning = asyncio.get_running_loop().create_task(self._mourn())

    async def _mourn(self) -> None:
        how = "it closed its pipe"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MOURN_S):
                how = await self._hosted.ended() if self._hosted else how
        remedy = remedy_of_death(self._language, how, self._last_words())
        why = self.died(f"The host is gone: {how}.", remedy)
        why.killed = "SIGKILL" in how
        self.end(why)

    def _last_words(self) -> str:
        with contextlib.suppress(OSError), self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - LAST_WORDS))
            return log.read().decode("utf-8", "replace")
        return ""

    def _next(self) -> Frame | None:
        if not self._needed:
            if len(self._buffer) < 4:
                return None
            self._needed = 4 + body_length(self._buffer[:4])
            if self._needed > LARGEST_REPLY:
                raise BadFrame(f"an answer of {self._needed:,} bytes, the limit is {LARGEST_REPLY:,}")
        if len(self._buffer) < self._needed:
            return None
        frame = decode(bytes(memoryview(self._buffer)[4 : self._needed]))
        del self._buffer[: self._needed]
        self._needed = 0
        return frame

    def _take(self, frame: Frame) -> None:
        if self.state == "starting" and frame.kind == READY and not self._ready.done():
            return self._ready.set_result(frame)
        if self.state == "starting" and frame.kind == ERROR and not self._ready.done():
            self._ready.set_exception(failed(said(frame, self._language)))
            return None
        if self.state != "busy" or frame.id != self._last_id or frame.kind not in (REPLY, ERROR):
            raise BadFrame(f"a frame of kind {frame.kind} and id {frame.id} was not asked for")
        self.state = "idle"
        self.answered += frame.kind == REPLY
        answer = frame.columns if frame.kind == REPLY else refused(said(frame, self._language))
        self._settle(answer)
        return None

    def _settle(self, answer: Answered) -> None:
        done, self._done = self._done, None
        if self._timer is not None:
            self._timer.cancel()
        if done is not None:
            done(answer)

    def _late(self, limit_s: float) -> None:
        self.end(TimedOut("The prediction", limit_s, remedy="Send fewer rows, or raise the limit request_s."))


def request(id: int, table: Table) -> bytes:
    """The frame that asks for answers to these rows."""
    if isinstance(table, Packed):
        return table.frame(id)
    return table.layout.frame(id, table.rows) if isinstance(table, Plain) else encode(REQUEST, id, table)


def said(frame: Frame, language: str) -> Refused:
    """The error that a host sent as a frame."""
    words = {column.name: str(column.values[0]) for column in frame.columns if len(column.values)}
    return Refused(words.get("class", "Error"), words.get("message", ""), language, words.get("remedy", ""))


def number(value: object) -> int:
    """A whole number that a host said of itself; 0 for whatever else it said there."""
    return int(value) if isinstance(value, int | np.integer) else 0
