"""From counters to points: differences, gateways that began anew, and times off a histogram."""

from __future__ import annotations

import bisect
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kronkers.serving.counting import (
    Counts,
    Families,
    Look,
    Sample,
    Series,
    Told,
    look_of,
    moment_of,
    quantile_ms,
    totals,
)
from jupyter_kronkers.serving.gateway.tallies import BOUNDS_S

AT = datetime(2026, 3, 3, 12, tzinfo=UTC)
LIVE = Series("live", 1, "stable")
CANARY = Series("live", 2, "canary")


def spread(number: int, place: int = 5) -> tuple[int, ...]:
    return tuple(number if at == place else 0 for at in range(len(BOUNDS_S) + 1))


def look(number: int, pid: int = 7, errors: int = 0, series: Series = LIVE) -> Look:
    return Look(pid, {series: Counts(number, errors, spread(number))})


def points(before: dict[str, Look], now: dict[str, Look]):
    return moment_of(AT, 2.0, before, now).points.get("live", ())


def test_what_happened_is_the_difference_of_all_gateways_together():
    (point,) = points({"0": look(10), "1": look(5, 8, 1)}, {"0": look(13), "1": look(9, 8, 3)})
    assert (point.requests, point.errors, point.seconds, point.version, point.use) == (7, 2, 2.0, 1, "stable")


def test_a_gateway_that_was_started_anew_counts_from_nothing():
    (point,) = points({"0": look(1_000, pid=7)}, {"0": look(1_002, pid=9)})
    assert point.requests == 1_002
    (point,) = points({"0": look(1_000)}, {"0": look(3)})
    assert point.requests == 3


def test_a_gateway_that_did_not_answer_is_not_counted_twice():
    assert points({"0": look(10), "1": look(5)}, {"0": look(10)}) == ()


def test_what_was_not_asked_has_no_point():
    before, now = look(4), Look(7, {**look(4).counts, **look(2, series=CANARY).counts})
    assert [(point.version, point.use, point.requests) for point in points({"0": before}, {"0": now})] == [
        (2, "canary", 2)
    ]


def test_statuses_are_told_apart():
    """A caller who left is a request, nobody's error, and his time is not one of an answer."""
    samples = (
        Sample(("live", "1", "stable", "200"), 0.1, spread(5, 3)),
        Sample(("live", "1", "stable", "422"), 0.1, spread(2, 4)),
        Sample(("live", "1", "stable", "499"), 9.0, spread(1, 15)),
        Sample(("live", "", "", "503"), 0.1, spread(3, 1)),
    )
    counts = look_of(Told(Families(samples), 7)).counts
    assert counts[LIVE] == Counts(8, 2, tuple(a + b for a, b in zip(spread(5, 3), spread(2, 4), strict=True)))
    assert counts[Series("live", None, "stable")] == Counts(3, 3, spread(3, 1), failed=3)
    told = totals("live", [Look(7, counts), Look(8, counts)])
    assert [(one.version, one.use, one.requests, one.errors) for one in told] == [
        (None, "stable", 6, 6), (1, "stable", 16, 4),
    ]  # fmt: skip
    assert totals("other", [Look(7, counts)]) == ()


def test_a_time_is_read_off_a_histogram_as_prometheus_does():
    """histogram_quantile(0.9, …) of le 0.001: 10, le 0.0025: 20 is 0.001 + 0.0015 · (18 - 10) / 10 = 2.2 ms."""
    buckets = [0, 0, 0, 10, 10, *[0] * 13]
    assert quantile_ms(buckets, 0.9) == pytest.approx(2.2)
    assert quantile_ms(buckets, 0.25) == pytest.approx(0.75)
    assert quantile_ms([0] * 18, 0.5) is None
    assert quantile_ms([*[0] * 17, 3], 0.5) == 30_000.0


@given(st.lists(st.floats(0.00001, 29.0), min_size=1, max_size=200), st.sampled_from([0.5, 0.99]))
def test_a_time_lies_in_the_bucket_of_the_true_one(times, share):
    buckets = [0] * (len(BOUNDS_S) + 1)
    for time in times:
        buckets[bisect.bisect_left(BOUNDS_S, time)] += 1
    ordered = sorted(times)
    true = ordered[max(0, -int(-share * len(ordered) // 1) - 1)]
    place = bisect.bisect_left(BOUNDS_S, true)
    low = BOUNDS_S[place - 1] if place else 0.0
    assert low * 1_000 - 1e-3 <= quantile_ms(buckets, share) <= BOUNDS_S[place] * 1_000 + 1e-3


def test_a_moment_of_many_series_is_made_in_milliseconds():
    """Fifty deployments with four versions each, in two gateways."""
    import time

    rng = random.Random(1)
    series = [Series(f"d{n}", v, "stable") for n in range(50) for v in range(1, 5)]
    before = {g: Look(1, {one: Counts(5, 0, spread(5)) for one in series}) for g in "01"}
    now = {g: Look(1, {one: Counts(5 + rng.randrange(9), 0, spread(14)) for one in series}) for g in "01"}
    began = time.perf_counter()
    moment_of(AT + timedelta(seconds=2), 2.0, before, now)
    assert time.perf_counter() - began < 0.1
