"""Baselines against closed forms: the numbers are worked out by hand, not taken from a run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.languages.signatures import Field
from jupyter_kronkers.models.baselines import Baseline, baseline_of


def baseline(type_: str, values: list[Any], dtype: Any, mask: list[bool] | None = None) -> Baseline:
    return baseline_of(Field("x", type_), Column("x", np.array(values, dtype), mask and np.array(mask)))  # type: ignore[arg-type]


def test_one_to_a_hundred_is_cut_into_ten_equal_tenths() -> None:
    found = baseline("long", list(range(100, 0, -1)), np.int64)
    assert found.edges == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert found.shares == [0.1] * 10


def test_a_constant_column_has_one_edge_and_all_values_at_it() -> None:
    found = baseline("double", [5.0] * 7, float)
    assert (found.edges, found.shares) == ([5.0], [1.0, 0.0])


def test_fewer_values_than_tenths_give_each_value_its_edge() -> None:
    found = baseline("double", [1.0, 2.0], float)
    # ceil(2 k / 10) is 1 for k = 1 … 5 and 2 for k = 6 … 9.
    assert (found.edges, found.shares) == ([1.0, 2.0], [0.5, 0.5, 0.0])


def test_nan_and_missing_are_missing_and_infinities_lie_in_the_open_bins() -> None:
    values = [np.nan, 0.0, -np.inf, 1.0, np.inf]
    found = baseline("double", values, float, [False, True, False, False, False])
    assert found.missing_share == 0.4
    assert (found.edges, found.shares) == ([1.0], [2 / 3, 1 / 3])


def test_a_column_without_values_has_no_shares() -> None:
    found = baseline("double", [0.0, 0.0], float, [True, True])
    assert (found.missing_share, found.edges, found.shares) == (1.0, [], [])


def test_texts_are_counted_and_the_rare_ones_share_one_place() -> None:
    values = ["often"] * 50 + [f"rare{at:02}" for at in range(50)]
    found = baseline("string", values, object)
    assert found.categories is not None
    assert found.categories[:3] == ["often", "rare00", "rare01"]
    assert (len(found.categories), found.shares[0], found.shares[1]) == (50, 0.5, 0.01)
    assert found.other_share == 0.01


def test_truth_values_are_categories() -> None:
    found = baseline("boolean", [True, False, True, True], bool)
    assert (found.categories, found.shares, found.other_share) == ([True, False], [0.75, 0.25], 0.0)


def test_times_are_seconds_since_1970_in_utc() -> None:
    found = baseline("datetime", ["1970-01-02", "1970-01-01T00:00:01.25", "2026-11-23T06:00:00"], object)
    assert found.edges == [1.25, 86_400.0, datetime(2026, 11, 23, 6, tzinfo=UTC).timestamp()]


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1), st.randoms())
def test_shares_sum_to_one_and_do_not_depend_on_the_order(values: list[float], random: Any) -> None:
    found = baseline("double", values, float)
    assert not found.shares or sum(found.shares) == pytest.approx(1.0)
    assert len(found.shares) == len(found.edges or []) + 1 or not found.shares
    random.shuffle(values)
    assert baseline("double", values, float) == found
