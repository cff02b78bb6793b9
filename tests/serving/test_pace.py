"""Pace: who would wait in vain is not taken in, and a batch never grows beyond what may be waited."""

from __future__ import annotations

import random

import pytest

from jupyter_kronkers.serving.gateway.batching import MOST_ROWS
from jupyter_kronkers.serving.gateway.versions.pace import Cost, Pace


def test_nothing_is_foreseen_before_the_queue_has_been_full_for_a_while():
    pace = Pace(settle_s=1.0)
    assert pace.foreseen_s(100, 0.0) == 0.0
    pace.wait(0.0)
    pace.take(10, 0.5)
    assert pace.foreseen_s(100, 0.9) == 0.0
    assert pace.foreseen_s(100, 1.0) == 10.0


def test_a_host_that_has_not_answered_yet_is_no_reason_to_refuse():
    pace = Pace(settle_s=1.0)
    pace.wait(0.0)
    assert pace.foreseen_s(100, 50.0) == 0.0


def test_who_rests_begins_anew():
    pace = Pace(settle_s=1.0)
    pace.wait(0.0)
    pace.take(10, 2.0)
    pace.rest()
    pace.take(1_000, 2.5)
    assert pace.foreseen_s(100, 3.0) == 0.0
    pace.wait(3.0)
    pace.take(100, 4.0)
    assert pace.foreseen_s(100, 4.0) == 1.0


def test_what_is_long_ago_is_forgotten():
    pace = Pace(settle_s=0.25)
    pace.wait(0.0)
    for at in range(1, 10_000):
        pace.take(1 if at < 5_000 else 10, at / 100)
    assert pace.foreseen_s(1_000, 100.0) == pytest.approx(1.0, rel=0.05)


@pytest.mark.parametrize(("fixed_s", "row_s", "rows"), [(0.005, 0.005, 50), (3.0, 0.01, 25), (0.001, 1.0, 1)])
def test_a_batch_takes_hardly_longer_for_its_rows_than_it_may(fixed_s, row_s, rows):
    cost, drawn = Cost(), random.Random(7)
    for _ in range(200):
        asked = drawn.randint(1, cost.rows_in(0.25) + 3)
        cost.learn(asked, fixed_s + row_s * asked)
    assert cost.rows_in(0.25) == pytest.approx(rows, abs=1)


def test_a_model_that_takes_long_whatever_it_is_asked_gets_large_batches():
    cost, drawn = Cost(), random.Random(7)
    for _ in range(200):
        cost.learn(min(cost.rows_in(0.25), drawn.randint(100, 256)), 3.0)
    assert cost.rows_in(0.25) == MOST_ROWS


def test_one_stall_does_not_make_batches_small_for_good():
    cost, drawn = Cost(), random.Random(7)
    for at in range(400):
        asked = min(cost.rows_in(2.5), drawn.randint(1, 64))
        cost.learn(asked, 20.0 if at == 100 else 0.001)
    assert cost.rows_in(2.5) > 64


def test_what_a_batch_takes_is_never_foreseen_as_more_than_it_is():
    cost, drawn = Cost(), random.Random(7)
    for at in range(200):
        asked = drawn.randint(1, 20)
        assert cost.foreseen_s(100, batched=True) <= 100 * 0.111
        cost.learn(asked, 5.0 if at == 100 else 0.1 + 0.01 * asked)
    assert cost.foreseen_s(100, batched=True) == pytest.approx(1.0, rel=0.05)


def test_a_model_that_is_asked_one_by_one_takes_as_long_for_each():
    cost = Cost()
    for took in (0.3, 0.005, 0.006, 4.0, 0.005):
        cost.learn(1, took)
    assert cost.foreseen_s(100, batched=False) == pytest.approx(0.5, rel=0.01)
