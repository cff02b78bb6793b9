"""Comparing a host's answers with recorded ones, the same way at registration, at each start and for shadows.

numbers    equal to 1e-9, relative where they are large, absolute where they are small; NaN equals NaN
the rest   texts, truth values, gaps, names and row counts are the same or they are not

Not to the last digit: the recorded answers come from another process, perhaps another machine, whose libraries add up
in another order; a model that is really another one is further away. Within one process nothing of that holds, and the
fast paths of `python/fast` are held to 1e-12.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jupyter_kronkers.languages.frames import Column

TOLERANCE = 1e-9


class Difference(NamedTuple):
    """Where two tables differ most. `size` is that of numbers, infinite for anything else; `words` is "" if alike."""

    size: float
    words: str


ALIKE = Difference(0.0, "")


def difference(live: Sequence[Column], again: Sequence[Column]) -> Difference:
    """How far `again` is from `live`, column by column in order; `words` says where, if that is too far."""
    names, found = [column.name for column in live], [column.name for column in again]
    if names != found:
        return Difference(math.inf, f"the answers are called {', '.join(found)}, not {', '.join(names)}")
    each = [between(one, other) for one, other in zip(live, again, strict=True)]
    return max(each, key=lambda found: (bool(found.words), found.size), default=ALIKE)


def same(one: Sequence[Column], other: Sequence[Column]) -> bool:
    """Whether two tables are alike."""
    return not difference(one, other).words


def between(live: Column, again: Column) -> Difference:
    if len(live.values) != len(again.values):
        return Difference(math.inf, f"{live.name} has {len(again.values):,} answers, not {len(live.values):,}")
    sizes, wrong = compared(live, again)
    if not wrong.any():
        return Difference(float(sizes.max(initial=0.0)), "")
    row = int(np.argmax(np.where(wrong, sizes, -1.0)))
    return Difference(float(sizes[row]), f"{live.name}[{row}] is {shown(again, row)}, not {shown(live, row)}")


def compared(live: Column, again: Column) -> tuple[Any, Any]:
    """The differences, absolute, and which of them are too large: two float and bool arrays, one item per row."""
    gone, gone_again = gaps(live), gaps(again)
    if is_number(live) and is_number(again):
        one, other = live.values.astype(np.float64), again.values.astype(np.float64)
        with np.errstate(invalid="ignore", over="ignore"):
            sizes = np.abs(one - other)
        same = (one == other) | (np.isnan(one) & np.isnan(other))
        sizes = np.where(same, 0.0, np.where(np.isnan(sizes), math.inf, sizes))
        reach = TOLERANCE * np.maximum(1.0, np.fmin(np.abs(one), np.abs(other)))
    else:
        sizes = np.where(live.values == again.values, 0.0, math.inf).astype(np.float64)
        reach = np.zeros(len(sizes))
    sizes = np.where(gone & gone_again, 0.0, np.where(gone ^ gone_again, math.inf, sizes))
    return sizes, (sizes > reach) | np.isinf(sizes)


def is_number(column: Column) -> bool:
    return column.values.dtype.kind in "iuf"


def gaps(column: Column) -> Any:
    return np.zeros(len(column.values), np.bool_) if column.mask is None else column.mask


def shown(column: Column, row: int) -> str:
    return "missing" if column.mask is not None and column.mask[row] else repr(column.values.tolist()[row])[:80]
