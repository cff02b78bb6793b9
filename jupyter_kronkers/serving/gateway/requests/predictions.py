"""Predictions: the way of one request from its body to its answer.

body ─┬─ small, plain ──────────────────────────▶ ask ──▶ answer ─┬─ small ─────────────────────▶ sent
      └─ large, coded, keyed, Arrow ──▶ reader ──▶ │              └─ large, Arrow ──▶ reader ──▶ sent
                                                   └──▶ the caller leaves (499), or waits no longer (504)
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager

from jupyter_kronkers.errors import KronkersError, TimedOut
from jupyter_kronkers.languages.frames import REQUEST, Column, encode
from jupyter_kronkers.serving.gateway.answers import Answer, refusal, refusal_of_http
from jupyter_kronkers.serving.gateway.batching import Answered, Ask, Share, Table
from jupyter_kronkers.serving.gateway.deployments.deployments import Deployment
from jupyter_kronkers.serving.gateway.http import Exchange, HttpLimits
from jupyter_kronkers.serving.gateway.outputs import empty
from jupyter_kronkers.serving.gateway.protocols import codings, forms, inference, plain
from jupyter_kronkers.serving.gateway.protocols.jobs import Job
from jupyter_kronkers.serving.gateway.protocols.packed import Packed
from jupyter_kronkers.serving.gateway.protocols.readers import Readers
from jupyter_kronkers.serving.gateway.protocols.shape import About, Reply, Written
from jupyter_kronkers.serving.gateway.requests.admission import Target
from jupyter_kronkers.serving.gateway.requests.replays import Key, Replays, digest
from jupyter_kronkers.serving.gateway.tallies import Tallies
from jupyter_kronkers.serving.gateway.versions.versions import LoadedVersion

log = logging.getLogger(__name__)

HERE_BYTES = {forms.JSON: 128 << 10, forms.TENSORS: 96 << 10, forms.CSV: 32 << 10}
"""A larger body is read by a reader: on this loop it would be in everybody's way for half a millisecond or more."""

CODED_HERE_BYTES = 16 << 10
"""A larger body with a Content-Encoding is unpacked by a reader, too."""

HERE_CELLS, GZIPPED_HERE_CELLS = 20_000, 2_000
"""An answer with more values is written by a reader."""

GZIP_FROM_BYTES = 2_048
MOST_BODY = HttpLimits.body_bytes


JSON = b"application/json"
PLAIN = Reply()


class Desk:
    """What all predictions of a gateway process share."""

    def __init__(self, tallies: Tallies) -> None:
        self.tallies = tallies
        self.readers = Readers()
        self.replays = Replays(time.monotonic)
        self._tasks: set[asyncio.Task[None]] = set()
        self._origin = secrets.token_hex(5).encode()
        self._predictions = 0
        self.now = time.monotonic

    def next_id(self) -> bytes:
        """The id of one prediction, unique among all gateways."""
        self._predictions += 1
        return b"%s%010x" % (self._origin, self._predictions)

    def later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Prediction:
    """One prediction under way. It ends once: answered, refused, late, or its caller has left."""

    __slots__ = (
        "_ask",
        "_begun",
        "_deployment",
        "_desk",
        "_exchange",
        "_live",
        "_over",
        "_reply",
        "_rows",
        "_target",
        "_timer",
    )

    def __init__(
        self, desk: Desk, exchange: Exchange, target: Target, deployment: Deployment, live: LoadedVersion
    ) -> None:
        self._desk, self._exchange, self._target = desk, exchange, target
        self._deployment, self._live = deployment, live
        self._ask: Ask | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._reply = PLAIN
        self._rows = 0
        self._begun = self._over = False

    # Reading

    def begin(self) -> None:
        """Read, fit, ask; at once where that takes no time to speak of."""
        try:
            self._begin()
        except KronkersError as problem:
            self._refuse(problem)

    def _begin(self) -> None:
        target, exchange = self._target, self._exchange
        exchange.gone = self._left
        body, exchange.body = exchange.body, b""
        if target.timeout_s is not None and target.timeout_s < self._live.limits.wait_s:
            left_s = exchange.started + target.timeout_s - time.monotonic()
            self._timer = asyncio.get_running_loop().call_later(max(0.0, left_s), self._late, target.timeout_s)
        coding = target.coding
        if coding and len(body) <= CODED_HERE_BYTES:
            unpacked = codings.little(body, coding, HERE_BYTES[forms.JSON])
            body, coding = (body, coding) if unpacked is None else (unpacked, "")
        if target.key is None and not coding and is_quickly_read(target, body):
            return self._read(body)
        return self._desk.later(self._begin_later(body, coding))

    def _read(self, body: bytes) -> None:
        target, live = self._target, self._live
        if target.quick and (table := plain.read(live.layout, body, live.limits.rows)) is not None:
            return self._put(table, len(table.rows), PLAIN)
        read = forms.READS[target.reads](live.artifact.signature, body, live.limits.rows, target.json_bytes)
        return self._put(read.columns, read.rows, read.reply)

    async def _begin_later(self, body: bytes, coding: str) -> None:
        with self._live.held(), self._at_a_door():
            if (key := self._target.key) is not None and (kept := await self._kept(key, body, coding)) is not None:
                return self._end(kept)
            if not coding and is_quickly_read(self._target, body):
                return self._read(body)
            done, frame = await self._desk.readers.do(self._deployment.name, self._reading(coding), body, self._is_over)
            return self._put(Packed(frame), done.rows, done.reply)

    def _reading(self, coding: str) -> Job:
        target, live = self._target, self._live
        return Job(
            target.reads,
            live.artifact.signature.to_json(),
            rows=live.limits.rows,
            coding=coding,
            largest=MOST_BODY,
            json_bytes=target.json_bytes,
        )

    async def _kept(self, key: Key, body: bytes, coding: str) -> Answer | None:
        """The answer that this very request had before, if it had one."""
        asked = self._target._replace(key=None, timeout_s=None, coding=coding)
        request = await asyncio.to_thread(digest, repr(asked).encode(), body)
        if self._over:
            return None
        kept = self._desk.replays.begin(key, request)
        self._begun = kept is None
        return kept

    # Asking

    def _put(self, table: Table, rows: int, reply: Reply) -> None:
        if self._over:
            return
        self._reply, self._rows = reply, rows
        if not rows:
            return self._write(empty(self._live.artifact.signature))
        self._ask = Ask(table, rows, self._exchange.started + self._live.limits.wait_s, self._done)
        return self._live.ask(self._ask)

    def _done(self, answer: Answered | Share) -> None:
        if self._over:
            return
        if isinstance(answer, KronkersError):
            return self._refuse(answer)
        if self._deployment.shadow is not None and self._ask is not None:
            self._deployment.shadowed(self._ask.table, self._rows, answer)
        if isinstance(answer, Share):
            if self._target.quick and self._is_little(len(answer.reply.lists)) and (text := plain.written(answer)):
                return self._send(Written(text, JSON))
            answer = answer.columns
        with self._at_a_door():
            self._write(answer)

    # Writing

    def _is_little(self, columns: int) -> bool:
        return self._rows * columns <= (GZIPPED_HERE_CELLS if self._target.gzip else HERE_CELLS)

    def _write(self, columns: Sequence[Column]) -> None:
        write = forms.WRITES.get(self._target.writes)
        if write is None or not self._is_little(len(columns)):
            return self._desk.later(self._write_elsewhere(columns))
        return self._send(write(self._live.artifact.signature, columns, self._reply, self._about()))

    async def _write_elsewhere(self, columns: Sequence[Column]) -> None:
        with self._at_a_door():
            job = Job(
                self._target.writes,
                self._live.artifact.signature.to_json(),
                write=True,
                reply=self._reply,
                about=self._about(),
                gzip=self._target.gzip,
            )
            done, body = await self._desk.readers.do(
                self._deployment.name, job, encode(REQUEST, 0, columns), self._is_over
            )
            if not self._over:
                self._end(Answer(200, body, done.content_type, done.headers + self._headers()))

    def _about(self) -> About:
        return About(self._deployment.name, self._live.artifact.placed.number, self._desk.next_id().decode())

    def _send(self, written: Written) -> None:
        body, kind, headers = written
        if self._target.gzip and len(body) >= GZIP_FROM_BYTES:
            body, headers = codings.compressed(body), headers + codings.HEADER
        self._end(Answer(200, body, kind, headers + self._headers()))

    def _headers(self) -> bytes:
        return b"%sX-Kronkers-Prediction-Id: %s\r\n" % (self._live.header, self._desk.next_id())

    # Ending

    def _is_over(self) -> bool:
        return self._over

    def _refuse(self, problem: KronkersError) -> None:
        if self._over:
            return
        refused = refusal(problem)
        self._desk.tallies.refuse(self._deployment.name, problem.code)
        self._end(refused._replace(headers=refused.headers + self._headers()))

    def _late(self, limit_s: float) -> None:
        self._refuse(TimedOut("The request", limit_s, remedy="Raise X-Kronkers-Timeout-Ms, or leave it out."))

    def _left(self) -> None:
        if not self._over:
            self._end(None)

    def _end(self, answer: Answer | None) -> None:
        """Send the answer, or none to a caller who has left."""
        self._over = True
        status = 499 if answer is None else answer.status
        if self._timer is not None:
            self._timer.cancel()
        if self._ask is not None:
            self._ask.left = True
        # Nothing here holds what holds it: rows would wait for the garbage collector, some of them for very long.
        self._ask = self._exchange.gone = None
        if self._begun and self._target.key is not None:
            self._desk.replays.finish(self._target.key, answer)
        measures = self._live.measures
        tally = measures.stable if self._live is self._deployment.live else measures.canary
        tally.count(status, time.monotonic() - self._exchange.started, self._rows if status == 200 else 0)
        if answer is not None:
            self._exchange.answer(answer)

    @contextmanager
    def _at_a_door(self) -> Iterator[None]:
        """What is raised within ends this prediction in words; what nobody foresaw is logged with an id."""
        try:
            yield
        except KronkersError as problem:
            self._refuse(problem)
        except Exception:  # noqa: BLE001 - a door: it is logged with the id that the caller gets
            if not self._over:
                self._end(unforeseen(self._desk.next_id().decode()))


def is_quickly_read(target: Target, body: bytes) -> bool:
    """Whether reading it here keeps nobody waiting: small texts, and numbers that only need to be looked at."""
    if target.reads not in forms.READS:
        return False
    return len(body) <= HERE_BYTES[target.reads] or (
        target.reads == forms.TENSORS and inference.is_numbers(body, target.json_bytes)
    )


def unforeseen(id: str) -> Answer:
    """The answer to what should not happen; the log has the rest under the same id. Call it while it is handled."""
    log.exception("the request %s", id)
    return refusal_of_http(500, f"Something unforeseen went wrong; the gateway's log has it under {id}.")
