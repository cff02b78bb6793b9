"""The test that a fast path must pass where it is to be used: the answers of the model's own predict, on many rows.

recorded rows, together and each alone      numbers to 1e-12 of their size, everything else the same;
10,000 generated rows, together             a row that is refused by one must be refused by the other
some of them alone and in small batches
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .rows import Generator, recorded
from .words import Candidate, Loaded, Parts, Plainly

ROWS, PORTION = 10_000, 2_500
ALONE, AT_LEAST = 200, 20
TOLERANCE = 1e-12
TOGETHER_S, ALONE_S = 2.0, 0.4
"""CPU seconds. A model that cannot be tried on all rows within them is slow by itself and is left as it is."""

Predict = Callable[[Sequence["Parts"], int], list["Parts"]]


def proven(plain: Loaded, candidate: Candidate, folder: Path) -> bool:
    """Whether `candidate` answers as `plain` does. Settles as well whether it may be given missing numbers."""
    try:
        own = recorded(folder, plain.inputs)
        generator = Generator(folder, plain.inputs, candidate.thresholds())
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return False  # nothing is recorded, so nothing can be proven
    count, generated = len(own[0][1]), generator.rows(ROWS)
    if not (
        alike(plain, candidate, own)
        and all(alike(plain, candidate, part(own, row, row + 1)) for row in range(min(count, AT_LEAST)))
        and together(plain, candidate, generated)
        and alone(plain, candidate, generated)
        and alike(plain, candidate, generator.strange(AT_LEAST))
    ):
        return False
    candidate.entry.takes_nan = takes_gaps(plain, candidate, generator)
    return True


def takes_gaps(plain: Loaded, candidate: Candidate, generator: Generator) -> bool:
    """Whether rows that lack numbers are answered alike as well."""
    candidate.entry.takes_nan = True
    try:
        return all(alike(plain, candidate, rows, must=True) for rows in (generator.gaps(1), generator.gaps(1_000)))
    except Exception:  # noqa: BLE001 - a door: the model itself refuses such rows
        return False


def together(plain: Loaded, candidate: Candidate, rows: Sequence[Parts]) -> bool:
    ends_at = time.process_time() + TOGETHER_S
    for start in range(0, ROWS, PORTION):
        if time.process_time() > ends_at or not alike(plain, candidate, part(rows, start, start + PORTION), must=True):
            return False
    return True


def alone(plain: Loaded, candidate: Candidate, rows: Sequence[Parts]) -> bool:
    """Rows one by one, and now and then some of them in a small batch."""
    ends_at = time.process_time() + ALONE_S
    for row in range(ALONE):
        if row >= AT_LEAST and time.process_time() > ends_at:
            break
        size = 1 if row % 10 else 2 + row
        if not alike(plain, candidate, part(rows, row, row + size), must=True):
            return False
    return True


def alike(plain: Loaded, candidate: Candidate, rows: Sequence[Parts], must: bool = False) -> bool:
    """Whether both answer these rows alike. A path that passes on them is no worse, unless it `must` take them."""
    count = len(rows[0][1])
    try:
        fast = candidate.predict(rows, count)
    except Plainly:
        return not must
    return same(plain.predict(rows, count), fast)


def same(one: Sequence[Parts], other: Sequence[Parts]) -> bool:
    return len(one) == len(other) and all(same_column(*pair) for pair in zip(one, other, strict=True))


def same_column(one: Parts, other: Parts) -> bool:
    (name, values, mask), (name_too, values_too, mask_too) = one, other
    if name != name_too or values.dtype != values_too.dtype or values.shape != values_too.shape:
        return False
    if (mask is None) != (mask_too is None) or (mask is not None and not np.array_equal(mask, mask_too)):
        return False
    if values.dtype.kind != "f":
        return bool((values == values_too).all())
    return bool(np.isclose(values, values_too, rtol=TOLERANCE, atol=0, equal_nan=True).all())


def part(rows: Sequence[Parts], start: int, end: int) -> list[Any]:
    return [(name, values[start:end], None if mask is None else mask[start:end]) for name, values, mask in rows]
