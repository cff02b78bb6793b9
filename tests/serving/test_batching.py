"""The batcher by itself: whatever meets in a batch, each caller gets the answers of his own rows."""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_kronkers.errors import HostDied, ModelFailed, TimedOut
from jupyter_kronkers.languages import Field, Runtime, Signature
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.serving.gateway.batching import MOST_ASKS, MOST_ROWS, Ask, gather, joined, split
from jupyter_kronkers.serving.gateway.routes import Placed, ServingLimits
from jupyter_kronkers.serving.gateway.versions.versions import Artifact, LoadedVersion

sizes = st.lists(st.integers(1, 40), min_size=1, max_size=60)


def asked(caller: int, rows: int) -> Ask:
    values = caller * 1_000.0 + np.arange(rows)
    mask = values % 7 == 0
    text = np.array([f"{caller}/{row}" for row in range(rows)], object)
    columns = [Column("x", values, mask if mask.any() else None), Column("who", text)]
    return Ask(columns, rows, float("inf"), lambda answer: None)


@given(sizes)
def test_what_was_joined_is_split_as_it_was(counts):
    """faults: 69"""
    batch = [asked(caller, rows) for caller, rows in enumerate(counts)]
    for ask, share in zip(batch, split(joined(batch), batch), strict=True):
        for given_, got in zip(ask.columns, share, strict=True):
            np.testing.assert_array_equal(given_.values, got.values)
            np.testing.assert_array_equal(flags(given_), flags(got))


def flags(column: Column):
    return np.zeros(len(column.values), bool) if column.mask is None else column.mask


@given(st.lists(st.tuples(st.integers(1, MOST_ROWS), st.booleans()), min_size=1, max_size=400), st.booleans())
def test_batches_keep_the_order_and_their_bounds(asks, batched):
    waiting = deque(asked(0, 1) for _ in asks)
    for ask, (rows, alone) in zip(waiting, asks, strict=True):
        ask.rows, ask.alone = rows, alone
    before, taken = list(waiting), []
    while waiting:
        batch = gather(waiting, batched)
        assert len(batch) == 1 or (batched and not any(ask.alone for ask in batch))
        assert len(batch) <= MOST_ASKS
        assert len(batch) == 1 or sum(ask.rows for ask in batch) <= MOST_ROWS
        taken += batch
    assert taken == before


class Scripted:
    """A replica that ends each batch as the script says: answer, raise, die, or take too long."""

    def __init__(self, version: LoadedVersion, script) -> None:
        self.version, self.script, self.state = version, script, "idle"
        self.pending: deque = deque()

    def ask(self, columns, limit_s, done) -> None:
        self.state = "busy"
        self.pending.append((columns, done))

    def step(self) -> None:
        columns, done = self.pending.popleft()
        poisoned = [word for word in columns[1].values if word.endswith("poison")]
        self.state = "idle"
        how = next(self.script, "answer")
        if poisoned:
            return done(ModelFailed("ValueError", "poison", "python"))
        if how == "die":
            return done(HostDied("HostDied", "gone", "python"))
        if how == "late":
            return done(TimedOut("The prediction", 1.0))
        return done([Column("prediction", columns[0].values * 2)])


def loaded() -> LoadedVersion:
    signature = Signature((Field("x", "double"), Field("who", "string")), (Field("prediction", "double"),))
    artifact = Artifact(Placed("m", 1, "", ""), Path(), Path(), Runtime("python", "3", "python"), signature)
    return LoadedVersion(artifact, ServingLimits(queue=10_000), Path(), lambda: None)


callers = st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=40)
events = st.lists(st.sampled_from(["ask", "step", "step"]), min_size=1, max_size=80)
endings = st.lists(st.sampled_from(["answer", "answer", "answer", "die", "late"]), max_size=10)


@settings(max_examples=300, deadline=None)
@given(callers, events, endings)
def test_no_interleaving_mixes_the_rows_of_callers(callers, order, script):
    """faults: 69"""

    async def play():
        version = loaded()
        replicas = [Scripted(version, iter(script)) for _ in range(2)]
        version.serving = replicas
        answers: dict[int, list] = {number: [] for number in range(len(callers))}
        waiting = deque(enumerate(callers))
        order_ = deque(order)
        while waiting or version.waiting or any(r.pending for r in replicas):
            what = order_.popleft() if order_ else "ask" if waiting else "step"
            if what == "ask" and waiting:
                put(version, answers, *waiting.popleft())
            for replica in replicas if what == "step" else []:
                if replica.pending:
                    replica.step()
        return answers

    for number, got in asyncio.run(play()).items():
        rows, poisoned = callers[number]
        assert len(got) == 1
        if poisoned:
            assert isinstance(got[0], ModelFailed | TimedOut | HostDied)
        elif isinstance(got[0], list):
            np.testing.assert_array_equal(got[0][0].values, 2 * (number * 1_000.0 + np.arange(rows)))
        else:
            assert isinstance(got[0], HostDied | TimedOut)


def put(version: LoadedVersion, answers, number: int, caller) -> None:
    rows, poisoned = caller
    values = number * 1_000.0 + np.arange(rows)
    words = np.array([f"{number}"] * (rows - 1) + [f"{number}{'poison' if poisoned else ''}"], object)
    columns = [Column("x", values), Column("who", words)]
    version.ask(Ask(columns, rows, float("inf"), answers[number].append))
