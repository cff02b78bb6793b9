"""Batching: requests that wait together are predicted together, and each caller gets the answers of his rows.

    waiting: [a a] [b] [c c c] ──gather──▶ one batch: a a b c c c ──host──▶ answers ──split──▶ [a a] [b] [c c c]

Nothing waits for a batch to fill: an idle host takes what is there, and while it is busy the next batch gathers.
Rows that are plain (`layouts`) become columns once per batch, and answers become Python's values once per batch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from jupyter_kronkers.errors import KronkersError
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.serving.gateway.layouts import Layout, Row

MOST_ROWS = 8_192
MOST_ASKS = 256


Answered = list[Column] | KronkersError


class Plain(NamedTuple):
    """Rows that were read by their layout, and are not columns yet."""

    layout: Layout
    rows: Sequence[Row]


Table = Sequence[Column] | Plain


class Reply:
    """What a host answered to a batch, as Python's values. `fine`: no number among them that JSON cannot carry."""

    __slots__ = ("columns", "fine", "lists")

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = columns
        self.fine = all(column.mask is None and is_finite(column) for column in columns)
        self.lists: list[list[Any]] = [column.values.tolist() for column in columns]


class Share(NamedTuple):
    """One caller's rows of a reply, for those whose rows were plain."""

    reply: Reply
    start: int
    end: int

    @property
    def columns(self) -> list[Column]:
        return [part(column, self.start, self.end) for column in self.reply.columns]


Done = Callable[[Answered | Share], None]


class Ask:
    """The rows of one request and where their answers go.

    alone: it was in a batch that failed, and is tried again by itself. last: it was too slow even so, and gets all
    the time a predict may take once nobody waits before it. deaths: hosts that ended over it; crashes: those of them
    that nobody killed. since: when it was put into the queue.
    """

    __slots__ = ("alone", "crashes", "deadline", "deaths", "done", "last", "left", "rows", "since", "table")

    def __init__(self, table: Table, rows: int, deadline: float, done: Done) -> None:
        self.table, self.rows, self.deadline, self.done = table, rows, deadline, done
        self.alone = self.last = self.left = False
        self.deaths = self.crashes = 0
        self.since = 0.0

    @property
    def columns(self) -> Sequence[Column]:
        """The rows as columns."""
        table = self.table
        return table.layout.columns(table.rows) if isinstance(table, Plain) else table


def gather(waiting: deque[Ask], batched: bool, most_rows: int = MOST_ROWS) -> list[Ask]:
    """Take the next batch off the queue: its first ask and, where allowed, those behind it that fit."""
    first = waiting.popleft()
    batch, rows = [first], first.rows
    while batched and not first.alone and waiting and len(batch) < MOST_ASKS:
        rows += waiting[0].rows
        if waiting[0].alone or rows > most_rows:
            break
        batch.append(waiting.popleft())
    return batch


def joined(batch: Sequence[Ask]) -> Table:
    """The rows of all asks, one after the other. All were fitted to one signature, so names and dtypes agree."""
    if len(batch) == 1:
        return batch[0].table
    plain = [ask.table for ask in batch if isinstance(ask.table, Plain)]
    if len(plain) == len(batch):
        return Plain(plain[0].layout, list(chain.from_iterable(table.rows for table in plain)))
    return [join(together) for together in zip(*(ask.columns for ask in batch), strict=True)]


def join(parts: Sequence[Column]) -> Column:
    values = np.concatenate([part.values for part in parts])
    if all(part.mask is None for part in parts):
        return Column(parts[0].name, values)
    masks = [np.zeros(len(part.values), bool) if part.mask is None else part.mask for part in parts]
    return Column(parts[0].name, values, np.concatenate(masks))


def split(columns: list[Column], batch: Sequence[Ask]) -> list[list[Column] | Share]:
    """Each ask's share of the answers, in the order of the batch."""
    shares: list[list[Column] | Share] = []
    reply: Reply | None = None
    start = 0
    for ask in batch:
        end = start + ask.rows
        if isinstance(ask.table, Plain):
            reply = reply or Reply(columns)
            shares.append(Share(reply, start, end))
        else:
            shares.append([part(column, start, end) for column in columns] if len(batch) > 1 else columns)
        start = end
    return shares


def part(column: Column, start: int, end: int) -> Column:
    mask = None if column.mask is None else column.mask[start:end]
    return Column(column.name, column.values[start:end], mask)


def is_finite(column: Column) -> bool:
    return column.values.dtype.kind != "f" or bool(np.isfinite(column.values).all())
