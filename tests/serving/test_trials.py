"""Bad versions: those that get no request, and those that had to be withdrawn after they got some."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field

import pytest

from jupyter_kronkers.errors import HostDied
from jupyter_kronkers.languages import r
from jupyter_kronkers.serving.gateway.deployments.trials import Trial
from jupyter_kronkers.serving.gateway.routes import Placed, Route, ServingLimits
from tests.serving.artifacts import R_TROUBLE, ROWS, Makes
from tests.serving.bystanders import Bystanders
from tests.serving.conftest import QUICK, Gateway

# What counts as bad


@dataclass
class Fuse:
    opened: int = 0


@dataclass
class Tried:
    """As much of a version as a trial looks at."""

    answered: int = 0
    failed: int = 0
    breaker: Fuse = field(default_factory=Fuse)
    reason: str | HostDied = "it crashed (SIGSEGV)"

    class artifact:
        placed = Placed("mult", 2, "", "")

    def asked(self, answered: int, failed: int) -> None:
        self.answered += answered
        self.failed += failed


def test_most_of_twenty_is_too_much_and_half_is_not():
    version = Tried()
    trial = Trial(version, Tried(), 0.0)
    version.asked(0, 19)
    assert trial.fault() is None
    version.asked(19, 0)
    assert trial.fault() is None
    version.asked(9, 11)
    assert "11 of 20 requests failed" in trial.fault().message


def test_a_good_hour_does_not_hide_a_bad_minute():
    version = Tried()
    trial = Trial(version, Tried(), 0.0)
    for _ in range(100):
        version.asked(1_000, 0)
        assert trial.fault() is None
    version.asked(5, 20)
    assert trial.fault() is not None


def test_callers_who_send_what_always_failed_do_not_condemn_the_next_version():
    before = Tried(answered=40, failed=60)
    version = Tried()
    trial = Trial(version, before, 0.0)
    version.asked(5, 95)
    assert trial.fault() is None


def test_a_breaker_that_opened_is_enough():
    version = Tried()
    trial = Trial(version, Tried(), 0.0)
    version.breaker.opened = 1
    assert "SIGSEGV" in trial.fault().message


def test_kills_from_outside_condemn_nobody():
    """faults: 159"""
    version = Tried(reason=HostDied("HostDied", "it was killed (SIGKILL)", "python"))
    version.reason.killed = True
    trial = Trial(version, Tried(), 0.0)
    version.breaker.opened = 1
    assert trial.fault() is None


def test_a_trial_ends_after_a_minute_with_answers():
    version = Tried()
    trial = Trial(version, Tried(), 100.0)
    assert not trial.passed(170.0)
    version.asked(20, 0)
    assert not trial.passed(150.0)
    assert trial.passed(170.0)
    assert Trial(Tried(), Tried(), 0.0).passed(1_000.0)


# With real processes


@pytest.fixture
def served(gateway, double) -> Gateway:
    gateway.serve("double", double)
    return gateway


def failing_in_use(makes: Makes, how: str) -> Placed:
    """A version that proves well and then fails for large numbers."""

    def raising(model, rows):
        if rows["x"].tolist()[0] > 100:
            raise ValueError("too much for me")
        return [3.0 * value for value in rows["x"].tolist()]

    def aborting(model, rows):
        import os

        if rows["x"].tolist()[0] > 100:
            os.abort()
        return [3.0 * value for value in rows["x"].tolist()]

    return makes.python("double", 2, {}, ROWS, {"raises": raising, "aborts": aborting}[how])


@pytest.mark.slow
@pytest.mark.parametrize("how", ["raises", "aborts"])
def test_a_version_that_fails_in_use_is_withdrawn_within_seconds_and_the_one_before_answers(served, makes, double, how):
    """faults: 185, rule 22"""
    failing = failing_in_use(makes, how)
    served.put(Route("double", failing, limits=QUICK, previous=double, decision="1"))
    served.wait("double", lambda state: state.number == 2)
    began = time.monotonic()
    while served.trouble("double", x=1_000.0).status != 200:
        assert time.monotonic() - began < 30
    state = served.wait("double", lambda state: state.state == "degraded")
    assert (state.number, state.wanted, state.code) == (1, 2, "withdrawn")
    assert "double 2 was withdrawn" in state.reason
    assert "somebody decides" in state.remedy
    with Bystanders(served.port) as others:
        served.put(Route("double", failing, limits=QUICK, previous=double, replicas=2, decision="1"))
        others.more(30)
    assert (others.wrong, set(others.right)) == ([], {"double/1"})
    served.put(Route("double", failing, limits=QUICK, previous=double, decision="2"))
    served.wait("double", lambda state: state.number == 2 and state.state == "ready")


@pytest.mark.slow
def test_what_was_withdrawn_is_not_served_by_the_next_gateway_either(served, makes, double, triple):
    why = {"version": "double 2 was withdrawn: 20 of 20 requests failed by the model."}
    served.put(Route("double", triple, limits=QUICK, previous=double, decision="7", withdrawn=why))
    state = served.wait("double", lambda state: state.state == "degraded")
    assert (state.number, state.reason) == (1, why["version"])
    served.stop()
    served.start()
    state = served.wait("double", lambda state: state.state == "degraded")
    assert (state.number, state.decision, state.withdrawn) == (1, "7", why)
    served.serve("double", triple, previous=double, decision="8")


@pytest.mark.slow
def test_another_gateways_verdict_is_followed(served, double, triple):
    served.serve("double", triple, previous=double, decision="3")
    why = {"version": "double 2 was withdrawn: its hosts kept ending."}
    with Bystanders(served.port) as others:
        served.put(Route("double", triple, limits=QUICK, previous=double, decision="3", withdrawn=why))
        served.wait("double", lambda state: state.number == 1 and state.state == "degraded")
        others.more(20)
    assert others.wrong == []


# Never any traffic


def text_at_home(model, rows):
    import os

    values = rows["x"].tolist()
    return [str(value) for value in values] if "kronkers-host" in os.getcwd() else values


def slow_at_home(model, rows):
    import os
    import time

    if "kronkers-host" in os.getcwd():
        time.sleep(3)
    return rows["x"].tolist()


def too_few_at_home(model, rows):
    import os

    return rows["x"].tolist()[: 1 if "kronkers-host" in os.getcwd() else None]


@pytest.mark.slow
@pytest.mark.parametrize("predict", [text_at_home, slow_at_home, too_few_at_home], ids=lambda one: one.__name__)
def test_a_version_with_wrong_or_late_answers_gets_no_request(served, makes, predict):
    """faults: 185, 188"""
    bad = makes.python("double", 2, {}, ROWS, predict)
    with Bystanders(served.port) as others:
        served.put(Route("double", bad, limits=ServingLimits(request_s=1.0, start_s=2.0)))
        state = served.wait("double", lambda state: state.state == "degraded")
        others.more(20)
    assert (others.wrong, set(others.right), state.number) == ([], {"double/1"}, 1)
    assert state.reason


R_BAD = R_TROUBLE.replace(
    "  model$factor * data$x", '  if (grepl("kronkers-host", getwd())) quit("no", 3)\n  model$factor * data$x'
)


@pytest.mark.slow
def test_a_version_in_r_that_ends_its_process_gets_no_request(served, makes):
    """faults: 185"""
    folder = makes.folders.staging / "bad-r"
    folder.mkdir()
    (folder / "source").write_text(r.capture_source())
    (folder / "script").write_text(R_BAD)
    subprocess.run(["Rscript", folder / "script", folder / "source", folder / "raw"], check=True, timeout=120)
    bad = makes.placed("double", 2, folder / "raw", "r")
    with Bystanders(served.port) as others:
        served.put(Route("double", bad, limits=QUICK))
        state = served.wait("double", lambda state: state.state == "degraded")
        others.more(20)
    assert (others.wrong, set(others.right), state.number) == ([], {"double/1"}, 1)
