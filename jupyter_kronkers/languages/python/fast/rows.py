"""Rows to try a path on: those recorded with the version, and generated ones around them.

Generated values are within the recorded range and a quarter beyond it, often a recorded one again (so that there are
ties), and where the answers jump exactly that threshold, or the nearest number on either side of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .entries import is_number
from .words import Native, Parts

BEYOND = 0.25


def recorded(folder: Path, inputs: Sequence[Native]) -> list[Parts]:
    """The rows of conformance.json beside `folder`. Raises OSError or ValueError if there are none."""
    fields = json.loads((folder.parent / "conformance.json").read_text(encoding="utf-8"))["inputs"]
    by_name = {field["name"]: field["values"] for field in fields}
    if not inputs or not by_name or not all(by_name.values()):
        raise ValueError("no rows are recorded")
    return [_column(native, by_name[native.name]) for native in inputs]


def _column(native: Native, values: list[Any]) -> Parts:
    gaps = np.array([value is None for value in values], np.bool_)
    blank: Any = {"boolean": False, "integer": 0, "long": 0, "float": 0.0, "double": 0.0}.get(native.type, "")
    filled = [blank if value is None else value for value in values]
    kind: Any = {bool: np.bool_, int: np.int64, float: np.float64, str: object}[type(blank)]
    # NaN and the infinities are spelled out.
    made = np.array([float(value) for value in filled] if kind is np.float64 else filled, kind)
    return native.name, made, gaps if gaps.any() else None


class Generator:
    """Makes columns for the inputs of a version, the same ones each time."""

    def __init__(self, folder: Path, inputs: Sequence[Native], thresholds: Mapping[int, Any]) -> None:
        self._inputs, self._thresholds = inputs, thresholds
        self._recorded = recorded(folder, inputs)
        self._baseline = _baseline(folder)
        self._random = np.random.default_rng(20261123)

    def rows(self, count: int) -> list[Parts]:
        """`count` rows without gaps."""
        return [self._values(at, native, count) for at, native in enumerate(self._inputs)]

    def strange(self, count: int) -> list[Parts]:
        """`count` rows of which some have an unknown word."""
        return [self._with_strangers(column, native) for column, native in zip(self.rows(count), self._inputs)]  # noqa: B905

    def gaps(self, count: int) -> list[Parts]:
        """`count` rows of which some lack a number."""
        return [self._with_gaps(column, native) for column, native in zip(self.rows(count), self._inputs)]  # noqa: B905

    def _values(self, at: int, native: Native, count: int) -> Parts:
        known = self._known(at, native)
        drawn = self._random.choice(known, count)
        if not is_number(native) or native.type == "boolean":
            return native.name, drawn, None
        low, high = float(known.min()), float(known.max())
        reach = BEYOND * ((high - low) or abs(high) or 1.0)
        spread = self._random.uniform(low - reach, high + reach, count)
        chosen = np.where(self._random.random(count) < 0.3, drawn, spread)
        jumps = self._jumps(at)
        if len(jumps):
            chosen = np.where(self._random.random(count) < 0.3, self._random.choice(jumps, count), chosen)
        return native.name, _of_kind(native, chosen), None

    def _known(self, at: int, native: Native) -> Any:
        """The values that were seen in this input."""
        _, values, mask = self._recorded[at]
        there = values if mask is None else values[~mask]
        told = self._baseline.get(native.name, {})
        more = [*(native.levels or ()), *(told.get("categories") or ())] if not is_number(native) else told.get("edges")
        if native.type == "boolean":
            return np.array([False, True])
        together = np.concatenate([there, np.array(more or [], there.dtype)])
        if together.dtype.kind == "f":
            together = together[np.isfinite(together)]
        return together if len(together) else np.array(["" if together.dtype == object else 0], together.dtype)

    def _jumps(self, at: int) -> Any:
        """Thresholds of this input, and the numbers next to them in double and in single precision."""
        exact = np.asarray(self._thresholds.get(at, ()), np.float64)
        exact = exact[np.isfinite(exact)]
        single = exact.astype(np.float32)
        sides = [np.nextafter(each, each.dtype.type(to)) for each in (exact, single) for to in (-np.inf, np.inf)]
        return np.concatenate([exact, *[side.astype(np.float64) for side in sides]])

    def _with_strangers(self, column: Parts, native: Native) -> Parts:
        name, values, mask = column
        if values.dtype.kind != "O":
            return column
        return name, np.where(self._random.random(len(values)) < 0.2, "\N{SNOWMAN} unknown", values), mask

    def _with_gaps(self, column: Parts, native: Native) -> Parts:
        name, values, _ = column
        gone = self._random.random(len(values)) < 0.2
        gone[:1] = True
        return (name, values, gone) if is_number(native) and values.dtype.kind == "f" else column


def _of_kind(native: Native, values: Any) -> Any:
    kind = np.dtype(native.native)
    if kind.kind == "f":
        return values
    limits = np.iinfo(kind)
    # Whole numbers beyond 2^53 are no doubles.
    low, high = max(limits.min, -(2**53)), min(limits.max, 2**53)
    return np.clip(np.rint(values), low, high).astype(np.int64)


def _baseline(folder: Path) -> dict[str, Any]:
    try:
        told = json.loads((folder.parent / "baseline.json").read_text(encoding="utf-8"))["inputs"]
        return {field["name"]: field for field in told}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
