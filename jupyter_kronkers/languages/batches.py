"""The ways in which recorded rows are asked again, so that a model shows whether its answers depend on the batch.

    each row alone                          it looks at no other row, or its answer would change
    a row and 63 copies of another one      nor at their mean, their rank or their spread
    the sample in another order, twice over nor at the place of a row, nor at how many there are

Whoever asks compares with the recorded answers of the same rows. A model that differs is right for the rows it was
recorded with, and is asked with nobody else's rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jupyter_kronkers.languages.frames import Column

COPIES = 63


class Batch(NamedTuple):
    """Which rows of the sample are asked together, and that in words."""

    words: str
    rows: npt.NDArray[np.int64]

    def of(self, columns: Sequence[Column]) -> list[Column]:
        rows = self.rows
        return [Column(c.name, c.values[rows], None if c.mask is None else c.mask[rows]) for c in columns]


def batches(count: int, *, alone: int, among: int) -> Iterator[Batch]:
    """Ways to ask a sample of `count` rows: at most `alone` rows alone, `among` rows among copies of another one."""
    for row in range(min(count, alone)):
        yield Batch(f"Row {row} alone", np.array([row]))
    for row in range(min(count, among) if count > 1 else 0):
        # The last ones: samples often begin with rows that are alike.
        other = count - 1 - row if count - 1 - row != row else 0
        yield Batch(f"Row {row} with {COPIES} copies of row {other}", np.array([row] + [other] * COPIES))
    if count > 1:
        twice = np.random.default_rng(count).permutation(np.repeat(np.arange(count), 2))
        yield Batch("The sample in another order and twice over", twice)
