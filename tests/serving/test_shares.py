"""Canaries and shadows: who gets which share of the requests, and what becomes of those that do not fit."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest

from jupyter_kronkers.languages import Field, Signature
from jupyter_kronkers.serving.gateway.deployments.canaries import Canary, replicas_for
from jupyter_kronkers.serving.gateway.deployments.inputs import unlike
from jupyter_kronkers.serving.gateway.routes import Route
from tests.serving.artifacts import ROWS
from tests.serving.bystanders import Bystanders
from tests.serving.conftest import QUICK, Gateway, until


class Untried:
    """As much of a version as a canary's share needs."""

    answered = failed = 0

    class breaker:
        opened = 0


@pytest.mark.parametrize(("percent", "of", "gets"), [(10, 100, 10), (33.3, 1000, 333), (0, 50, 0), (100, 50, 50)])
def test_a_canary_gets_exactly_its_share(percent, of, gets):
    canary = Canary(Untried(), percent, 0.0)
    assert sum(canary.takes(None) for _ in range(of)) == gets


def test_a_share_is_evenly_spread():
    canary = Canary(Untried(), 20.0, 0.0)
    taken = [number for number in range(100) if canary.takes(None)]
    assert taken == list(range(4, 100, 5))


def test_a_request_may_say_whom_it_wants():
    canary = Canary(Untried(), 0.0, 0.0)
    assert canary.takes(b"canary")
    canary.percent = 100.0
    assert not canary.takes(b"stable")
    assert canary.takes(b"whatever")


@pytest.mark.parametrize(
    ("percent", "replicas", "needed"), [(10, 4, 1), (50, 4, 2), (51, 4, 3), (100, 4, 4), (0, 2, 1)]
)
def test_a_canary_has_as_many_replicas_as_its_share_needs(percent, replicas, needed):
    assert replicas_for(percent, replicas) == needed


def test_inputs_that_differ_are_told_in_words():
    ours = Signature((Field("a", "double", missing=True), Field("b", "string")))
    assert unlike(ours, ours) == ""
    assert unlike(ours, Signature((*ours.inputs, Field("c", "long")))) == "it wants c"
    assert unlike(ours, Signature(ours.inputs[:1])) == "it lacks b"
    assert unlike(ours, Signature((Field("a", "double"), Field("b", "long")))) == (
        "its a takes no missing values; its b is long, not string"
    )
    assert unlike(ours, Signature(ours.inputs[::-1])) == "its columns are in another order"


# With real processes


@pytest.fixture(scope="module")
def served(gateway, double, triple) -> Gateway:
    gateway.serve("double", double, canary=triple, percent=25.0)
    return gateway


def asked(gateway: Gateway, times: int, use: str = "", name: str = "double") -> Counter[str]:
    more = {"X_Kronkers_Use": use} if use else {}
    body = {"dataframe_split": {"columns": ["x", "do"], "data": [[2.0, "answer"]]}}
    answers = [gateway.predict(name, body, **more) for _ in range(times)]
    for answer in answers:
        number = int(answer.headers["X-Kronkers-Version"].partition("/")[2])
        assert answer.predictions == [2.0 * {1: 2.0, 2: 3.0}[number]]
    return Counter(answer.headers["X-Kronkers-Version"] for answer in answers)


@pytest.mark.slow
def test_shares_are_kept_to_the_request(served):
    assert asked(served, 40) == {"double/1": 30, "double/2": 10}
    assert asked(served, 5, "canary") == {"double/2": 5}
    assert asked(served, 8, "stable") == {"double/1": 8}
    state = served.wait("double", lambda state: state.canary is not None)
    assert (state.canary.number, state.canary.percent, state.canary.failed) == (2, 25.0, 0)
    assert {replica.role for replica in state.replicas} == {"live", "canary"}


@pytest.mark.slow
def test_a_share_changes_and_a_canary_goes_and_is_promoted_under_load(served, double, triple):
    with Bystanders(served.port) as others:
        for share in (50.0, 100.0, 5.0, 0.0):
            served.serve("double", double, canary=triple, percent=share)
            others.more(40)
        served.serve("double", double)
        others.more(40)
        served.serve("double", double, canary=triple, percent=30.0)
        served.serve("double", triple, previous=double)
        others.more(40)
        served.serve("double", double, canary=triple, percent=25.0)
    assert others.wrong == []
    assert set(others.right) == {"double/1", "double/2"}


@pytest.mark.slow
def test_a_promoted_canary_is_not_loaded_again(served, double, triple):
    served.serve("double", double, canary=triple, percent=10.0)
    state = served.wait("double", lambda state: any(r.role == "canary" and r.pid for r in state.replicas))
    before = {replica.pid for replica in state.replicas if replica.role == "canary"}
    served.serve("double", triple, previous=double)
    state = served.wait("double", lambda state: state.number == 2)
    assert before <= {replica.pid for replica in state.replicas if replica.role == "live"}
    served.serve("double", double, canary=triple, percent=25.0)


@pytest.mark.slow
def test_a_canary_with_other_inputs_is_refused_and_the_live_version_gets_all(gateway, makes, double):
    def predict(model, rows):
        return rows["y"].tolist()

    other = makes.python("double", 5, {}, pd.DataFrame({"y": [1.0, 2.0]}), predict)
    gateway.put(Route("apart", double, limits=QUICK, canary=other, percent=50.0))
    state = gateway.wait("apart", lambda state: state.state == "degraded")
    assert (state.number, state.canary, state.code) == (1, None, "conflict")
    assert "it wants y" in state.reason
    assert asked(gateway, 10, name="apart") == {"double/1": 10}


@pytest.mark.slow
def test_a_canary_that_cannot_start_gets_nothing(gateway, makes, double):
    def predict(model, rows):
        import os

        if "kronkers-host" in os.getcwd():
            os.abort()
        return rows["x"].tolist()

    doomed = makes.python("double", 6, {}, ROWS, predict)
    gateway.put(Route("stillborn", double, limits=QUICK, canary=doomed, percent=50.0))
    state = gateway.wait("stillborn", lambda state: state.state == "degraded")
    assert (state.number, state.canary) == (1, None)
    assert asked(gateway, 10, "canary", "stillborn") == {"double/1": 10}


@pytest.mark.slow
def test_a_canary_that_fails_gives_its_share_back_until_people_decide(gateway, makes, double):
    def predict(model, rows):
        import os

        if "kronkers-host" in os.getcwd() and rows["x"].tolist()[0] > 100:
            raise ValueError("not for me")
        return [7.0 * value for value in rows["x"].tolist()]

    failing = makes.python("double", 7, {}, ROWS, predict)
    route = Route("weak", double, limits=QUICK, canary=failing, percent=50.0, decision="1")
    gateway.put(route)
    gateway.wait("weak", lambda state: state.state == "ready" and state.canary is not None)
    statuses = [gateway.trouble("weak", x=1_000.0).status for _ in range(42)]
    assert set(statuses) == {200, 502}
    state = gateway.wait("weak", lambda state: state.canary is None)
    assert (state.state, state.code) == ("degraded", "withdrawn")
    assert "requests failed by the model" in state.withdrawn["canary"]
    assert {gateway.trouble("weak", x=1_000.0).status for _ in range(10)} == {200}
    gateway.put(Route("weak", double, limits=QUICK, canary=failing, percent=50.0, decision="2"))
    gateway.wait("weak", lambda state: state.state == "ready" and state.canary is not None)


# Shadows


def shadow_of(gateway: Gateway, name: str):
    return next(one.shadow for one in gateway.state().deployments if one.name == name)


@pytest.mark.slow
def test_a_shadow_gets_copies_and_its_differences_are_counted(gateway, double, triple):
    gateway.serve("shaded", double, shadow=triple)
    gateway.wait("shaded", lambda state: state.shadow is not None)
    assert asked(gateway, 30, name="shaded") == {"double/1": 30}
    gateway.trouble("shaded", x=0.0)
    until(lambda: shadow_of(gateway, "shaded").answered == 31, "the shadow's answers")
    shadow = shadow_of(gateway, "shaded")
    assert (shadow.number, shadow.asked, shadow.dropped, shadow.failed) == (2, 31, 0, 0)
    assert (shadow.different, shadow.largest) == (30, pytest.approx(1 / 3))


@pytest.mark.slow
def test_a_shadow_that_is_behind_delays_nobody(gateway, makes, double):
    def predict(model, rows):
        import os
        import time

        if "kronkers-host" in os.getcwd() and rows["x"].tolist()[0] > 100:
            time.sleep(3600)
        return [2.0 * value for value in rows["x"].tolist()]

    slow = makes.python("double", 8, {}, ROWS, predict)
    gateway.serve("followed", double, shadow=slow)
    gateway.wait("followed", lambda state: state.shadow is not None)
    answers = [gateway.trouble("followed", x=1_000.0) for _ in range(100)]
    assert {answer.status for answer in answers} == {200}
    shadow = shadow_of(gateway, "followed")
    assert shadow.dropped > 0
    assert shadow.asked + shadow.dropped == 100
