"""A loaded version: the requests that wait for its replicas, and what happens when one fails.

    ask ──▶ waiting ──gather──▶ replica ──▶ answers        the batch is split, each caller gets his rows
               ▲                   ├──▶ the model raised   a batch: each ask once more alone. Alone: 502 to its caller
               └── alone ──────────┼──▶ the host died      each ask once more alone; a second death: 502
                                   └──▶ too late           a batch: each alone for a share of the time, then, behind
                                                           all others, for the whole time. A second time: 504

So one caller's bad row costs that caller an error and the others some time. A host that was killed from outside says
nothing of the rows it had: only the third such death is told to their callers. Which replicas there are is the
`Lineup`'s affair; a version that is asleep has none, and its first ask wakes it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jupyter_kronkers.errors import HostDied, KronkersError, TimedOut, Unavailable
from jupyter_kronkers.languages import Limits, Runtime, Signature
from jupyter_kronkers.serving.gateway.batching import Answered, Ask, Share, gather, joined, split
from jupyter_kronkers.serving.gateway.hosts.replicas import OnEnd, Replica
from jupyter_kronkers.serving.gateway.hosts.seeds import Hosting
from jupyter_kronkers.serving.gateway.keeping import Keeping
from jupyter_kronkers.serving.gateway.layouts import Layout
from jupyter_kronkers.serving.gateway.outputs import checked
from jupyter_kronkers.serving.gateway.routes import Placed, ServingLimits
from jupyter_kronkers.serving.gateway.tallies import Measures
from jupyter_kronkers.serving.gateway.versions import conformance
from jupyter_kronkers.serving.gateway.versions.breaker import Breaker
from jupyter_kronkers.serving.gateway.versions.lineup import Lineup
from jupyter_kronkers.serving.gateway.versions.pace import Cost, Pace

PATIENCE = 4
"""A batch, or an ask tried alone after one, gets 1/PATIENCE of the time allowed (or 8 times the usual, if more)."""

MOST_DEATHS, MOST_CRASHES = 3, 2
"""Hosts that one ask may cost: in all, and of those that were not killed from outside."""

BATCH_SHARE, TAKEN_IN_SHARE = 0.25, 0.5
"""Of the time that anyone may wait: what a batch is made to take at most, and what is waited at most by foresight.
What is foreseen is never exact; together they leave a quarter for that."""

LOOK_S = 0.25
"""How often the queue is looked through for asks that waited too long."""


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
    """Answers asks for one version. `answered` and `failed` count asks; those failed got 502 or 504 for the model."""

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
        self.layout = Layout.of(artifact.signature)
        self.waiting: deque[Ask] = deque()
        self.counts = Counts()
        self.measures = Measures()
        self.answered = self.failed = 0
        self.asked_at = asyncio.get_running_loop().time()
        self.asleep, self._woken_at = False, 0.0
        self.changed = changed
        self._log, self._keeping = logs / f"{placed.number}.1.log", keeping or Keeping()
        self._loop = asyncio.get_running_loop()
        self.breaker = Breaker(placed.words, self._loop.time)
        self.lineup = Lineup(self, self.breaker)
        # The very lists of the lineup: asking looks at them for every request.
        self.replicas, self.serving = self.lineup.replicas, self.lineup.serving
        self._usual_s, self._usual_asks = 0.0, 1.0
        self._cost = Cost()
        self._pace = Pace(BATCH_SHARE * limits.queue_s)
        self._strength = (1, 0)
        self._look: asyncio.TimerHandle | None = None
        self._hosting: Hosting | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._held = 0
        self._closed = False

    # Its life

    async def load(self, replicas: int, spares: int = 0) -> None:
        """Start `replicas` hosts and let each answer the conformance rows. Raises HostFailed if one cannot."""
        self._strength = (replicas, spares)
        await self.lineup.load(replicas, spares)

    def scale(self, replicas: int, spares: int = 0) -> None:
        """Have this many replicas from now on, or when it wakes."""
        self._strength = (replicas, spares)
        if not self.asleep:
            self.lineup.scale(replicas, spares)

    def sleep(self) -> bool:
        """End its processes until it is asked again. False if it is being asked right now."""
        if self.asleep or self.busy or self._closed:
            return False
        self.asleep = True
        self.lineup.scale(0, 0)
        self._leave_hosting()
        self.changed()
        return True

    def _wake(self) -> None:
        self.asleep, self._woken_at = False, self._loop.time()
        self.lineup.scale(*self._strength)
        self.changed()

    async def drain(self) -> None:
        """Wait until nothing waits and nobody is busy; at most as long as a request may take."""
        until = self._loop.time() + self.limits.wait_s
        while self.busy and self._loop.time() < until:
            await asyncio.sleep(0.02)

    @property
    def busy(self) -> bool:
        return bool(self.waiting) or self._held > 0 or any(replica.state == "busy" for replica in self.replicas)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Whoever was sent to this version and cannot ask at once holds it, so that it is still there when he does."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1

    def close(self) -> None:
        """End every host now."""
        self._closed = True
        self.lineup.close("It was stopped.")
        self._leave_hosting()
        self._give_up(Unavailable("This version was stopped."))

    async def closed(self) -> None:
        """Close, and wait until no process is left."""
        self.close()
        await self.lineup.closed()
        await asyncio.gather(*self._leaving, return_exceptions=True)

    @property
    def waking(self) -> bool:
        """Whether it was woken and nobody serves yet."""
        return not self.serving and self.lineup.serves_since < self._woken_at and not self.resting

    @property
    def resting(self) -> bool:
        """Whether too many of its hosts ended, so that none is started for some time."""
        return self.breaker.open

    @property
    def reason(self) -> KronkersError | None:
        """Why a host of it ended the last time."""
        return self.breaker.reason

    # Asking

    def ask(self, ask: Ask) -> None:
        """Answer it as soon as a replica is free. Refused with Unavailable where the queue is full or nobody lives."""
        if not self.serving and (self._closed or self.breaker.open):
            return ask.done(Unavailable("This version was stopped.") if self._closed else self.breaker.refusal())
        if len(self.waiting) >= self.limits.queue:
            return ask.done(self._busy(f"{len(self.waiting)} requests wait already."))
        now = self._loop.time()
        if self.serving and self._foreseen_s(now) > TAKEN_IN_SHARE * self.limits.queue_s:
            return ask.done(
                self._busy(f"{len(self.waiting)} requests wait already, which is all that can be done in time.")
            )
        if self.asleep:
            self._wake()
        ask.since = self.asked_at = now
        self.waiting.append(ask)
        self.freed()
        if self.waiting:
            self._pace.wait(now)
            if self._look is None:
                self._look = self._loop.call_later(LOOK_S, self._expire)
        return None

    def _foreseen_s(self, now: float) -> float:
        """How long who comes now is likely to wait at least."""
        asks = len(self.waiting)
        if not asks:
            return 0.0
        return max(self._pace.foreseen_s(asks, now), self._cost.foreseen_s(asks, self.batched) / len(self.serving))

    def freed(self) -> None:
        """Give what waits to whoever is idle."""
        if self.waiting:
            for replica in tuple(self.serving):
                if replica.state == "idle" and (batch := self._next_batch()):
                    self._send(replica, batch)

    def _next_batch(self) -> list[Ask]:
        now = self._loop.time()
        while self.waiting:
            gathered = gather(self.waiting, self.batched, self._cost.rows_in(BATCH_SHARE * self.limits.queue_s))
            batch = [ask for ask in gathered if not ask.left and ask.deadline > now]
            if len(batch) < len(gathered):
                for ask in set(gathered) - set(batch):
                    self._finish(ask, self._too_late())
            if batch:
                self._take(len(gathered), now)
                return batch
        self._pace.rest()
        return []

    def _take(self, asks: int, now: float) -> None:
        if self.waiting:
            self._pace.take(asks, now)
        else:
            self._pace.rest()

    def _send(self, replica: Replica, batch: list[Ask]) -> None:
        began = self._loop.time()
        allowed = self.limits.request_s
        if len(batch) > 1 or (batch[0].alone and not batch[0].last):
            allowed = min(allowed, max(allowed / PATIENCE, 8 * self._usual_s))
        self.counts.batches += 1
        self.counts.rows += sum(ask.rows for ask in batch)
        sent = self.measures.sent(batch, len(self.waiting), began)
        replica.ask(joined(batch), allowed, lambda answer: self._heard(replica, batch, answer, began, sent))

    def _heard(self, replica: Replica, batch: list[Ask], answer: Answered, began: float, sent: float) -> None:
        heard = self.measures.heard(batch, sent)
        self._answered(batch, answer, began)
        self.measures.answered(batch, heard)
        if replica.state == "idle" and replica not in self.serving:
            self.lineup.let_go(replica)
        self.freed()

    def _answered(self, batch: list[Ask], answer: Answered, began: float) -> None:
        rows = sum(ask.rows for ask in batch)
        if isinstance(answer, list):
            answer = checked(self.artifact.signature, answer, rows)
        if isinstance(answer, list):
            self._well(len(batch), rows, began)
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
            self._failed(batch[0], answer)

    def _well(self, asks: int, rows: int, began: float) -> None:
        took = self._loop.time() - began
        self.breaker.well()
        self.answered += asks
        self._usual_s += 0.2 * (took - self._usual_s)
        self._usual_asks += 0.2 * (asks - self._usual_asks)
        self._cost.learn(rows, took)

    def _died(self, batch: Sequence[Ask], why: HostDied) -> None:
        why.asked = True
        again = []
        for ask in batch:
            ask.deaths += 1
            ask.crashes += not why.killed
            if ask.deaths >= MOST_DEATHS or ask.crashes >= MOST_CRASHES:
                self._failed(ask, why)
            else:
                again.append(ask)
        self._again(again)

    def _again(self, batch: Sequence[Ask]) -> None:
        self.counts.retries += len(batch)
        for ask in batch:
            ask.alone = True
        self.waiting.extendleft(reversed(batch))

    def _failed(self, ask: Ask, why: Answered) -> None:
        self.failed += 1
        self._finish(ask, why)

    def _finish(self, ask: Ask, answer: Answered | Share) -> None:
        if not ask.left:
            ask.done(answer)

    # Waiting too long

    def _expire(self) -> None:
        self._look, now = None, self._loop.time()
        late = [ask for ask in self.waiting if ask.left or ask.deadline <= now or self._overdue(ask, now)]
        if late:
            gone = set(late)
            stays = [ask for ask in self.waiting if ask not in gone]
            self.waiting.clear()
            self.waiting.extend(stays)
        if self.waiting:
            self._look = self._loop.call_later(LOOK_S, self._expire)
        if not self.waiting or not self.serving:
            self._pace.rest()
        for ask in late:
            waited = f"It waited {now - ask.since:.0f} s for a replica."
            self._finish(ask, self._too_late() if ask.deadline <= now else self._busy(waited))

    def _overdue(self, ask: Ask, now: float) -> bool:
        """Who waits for a start, or was held up by others already, may wait as long as a request may take."""
        if not self.serving or ask.alone:
            return False
        return now - max(ask.since, self.lineup.serves_since) > self.limits.queue_s

    def _give_up(self, why: KronkersError) -> None:
        waiting = list(self.waiting)
        self.waiting.clear()
        for ask in waiting:
            self._finish(ask, why)

    def _too_late(self) -> TimedOut:
        return TimedOut("The request", self.limits.wait_s, remedy="It waited for others; try again later.")

    def _busy(self, words: str) -> Unavailable:
        """With the time after which those who wait now are likely to be answered."""
        asks_s = len(self.serving) * self._usual_asks / max(self._usual_s, 0.001)
        needed_s = len(self.waiting) / asks_s if asks_s else self.lineup.replaced_s
        return Unavailable(words, retry_after_s=min(60.0, needed_s), remedy="Ask again then, or add replicas.")

    # For the lineup

    def new_replica(self, on_end: OnEnd) -> Replica:
        if self._hosting is None:
            self._hosting = self._new_hosting()
        language = self.artifact.runtime.language
        return Replica(self._hosting.begin, language, host_limits(self.limits), self._log, on_end)

    def _new_hosting(self) -> Hosting:
        artifact = self.artifact
        key = f"{self._log.parent.name}/{artifact.placed.words}/{artifact.placed.digest}"
        return Hosting(artifact.data, artifact.runtime, host_limits(self.limits), self._log, self._keeping, key)

    def _leave_hosting(self) -> None:
        """Its processes are not needed any more, nor is what they come from."""
        hosting, self._hosting = self._hosting, None
        if hosting is not None:
            leaving = self._loop.create_task(hosting.close())
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    async def prove(self, replica: Replica) -> None:
        self.batched = await conformance.prove(self.artifact, replica, self.limits.request_s) and self.batched

    def missed(self) -> None:
        self.counts.restarts += 1

    def rested(self) -> None:
        self._give_up(self.breaker.refusal())


def host_limits(limits: ServingLimits) -> Limits:
    return Limits(
        memory_bytes=limits.memory_bytes,
        start_s=limits.start_s,
        request_s=limits.request_s,
        file_bytes=limits.file_bytes,
        open_files=limits.open_files,
        network=limits.network,
    )
