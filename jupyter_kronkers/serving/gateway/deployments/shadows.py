"""Shadows: a version that gets copies of the requests. Its answers go nowhere, but they are compared.

request ──▶ live ──▶ answer to the caller
              └─ copy, unless the shadow is behind ─▶ shadow ──▶ counted: alike, different, failed
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np

from jupyter_kronkers.languages.answers import same
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.serving.gateway.batching import MOST_ROWS, Answered, Ask, Share, Table
from jupyter_kronkers.serving.gateway.versions.versions import LoadedVersion

MOST_WAITING = 64
"""Copies that wait for the shadow; further ones are dropped."""


class Shadow:
    """One shadow and what was seen of it.

    asked: copies it got; dropped: copies it did not get, because it was behind; answered: copies it answered, which
    took `seconds` together; failed: copies it could not answer; different: answers that differ from those given,
    numbers by more than 1e-9 of their size; largest: the largest such difference, as a share of the number.
    """

    def __init__(self, version: LoadedVersion) -> None:
        self.version = version
        self.asked = self.dropped = self.answered = self.failed = self.different = 0
        self.seconds = self.largest = 0.0
        self._loop = asyncio.get_running_loop()

    def copy(self, table: Table, rows: int, answer: Answered | Share) -> None:
        """Ask it the same. Returns at once; `answer` is what the caller got."""
        version = self.version
        behind = len(version.waiting) >= MOST_WAITING or not (version.serving or version.asleep)
        if behind or rows > MOST_ROWS or not rows:
            self.dropped += 1
            return
        self.asked += 1
        began = self._loop.time()
        deadline = began + version.limits.wait_s
        version.ask(Ask(table, rows, deadline, lambda got: self._heard(answer, got, began)))

    def _heard(self, answer: Answered | Share, got: Answered | Share, began: float) -> None:
        ours, theirs = columns_of(answer), columns_of(got)
        if theirs is None:
            self.failed += 1
            return
        self.answered += 1
        self.seconds += self._loop.time() - began
        if ours is not None and not alike(ours, theirs):
            self.different += 1
            self.largest = max(self.largest, largest_difference(ours, theirs))


def columns_of(answer: Answered | Share) -> Sequence[Column] | None:
    if isinstance(answer, Share):
        return answer.columns
    return answer if isinstance(answer, list) else None


def alike(ours: Sequence[Column], theirs: Sequence[Column]) -> bool:
    shapes = [
        [(column.name, column.values.dtype.kind, len(column.values)) for column in side] for side in (ours, theirs)
    ]
    if shapes[0] != shapes[1]:
        return False
    return same(ours, theirs)


def largest_difference(ours: Sequence[Column], theirs: Sequence[Column]) -> float:
    """Of all numbers that both sides have, as a share of the larger one; 0 where there are none."""
    largest = 0.0
    others = {column.name: column for column in theirs}
    for one in ours:
        other = others.get(one.name)
        if other is None or one.values.dtype.kind not in "if" or other.values.dtype.kind not in "if":
            continue
        if len(one.values) == len(other.values):
            largest = max(largest, apart(one.values.astype(float), other.values.astype(float)))
    return largest


def apart(one: np.ndarray, other: np.ndarray) -> float:
    size = np.maximum(np.abs(one), np.abs(other))
    known = np.isfinite(size) & (size > 0)
    return float((np.abs(one - other)[known] / size[known]).max(initial=0.0))
