"""Batching: requests that wait together are predicted together, and each caller gets the answers of his rows.

    waiting: [a a] [b] [c c c] ──gather──▶ one batch: a a b c c c ──host──▶ answers ──split──▶ [a a] [b] [c c c]

Nothing waits for a batch to fill: an idle host takes what is there, and while it is busy the next batch gathers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from jupyter_kronkers.errors import KronkersError
from jupyter_kronkers.languages.frames import Column

MOST_ROWS = 8_192
MOST_ASKS = 256


Answered = list[Column] | KronkersError


class Ask:
    """The rows of one request and where their answers go.

    alone: it was in a batch that failed, and is tried again by itself. last: it was too slow even so, and gets all
    the time a predict may take once nobody waits before it. deaths: hosts that ended over it; crashes: those of them
    that nobody killed. since: when it was put into the queue.
    """

    __slots__ = ("alone", "columns", "crashes", "deadline", "deaths", "done", "last", "left", "rows", "since")

    def __init__(
        self,
        columns: Sequence[Column],
        rows: int,
        deadline: float,
        done: Callable[[Answered], None],
    ) -> None:
        self.columns, self.rows, self.deadline, self.done = columns, rows, deadline, done
        self.alone = self.last = self.left = False
        self.deaths = self.crashes = 0
        self.since = 0.0


def gather(waiting: deque[Ask], batched: bool) -> list[Ask]:
    """Take the next batch off the queue: its first ask and, where allowed, those behind it that fit."""
    first = waiting.popleft()
    batch, rows = [first], first.rows
    while batched and not first.alone and waiting and len(batch) < MOST_ASKS:
        rows += waiting[0].rows
        if waiting[0].alone or rows > MOST_ROWS:
            break
        batch.append(waiting.popleft())
    return batch


def joined(batch: Sequence[Ask]) -> Sequence[Column]:
    """The rows of all asks, one after the other. All were fitted to one signature, so names and dtypes agree."""
    if len(batch) == 1:
        return batch[0].columns
    return [join(together) for together in zip(*(ask.columns for ask in batch), strict=True)]


def join(parts: Sequence[Column]) -> Column:
    values = np.concatenate([part.values for part in parts])
    if all(part.mask is None for part in parts):
        return Column(parts[0].name, values)
    masks = [np.zeros(len(part.values), bool) if part.mask is None else part.mask for part in parts]
    return Column(parts[0].name, values, np.concatenate(masks))


def split(columns: Sequence[Column], batch: Sequence[Ask]) -> list[list[Column]]:
    """Each ask's share of the answers, in the order of the batch."""
    if len(batch) == 1:
        return [list(columns)]
    shares, start = [], 0
    for ask in batch:
        shares.append([part(column, start, start + ask.rows) for column in columns])
        start += ask.rows
    return shares


def part(column: Column, start: int, end: int) -> Column:
    mask = None if column.mask is None else column.mask[start:end]
    return Column(column.name, column.values[start:end], mask)
