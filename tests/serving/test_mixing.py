"""The batcher under whatever may happen in whatever order: nobody gets another's numbers, nobody is forgotten.

Real asks, queues, replicas, breakers and pipes; only the processes and the clock are imagined. `make chaos
ONLY=interleavings` tries many more examples.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_kronkers.errors import KronkersError, ModelFailed, TimedOut, Unavailable
from jupyter_kronkers.languages import Field, Runtime, Signature
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.serving.gateway.batching import Ask, Plain
from jupyter_kronkers.serving.gateway.routes import Placed, ServingLimits
from jupyter_kronkers.serving.gateway.versions import versions
from jupyter_kronkers.serving.gateway.versions.versions import Artifact, LoadedVersion
from tests.serving.imagined import KINDS, POISON, Cast, JumpingLoop

EXAMPLES = int(os.environ.get("KRONKERS_INTERLEAVINGS", "500"))
SIGNATURE = Signature((Field("x", "double"), Field("y", "double")), (Field("prediction", "double"),))
RECORDED = {"inputs": {"x": [-1.0, -2.0], "y": [0.0, 0.0]}, "outputs": {"prediction": [-2.0, -4.0]}}
LIMITS = {"request_s": 2.0, "wait_s": 20.0, "queue_s": 3.0}
LONGEST_S = 120.0

moments = st.sampled_from([0.0, 0.0, 0.001, 0.004, 0.02, 0.3, 2.5])
acts = st.lists(st.tuples(moments, st.sampled_from(["answer", *KINDS])), max_size=20)
starts = st.lists(st.tuples(moments, st.sampled_from(["answer", "answer", "die"])), max_size=6)


@dataclass
class Event:
    """Something that happens `after_s` the one before."""

    after_s: float
    what: str
    rows: int = 1
    poisoned: bool = False
    plain: bool = False
    leaves_s: float | None = None


asks = st.builds(
    Event,
    st.sampled_from([0.0, 0.0, 0.0, 0.001, 0.004]),
    st.just("ask"),
    rows=st.integers(1, 5),
    poisoned=st.sampled_from([False, False, False, True]),
    plain=st.booleans(),
    leaves_s=st.sampled_from([None, None, None, 0.0, 0.003, 1.0]),
)
others = st.builds(
    Event, moments, st.sampled_from(["pause", "pause", "kill", "scale", "close"]), rows=st.integers(1, 4)
)
bursts = st.lists(asks, min_size=1, max_size=16)
events = st.lists(st.one_of(bursts, bursts, others.map(lambda event: [event])), min_size=1, max_size=12).map(
    lambda parts: [event for part in parts for event in part]
)


@dataclass
class Caller:
    """One who asked: his rows, and everything he was answered."""

    number: int
    event: Event
    waiting_before: int
    deadline: float
    answers: list = field(default_factory=list)
    answered_at: float = 0.0
    left: bool = False

    @property
    def x(self) -> np.ndarray:
        return self.number * 100.0 + np.arange(self.event.rows)

    @property
    def y(self) -> np.ndarray:
        y = np.zeros(self.event.rows)
        y[-1] = POISON if self.event.poisoned else 0.0
        return y


class Play:
    """One example."""

    def __init__(self, version: LoadedVersion, cast: Cast) -> None:
        self.version, self.cast, self.loop = version, cast, asyncio.get_running_loop()
        self.callers: list[Caller] = []
        self.longest = 0
        self.closed = False

    async def run(self, events: list[Event]) -> None:
        for event in events:
            await asyncio.sleep(event.after_s)
            getattr(self, event.what)(event)
            self.longest = max(self.longest, len(self.version.waiting))
        ends = self.loop.time() + LONGEST_S
        while any(not caller.answers and not caller.left for caller in self.callers) and self.loop.time() < ends:
            await asyncio.sleep(0.5)
        await self.version.closed()

    def ask(self, event: Event) -> None:
        deadline = self.loop.time() + LIMITS["wait_s"]
        caller = Caller(len(self.callers) + 1, event, len(self.version.waiting), deadline)
        self.callers.append(caller)

        def heard(answer) -> None:
            caller.answers.append(answer)
            caller.answered_at = self.loop.time()

        ask = Ask(self.table(caller), event.rows, deadline, heard)
        self.version.ask(ask)
        if event.leaves_s is not None:
            self.loop.call_later(event.leaves_s, self.leave, caller, ask)

    def table(self, caller: Caller):
        if caller.event.plain and (layout := self.version.layout) is not None:
            return Plain(layout, list(zip(caller.x.tolist(), caller.y.tolist(), strict=True)))
        return [Column("x", caller.x), Column("y", caller.y)]

    def leave(self, caller: Caller, ask: Ask) -> None:
        if not caller.answers:
            ask.left = caller.left = True

    def pause(self, _: Event) -> None:
        """Nothing happens; time has passed."""

    def kill(self, event: Event) -> None:
        if living := self.cast.living:
            living[event.rows % len(living)].die()

    def scale(self, event: Event) -> None:
        if not self.closed:
            self.version.scale(event.rows)

    def close(self, _: Event) -> None:
        self.closed = True
        self.version.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """An artifact of which only the recorded answers are looked at."""
    folder = tmp_path_factory.mktemp("imagined")
    sides = {
        side: [{"name": name, "type": "double", "values": values} for name, values in columns.items()]
        for side, columns in RECORDED.items()
    }
    (folder / "conformance.json").write_text(json.dumps(sides))
    return folder


def played(folder: Path, events, acts, starts, *, batched=True, queue=20, replicas=1) -> Play:
    """Let all of it happen. The troubles begin when the version is loaded."""
    placed, runtime, cast = Placed("m", 1, "", "", batched), Runtime("python", "3", "python"), Cast()

    async def play() -> Play:
        artifact = Artifact(placed, folder, folder, runtime, SIGNATURE)
        version = LoadedVersion(artifact, ServingLimits(queue=queue, **LIMITS), folder, lambda: None)
        await version.load(replicas)
        cast.acts, cast.starts = deque(acts), deque(starts)
        play = Play(version, cast)
        await play.run(events)
        return play

    loop = JumpingLoop()
    try:
        with patch.object(versions, "Hosting", cast.hosting):
            return loop.run_until_complete(play())
    finally:
        loop.close()


many = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@many
@given(events, acts, starts, st.booleans(), st.integers(1, 4), st.integers(1, 20))
def test_everyone_is_answered_once_with_his_own_rows(folder, events, acts, starts, batched, replicas, queue):
    """faults: 69"""
    play = played(folder, events, acts, starts, batched=batched, replicas=replicas, queue=queue)
    for caller in play.callers:
        assert len(caller.answers) == (0 if caller.left else 1), caller
        for answer in caller.answers:
            right(caller, answer)
    # Those who are asked again after a host died go to the front, however many wait behind them.
    assert play.longest <= queue or play.version.counts.retries
    assert not play.version.waiting
    assert not play.cast.living
    if not batched:
        own = {tuple(caller.x) for caller in play.callers}
        assert {tuple(batch) for batch in play.cast.batches} <= own


def right(caller: Caller, answer) -> None:
    """His own numbers in his order, or a reason; never later than he may wait and a predict may take."""
    assert caller.answered_at <= caller.deadline + LIMITS["request_s"] + 1.0
    if isinstance(answer, KronkersError):
        assert isinstance(answer, ModelFailed | TimedOut | Unavailable), answer
        return
    columns = answer if isinstance(answer, list) else answer.columns
    np.testing.assert_array_equal(columns[0].values, 2.0 * caller.x)
    assert not caller.event.poisoned


@many
@given(st.lists(asks, min_size=20, max_size=40), st.integers(1, 10))
def test_who_comes_when_the_queue_is_full_is_told_at_once(folder, events, queue):
    """faults: 62"""
    for event in events:
        event.after_s = 0.0
    play = played(folder, events, [(1.0, "answer")], [], queue=queue)
    late = [caller for caller in play.callers if caller.waiting_before >= queue]
    assert late
    for caller in late:
        [answer] = caller.answers
        assert isinstance(answer, Unavailable)
        assert answer.retry_after_s > 0
    assert play.longest <= queue


@many
@given(st.lists(asks, min_size=1, max_size=30), acts)
def test_who_did_not_poison_a_batch_is_answered(folder, events, acts):
    """faults: 64, 69"""
    well = [(after_s, "answer") for after_s, _ in acts if after_s < 0.3]
    play = played(folder, events, well, [], queue=100)
    for caller in play.callers:
        if caller.answers:
            assert isinstance(caller.answers[0], ModelFailed) == caller.event.poisoned
            right(caller, caller.answers[0])


@pytest.mark.parametrize("batched", [True, False])
def test_far_beyond_its_capacity_who_cannot_be_answered_in_time_is_told_at_once(folder, batched):
    """faults: 62"""
    rows = 1 if not batched else 3_000
    events = [Event(0.0005, "ask", rows=rows) for _ in range(12_000)]
    play = played(folder, events, [], [], batched=batched, queue=1_000_000)
    waited = [(caller.answered_at - caller.deadline + LIMITS["wait_s"], caller.answers[0]) for caller in play.callers]
    refused = [waited_s for waited_s, answer in waited if isinstance(answer, Unavailable)]
    answered = [waited_s for waited_s, answer in waited if not isinstance(answer, KronkersError)]
    assert len(refused) + len(answered) == len(events)
    assert len(answered) >= 1_000
    # Those who came before anything was known of its pace may have waited in vain.
    assert np.quantile(refused, 0.8) < 0.001
    assert all(not isinstance(answer, Unavailable) or waited_s < 0.001 for waited_s, answer in waited[6_000:])
    assert max(answered) <= LIMITS["queue_s"] + versions.LOOK_S
