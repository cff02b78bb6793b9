"""A loaded version: its replicas, the requests that wait for them, and what happens when one fails.

    ask ──▶ waiting ──gather──▶ replica ──▶ answers        the batch is split, each caller gets his rows
               ▲                   ├──▶ the model raised   a batch: each ask once more alone. Alone: 502 to its caller
               └── alone ──────────┼──▶ the host died      each ask once more alone; a second death: 502
                                   └──▶ too late           a batch: each alone for a share of the time, then, behind
                                                           all others, for the whole time. A second time: 504

So one caller's bad row costs that caller an error and the others some time. A replica that ended is replaced, at once
the first time, then ever later; when five ended within five minutes with no answer between them, the version rests.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_kronkers.errors import HostDied, KronkersError, TimedOut, Unavailable
from jupyter_kronkers.languages import Limits, Runtime, Signature
from jupyter_kronkers.serving.gateway import conformance
from jupyter_kronkers.serving.gateway.batching import Answered, Ask, gather, joined, split
from jupyter_kronkers.serving.gateway.hosting import Fresh
from jupyter_kronkers.serving.gateway.keeping import Keeping
from jupyter_kronkers.serving.gateway.replicas import Replica
from jupyter_kronkers.serving.gateway.routes import Placed, ServingLimits

CRASHES, CRASHES_WITHIN_S = 5, 300.0
SHORTEST_REST_S, LONGEST_REST_S = 2.0, 60.0
PAUSES_S = (0.0, 0.2, 0.4, 0.8, 1.6)
"""How long to wait before a replica is replaced, by the number of those that ended since the last answer."""

UNNEEDED = "It is not needed any more."
PATIENCE = 4
"""A batch, or an ask tried alone after one, gets 1/PATIENCE of the time allowed (or 8 times the usual, if more)."""


@dataclass(frozen=True)
class Artifact:
    """A verified copy of a version, read: what is needed to start hosts for it."""

    placed: Placed
    folder: Path
    data: Path
    runtime: Runtime
    signature: Signature


@dataclass
class Counts:
    """What metrics read."""

    batches: int = 0
    rows: int = 0
    restarts: int = 0
    retries: int = 0


class LoadedVersion:
    """Answers asks for one version with `wanted` replicas."""

    def __init__(
        self,
        artifact: Artifact,
        limits: ServingLimits,
        logs: Path,
        changed: Callable[[], None],
        keeping: Keeping | None = None,
    ) -> None:
        self.artifact, self.limits = artifact, limits
        placed = artifact.placed
        self.header = f"X-Kronkers-Version: {placed.model}/{placed.number}\r\n".encode()
        self.batched = placed.batched
        self.wanted = 0
        self.replicas: list[Replica] = []
        self.serving: list[Replica] = []
        self.waiting: deque[Ask] = deque()
        self.counts = Counts()
        self.reason: KronkersError | None = None
        self._logs, self._changed, self._keeping = logs, changed, keeping or Keeping()
        self._loop = asyncio.get_running_loop()
        self._crashes: deque[float] = deque(maxlen=CRASHES)
        self._rest_until = 0.0
        self._rest_s = SHORTEST_REST_S
        self._usual_s = 0.0
        self._starts: set[asyncio.Task[None]] = set()
        self._endings: set[asyncio.Task[None]] = set()
        self._closed = False

    # Its life

    async def load(self, replicas: int) -> None:
        """Start `replicas` hosts and let each answer the conformance rows. Raises HostFailed if one cannot."""
        self.wanted = replicas
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(replicas):
                    group.create_task(self._start_one())
        except BaseExceptionGroup as failed:
            self.close()
            raise failed.exceptions[0] from None
        except BaseException:
            self.close()
            raise

    def scale(self, replicas: int) -> None:
        """Have this many replicas from now on; one too many that is busy finishes first."""
        self.wanted = replicas
        self._replace()
        unneeded, self.serving = self.serving[replicas:], self.serving[:replicas]
        for replica in unneeded:
            if replica.state == "idle":
                replica.end(replica.died(UNNEEDED))

    async def drain(self) -> None:
        """Wait until nothing waits and nobody is busy; at most as long as a request may take."""
        until = self._loop.time() + self.limits.wait_s
        while self.busy and self._loop.time() < until:
            await asyncio.sleep(0.02)

    @property
    def busy(self) -> bool:
        return bool(self.waiting) or any(replica.state == "busy" for replica in self.replicas)

    def close(self) -> None:
        """End every host now."""
        self._closed = True
        for task in self._starts:
            task.cancel()
        for replica in tuple(self.replicas):
            replica.end(replica.died("It was stopped."))
        self._give_up(Unavailable("This version was stopped."))

    async def closed(self) -> None:
        """Close, and wait until no process is left."""
        self.close()
        await asyncio.gather(*self._starts, *self._endings, return_exceptions=True)

    # Asking

    def ask(self, ask: Ask) -> None:
        """Answer it as soon as a replica is free. Refused with Unavailable where the queue is full or nobody lives."""
        if not self.serving and self._rest_until > self._loop.time():
            ask.done(self._resting())
        elif len(self.waiting) >= self.limits.queue:
            ask.done(Unavailable(f"{len(self.waiting)} requests wait already.", retry_after_s=1.0))
        else:
            self.waiting.append(ask)
            self._dispatch()

    def expire(self, now: float) -> None:
        """Give up asks that waited as long as a request may take."""
        for ask in [ask for ask in self.waiting if ask.left or ask.deadline <= now]:
            self.waiting.remove(ask)
            self._finish(ask, self._too_late())

    def _dispatch(self) -> None:
        for replica in tuple(self.serving):
            if replica.state == "idle" and (batch := self._next_batch()):
                self._send(replica, batch)

    def _next_batch(self) -> list[Ask]:
        now = self._loop.time()
        while self.waiting:
            gathered = gather(self.waiting, self.batched)
            batch = [ask for ask in gathered if not ask.left and ask.deadline > now]
            if len(batch) < len(gathered):
                for ask in set(gathered) - set(batch):
                    self._finish(ask, self._too_late())
            if batch:
                return batch
        return []

    def _send(self, replica: Replica, batch: list[Ask]) -> None:
        began = self._loop.time()
        allowed = self.limits.request_s
        if len(batch) > 1 or (batch[0].alone and not batch[0].last):
            allowed = min(allowed, max(allowed / PATIENCE, 8 * self._usual_s))
        self.counts.batches += 1
        self.counts.rows += sum(ask.rows for ask in batch)
        replica.ask(joined(batch), allowed, lambda answer: self._heard(replica, batch, answer, began))

    def _heard(self, replica: Replica, batch: list[Ask], answer: Answered, began: float) -> None:
        self._answered(batch, answer, began)
        if replica.state == "idle" and replica not in self.serving:
            replica.end(replica.died(UNNEEDED))
        self._dispatch()

    def _answered(self, batch: list[Ask], answer: Answered, began: float) -> None:
        if isinstance(answer, list):
            answer = conformance.checked(self.artifact.signature, answer, sum(ask.rows for ask in batch))
        if isinstance(answer, list):
            self._well(began)
            for ask, share in zip(batch, split(answer, batch), strict=True):
                self._finish(ask, share)
        elif isinstance(answer, HostDied):
            self._died(batch, answer)
        elif len(batch) > 1:
            self._again(batch)
        elif isinstance(answer, TimedOut) and batch[0].alone and not batch[0].last:
            batch[0].last = True
            self.waiting.append(batch[0])
        else:
            self._finish(batch[0], answer)

    def _well(self, began: float) -> None:
        self._crashes.clear()
        self._rest_s = SHORTEST_REST_S
        self._usual_s += 0.2 * (self._loop.time() - began - self._usual_s)

    def _died(self, batch: Sequence[Ask], why: HostDied) -> None:
        for ask in batch:
            ask.deaths += 1
        for ask in [ask for ask in batch if ask.deaths > 1]:
            self._finish(ask, why)
        self._again([ask for ask in batch if ask.deaths == 1])

    def _again(self, batch: Sequence[Ask]) -> None:
        self.counts.retries += len(batch)
        for ask in batch:
            ask.alone = True
        self.waiting.extendleft(reversed(batch))

    def _finish(self, ask: Ask, answer: Answered) -> None:
        if not ask.left:
            ask.done(answer)

    def _give_up(self, why: KronkersError) -> None:
        while self.waiting:
            self._finish(self.waiting.popleft(), why)

    def _too_late(self) -> TimedOut:
        return TimedOut("The request", self.limits.wait_s, remedy="It waited for others; try again later.")

    def _resting(self) -> Unavailable:
        left_s = max(1.0, self._rest_until - self._loop.time())
        what = f"{self.artifact.placed.words} rests: its hosts ended {CRASHES} times without one answer."
        return Unavailable(what, retry_after_s=left_s, remedy=f"The last time: {self.reason}")

    # Replicas

    async def _start_one(self) -> None:
        """One more replica, proven. Raises HostFailed, and leaves nothing behind then."""
        limits = host_limits(self.limits)
        log, artifact = self._free_log(), self.artifact
        replica = Replica(
            lambda: Fresh.begin(artifact.data, artifact.runtime, limits, log),
            artifact.runtime.language,
            limits,
            log,
            self._ended,
        )
        self.replicas.append(replica)
        try:
            await replica.start()
            self.batched = await conformance.prove(self.artifact, replica, self.limits.request_s) and self.batched
        except BaseException:
            replica.end(replica.died("It could not be started."))
            raise
        self.serving.append(replica)
        self._changed()
        self._dispatch()

    def _free_log(self) -> Path:
        """A file that no living replica prints to: each rotates its own."""
        taken = {replica.log for replica in self.replicas}
        files = (self._logs / f"{self.artifact.placed.number}.{slot}.log" for slot in range(1, len(taken) + 2))
        return next(file for file in files if file not in taken)

    def _ended(self, replica: Replica, why: KronkersError) -> None:
        """A replica does not answer any more: see that its process goes and, if it served, that another comes."""
        self.replicas.remove(replica)
        ending = self._loop.create_task(replica.stopped())
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
        if replica not in self.serving:
            return
        self.serving.remove(replica)
        if not self._closed and len(self.serving) < self.wanted:
            self._crashed(why)
            self._replace()

    def _replace(self) -> None:
        missing = 0 if self._closed else self.wanted - len(self.serving) - len(self._starts)
        for _ in range(missing):
            task = self._loop.create_task(self._start_again(self._pause()))
            self._starts.add(task)
            task.add_done_callback(self._started)

    async def _start_again(self, pause_s: float) -> None:
        await asyncio.sleep(pause_s)
        self.counts.restarts += 1
        try:
            await self._start_one()
        except KronkersError as problem:
            self._crashed(problem)

    def _started(self, task: asyncio.Task[None]) -> None:
        self._starts.discard(task)
        self._replace()

    def _pause(self) -> float:
        rest = self._rest_until - self._loop.time()
        return rest if rest > 0 else PAUSES_S[min(len(self._crashes), len(PAUSES_S)) - 1] if self._crashes else 0.0

    def _crashed(self, why: KronkersError) -> None:
        now = self._loop.time()
        self.reason = why
        self._crashes.append(now)
        if len(self._crashes) == CRASHES and now - self._crashes[0] < CRASHES_WITHIN_S:
            # Jitter, so that versions that failed together do not start together.
            self._rest_until = now + self._rest_s * random.uniform(0.8, 1.2)  # noqa: S311
            self._rest_s = min(LONGEST_REST_S, 2 * self._rest_s)
            if not self.serving:
                self._give_up(self._resting())
        self._changed()


def host_limits(limits: ServingLimits) -> Limits:
    return Limits(
        memory_bytes=limits.memory_bytes,
        start_s=limits.start_s,
        request_s=limits.request_s,
        file_bytes=limits.file_bytes,
        open_files=limits.open_files,
    )
