"""Traffic: when it is looked at, what is kept, and that nobody is asked in vain."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime, timedelta

import pytest

from jupyter_kronkers.serving import traffic as room
from jupyter_kronkers.serving.counting import Counts, Look, Series
from jupyter_kronkers.serving.gateway.tallies import BOUNDS_S
from jupyter_kronkers.serving.traffic import KEPT, Traffic
from tests.serving.conftest import until

AT = datetime(2026, 3, 3, 12, tzinfo=UTC)
LIVE = Series("live", 1, "stable")


def look(number: int) -> dict[str, Look]:
    return {"admin.0": Look(7, {LIVE: Counts(number, 0, (number, *[0] * len(BOUNDS_S)))})}


@pytest.fixture
def traffic():
    return Traffic(lambda: (), lambda: True, lambda: AT)


def test_what_was_counted_before_the_first_look_is_in_the_totals_only(traffic):
    traffic.take(look(100), AT, 0.0)
    seen = traffic.seen("live")
    assert (seen.at, seen.points, [total.requests for total in seen.totals]) == (AT, (), [100])


def test_a_look_gives_the_requests_since_the_last_one_and_its_length(traffic):
    for number, seconds in ((100, 0.0), (104, 2.0), (104, 17.0), (105, 19.0)):
        traffic.take(look(number), AT + timedelta(seconds=seconds), seconds)
    seen = traffic.seen("live", live=1)
    assert [(point.requests, point.seconds) for point in seen.points] == [(4, 2.0), (0, 15.0), (1, 2.0)]
    assert seen.at == AT + timedelta(seconds=19)
    later = traffic.seen("live", since=AT + timedelta(seconds=17), live=1)
    assert [point.requests for point in later.points] == [1]
    assert traffic.seen("live", since=seen.at, live=1).points == ()


def test_ten_minutes_are_kept_and_no_more(traffic):
    for number in range(1_000):
        traffic.take(look(number), AT + timedelta(seconds=2 * number), 2.0 * number)
    assert len(traffic.seen("live").points) == KEPT.total_seconds() / 2 + 1


def test_a_deployment_that_nobody_knows_has_nothing(traffic):
    traffic.take(look(1), AT, 0.0)
    traffic.take(look(2), AT, 2.0)
    assert traffic.seen("<script>").points == ()


def test_what_failed_in_the_last_minute_is_told_of_each_deployment(traffic):
    def look(asked, failed):
        return {"admin.0": Look(7, {LIVE: Counts(asked, failed, (asked, *[0] * len(BOUNDS_S)), failed)})}

    assert traffic.lately() == {}
    for seconds, asked, failed in ((0, 0, 0), (15, 50, 50), (30, 60, 51), (76, 64, 53), (90, 64, 53)):
        traffic.take(look(asked, failed), AT + timedelta(seconds=seconds), float(seconds))
    assert traffic.lately() == {"live": (4, 2)}


class Asked:
    """Counts how often a gateway is asked."""

    def __init__(self, monkeypatch):
        self.times = []
        monkeypatch.setattr(room, "tallies_of", lambda admin: self.times.append(time.monotonic()))

    def start(self, busy=lambda: True):
        from pathlib import Path

        traffic = Traffic(lambda: (Path("admin.0"),), busy, lambda: datetime.now(UTC))
        traffic.start()
        return traffic


def test_nobody_is_asked_while_nothing_is_deployed(monkeypatch):
    monkeypatch.setattr(room, "QUIET_STEP_S", 0.01)
    asked, looked = Asked(monkeypatch), []
    traffic = asked.start(lambda: bool(looked.append(1)))
    until(lambda: len(looked) > 3, "some looks")
    traffic.stop()
    assert asked.times == []


def test_it_is_looked_at_more_often_while_somebody_asks(monkeypatch):
    monkeypatch.setattr(room, "STEP_S", 0.02)
    asked = Asked(monkeypatch)
    traffic = asked.start()
    until(lambda: len(asked.times) == 1, "the first look")
    time.sleep(0.2)
    assert len(asked.times) == 1
    traffic.seen("live")
    until(lambda: len(asked.times) > 5, "more looks")
    traffic.stop()
    steps = [b - a for a, b in zip(asked.times[1:], asked.times[2:], strict=False)]
    assert min(steps) > 0.015


def test_many_who_ask_do_not_make_it_look_more_often(monkeypatch):
    monkeypatch.setattr(room, "STEP_S", 0.1)
    asked = Asked(monkeypatch)
    traffic = asked.start()
    ends = time.monotonic() + 0.55
    while time.monotonic() < ends:
        traffic.seen("live")
    traffic.stop()
    assert len(asked.times) <= 7


def test_a_gateway_that_hangs_holds_nobody_up(tmp_path):
    """Half a second at most, and what it counted comes with its next answer."""
    admin = tmp_path / "admin.0"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(admin))
        listening.listen()
        traffic = Traffic(lambda: (admin, tmp_path / "admin.1"), lambda: True, lambda: AT)
        began = time.monotonic()
        traffic.look()
        assert time.monotonic() - began < 2.0
    assert traffic.seen("live").totals == ()
