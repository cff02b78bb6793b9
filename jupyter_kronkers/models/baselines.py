"""baseline.json: how the columns of a version were spread when it was registered, for drift to be measured against.

    numbers, times       ≤ 9 edges cut the values in tenths:  (−∞, e1] (e1, e2] … (e9, ∞)
    texts, true/false    the ≤ 50 most frequent ones, and one share for all others

Equal tables give equal baselines: edges are values of the column, and ties are ordered by the value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.languages.signatures import Field

TENTHS = 10
MOST_CATEGORIES = 50


class Baseline(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One column.

    shares: per bin or category, of the values that are there. With `other_share` they sum to 1; all are empty if no
    value is there. missing_share: of all rows, NaN among them. Edges of a datetime are seconds since 1970 in UTC.
    """

    name: str
    type: str
    rows: int
    missing_share: float
    shares: list[float]
    edges: list[float] | None = None
    categories: list[str | bool] | None = None
    other_share: float | None = None


class Baselines(msgspec.Struct, frozen=True):
    """baseline.json. The outputs are of evenly spaced rows, at most 1,000."""

    inputs: list[Baseline]
    outputs: list[Baseline]


def baseline_of(field: Field, column: Column) -> Baseline:
    """The baseline of one column."""
    there = column.values if column.mask is None else column.values[~column.mask]
    if field.type in ("string", "boolean"):
        return _of_categories(field, there.tolist(), len(column.values))
    numbers = _seconds(there) if field.type == "datetime" else there.astype(np.float64)
    return _of_numbers(field, numbers[~np.isnan(numbers)], len(column.values))


def _of_numbers(field: Field, numbers: npt.NDArray[np.float64], rows: int) -> Baseline:
    edges = _tenths(np.sort(numbers[np.isfinite(numbers)]))
    bins = np.searchsorted(np.array(edges), numbers, side="left")
    counts = np.bincount(bins, minlength=len(edges) + 1)
    return Baseline(
        name=field.name,
        type=field.type,
        rows=rows,
        missing_share=_share(rows - len(numbers), rows),
        edges=edges,
        shares=[_share(int(count), len(numbers)) for count in counts] if len(numbers) else [],
    )


def _tenths(ordered: npt.NDArray[np.float64]) -> list[float]:
    """The values below or at which one tenth, two tenths … of the values lie, each once."""
    size = len(ordered)
    places = {-(-size * tenth // TENTHS) - 1 for tenth in range(1, TENTHS)} if size else set()
    return sorted({float(ordered[place]) for place in places})


def _of_categories(field: Field, values: list[str] | list[bool], rows: int) -> Baseline:
    counted = sorted(Counter[Any](values).items(), key=lambda item: (-item[1], item[0]))
    kept = counted[:MOST_CATEGORIES]
    return Baseline(
        name=field.name,
        type=field.type,
        rows=rows,
        missing_share=_share(rows - len(values), rows),
        categories=[category for category, _ in kept],
        shares=[_share(count, len(values)) for _, count in kept],
        other_share=_share(len(values) - sum(count for _, count in kept), len(values)),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _seconds(texts: Iterable[str]) -> npt.NDArray[np.float64]:
    """Seconds since 1970 of ISO 8601 times in UTC. Fractions beyond microseconds are cut."""
    return np.array([_second(text) for text in texts], np.float64)


def _second(text: str) -> float:
    whole, _, fraction = text.partition(".")
    return datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp() + float(f"0.{fraction[:6] or 0}")
