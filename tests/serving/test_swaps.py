"""Versions that come and go under load: no request fails, and what cannot be served never gets one."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jupyter_kronkers.serving.gateway.routes import Route, ServingLimits
from tests.serving.artifacts import ROWS
from tests.serving.bystanders import Bystanders
from tests.serving.conftest import QUICK, Gateway, gone, until


@pytest.fixture
def served(gateway, double):
    gateway.serve("double", double)
    return gateway


@pytest.mark.slow
def test_versions_swap_under_load_and_no_request_fails(served, double, triple):
    """faults: 185"""
    with Bystanders(served.port) as others:
        for placed in (triple, double, triple, double):
            served.serve("double", placed)
            others.more(50)
    assert others.wrong == []
    assert set(others.right) == {"double/1", "double/2"}


@pytest.mark.slow
def test_a_warm_version_is_live_within_a_second(served, double, triple):
    """What is likely to come next, and what was before, is kept loaded."""
    served.put(Route("double", double, limits=QUICK, upcoming=triple))
    served.wait("double", lambda state: any(r.warm and r.pid for r in state.replicas))
    with Bystanders(served.port) as others:
        for placed, before in ((triple, double), (double, triple)):
            began = time.monotonic()
            served.serve("double", placed, previous=before, upcoming=before)
            took = time.monotonic() - began
            assert took < 1.0, took
            others.more(50)
    assert others.wrong == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "file", ["data/model/model.pkl", "data/capture.json", "conformance.json", "manifest.json", "manifest.sig"]
)
def test_one_flipped_byte_and_the_old_version_serves_on(served, makes, file):
    """faults: 26, 27"""
    placed = makes.python("double", 2, *other())
    path = Path(placed.folder) / file
    whole = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    served.put(Route("double", placed, limits=QUICK))
    state = served.wait("double", lambda state: state.state == "degraded")
    assert (state.number, state.code) == (1, "artifact_tampered")
    assert Path(file).name in state.reason
    assert served.trouble("double", x=3.0).predictions == [6.0]


def other():
    def predict(model, rows):
        return [3.0 * value for value in rows["x"].tolist()]

    return {}, ROWS, predict


def test_another_version_that_was_rightly_signed_is_refused_in_its_place(served, makes, triple):
    """faults: 28"""
    wrong = type(triple)("double", 7, triple.folder, "")
    served.put(Route("double", wrong, limits=QUICK))
    state = served.wait("double", lambda state: state.state == "degraded")
    assert state.code == "artifact_tampered"
    assert served.trouble("double", x=3.0).predictions == [6.0]


@pytest.mark.slow
def test_a_version_that_does_not_give_its_recorded_answers_gets_no_request(served, makes):
    """faults: 185, rule 22"""

    def predict(model, rows):
        import os

        # Behaves at home only: as a host it has a private folder.
        return [value * (2.0 if "kronkers-host" not in os.getcwd() else 99.0) for value in rows["x"].tolist()]

    with Bystanders(served.port) as others:
        served.put(Route("double", makes.python("double", 2, {}, ROWS, predict), limits=QUICK))
        state = served.wait("double", lambda state: state.state == "degraded")
        others.more(20)
    assert "recorded" in state.reason
    assert (others.wrong, set(others.right)) == ([], {"double/1"})


@pytest.mark.slow
def test_a_version_that_crashes_at_its_start_gets_no_request(served, makes):
    """faults: 185"""

    def predict(model, rows):
        import os

        if "kronkers-host" in os.getcwd():
            os.abort()
        return rows["x"].tolist()

    served.put(Route("double", makes.python("double", 2, {}, ROWS, predict), limits=QUICK))
    state = served.wait("double", lambda state: state.state == "degraded")
    assert (state.number, state.code) == (1, "host_failed")
    assert "SIGABRT" in state.reason
    assert served.trouble("double", x=3.0).predictions == [6.0]


@pytest.mark.slow
def test_the_newest_wish_wins(served, double, triple):
    """faults: 186"""
    for placed in (triple, double, triple, double, triple):
        served.put(Route("double", placed, limits=QUICK))
    served.wait("double", lambda state: state.number == 2 and state.state == "ready")
    served.serve("double", double)
    assert served.trouble("double", x=3.0).predictions == [6.0]


@pytest.mark.slow
def test_replicas_come_and_go_under_load(served, double):
    with Bystanders(served.port) as others:
        for count in (3, 1, 2):
            served.serve("double", double, replicas=count)
            served.wait("double", lambda state, n=count: len([r for r in state.replicas if r.pid and not r.warm]) == n)
            others.more(30)
    assert others.wrong == []
    served.serve("double", double, replicas=1)


@pytest.mark.slow
def test_a_model_whose_answers_depend_on_the_batch_is_served_unbatched(gateway, makes):
    """faults: 69"""

    def predict(model, rows):
        return [value - rows["x"].mean() for value in rows["x"].tolist()]

    gateway.serve("centred", makes.python("centred", 1, {}, ROWS, predict))
    with ThreadPoolExecutor(16) as callers:
        answers = list(callers.map(lambda x: gateway.trouble("centred", x=float(x)).predictions, range(64)))
    assert answers == [[0.0]] * 64


@pytest.mark.slow
def test_a_stampede_on_a_starting_deployment_waits_for_its_one_start(gateway, double):
    """faults: 70"""
    gateway.put(Route("cold", double, limits=ServingLimits(queue=20)))
    with ThreadPoolExecutor(60) as callers:
        answers = list(callers.map(lambda x: gateway.trouble("cold", x=float(x)), range(60)))
    served = [answer for answer in answers if answer.status == 200]
    refused = [answer for answer in answers if answer.status != 200]
    assert len(served) >= 20
    assert all(answer.status == 503 and answer.headers["Retry-After"] for answer in refused)
    assert len(gateway.wait("cold", lambda state: state.state == "ready").replicas) == 1


@pytest.mark.slow
def test_a_deployment_that_is_taken_away_leaves_no_process(gateway, double):
    """faults: 186"""
    gateway.serve("passing", double, replicas=2)
    pids = [replica.pid for replica in gateway.wait("passing", lambda state: len(state.replicas) == 2).replicas]
    del gateway.routes["passing"]
    gateway.put()
    until(lambda: gone(pids), "the hosts' end")
    assert gateway.trouble("passing").status == 404


@pytest.mark.slow
def test_the_last_good_routes_are_served_without_a_control_plane(served, makes, double):
    """faults: rule 26"""
    served.serve("double", double)
    served.stop()
    stray = makes.folders.gateway / "cache" / "stray"
    stray.mkdir()
    os.utime(stray, (0, 0))  # one that is younger may be another gateway's, who is just making it
    served.start()
    assert served.trouble("double", x=3.0).predictions == [6.0]
    assert not stray.exists()


@pytest.mark.slow
def test_a_gateway_whose_version_was_tampered_with_goes_back_to_the_one_before(served, makes, double):
    """faults: 26"""
    placed = makes.python("double", 2, *other())
    served.serve("double", placed, previous=double)
    model = Path(placed.folder) / "data/model/model.pkl"
    model.write_bytes(model.read_bytes() + b" ")
    served.stop()
    served.start()
    state = served.wait("double", lambda state: state.state == "degraded")
    assert (state.number, state.wanted) == (1, 2)
    assert served.trouble("double", x=3.0).predictions == [6.0]


@pytest.mark.slow
@pytest.mark.parametrize("end", ["owner", "term", "kill"])
def test_no_host_outlives_its_gateway(place, makes, double, end):
    """faults: 160, 164"""
    own = place / end
    own.mkdir()
    gateway = Gateway(makes.folders, own)
    gateway.start()
    gateway.serve("double", double)
    pids = [gateway.process.pid, *(host.pid for host in gateway.hosts())]
    assert len(pids) >= 3
    if end == "owner":
        gateway.process.stdin.close()
    else:
        os.kill(gateway.process.pid, signal.SIGTERM if end == "term" else signal.SIGKILL)
    gateway.process.wait(20)
    until(lambda: gone(pids), "the end of all processes")
    gateway.socket.close()


@pytest.mark.slow
def test_what_is_under_way_is_answered_before_the_gateway_ends(place, makes, double):
    own = place / "drain"
    own.mkdir()
    gateway = Gateway(makes.folders, own)
    gateway.start()
    gateway.serve("double", double)
    connection = gateway.connection()
    body, headers = (
        '{"inputs": [[1.0, "slow"]]}',
        {"Authorization": "Bearer krk_every", "Content-Type": "application/json"},
    )
    connection.request("POST", "/double/invocations", body, headers)
    until(lambda: any(r.state == "busy" for r in gateway.state().deployments[0].replicas), "the request")
    gateway.process.send_signal(signal.SIGTERM)
    assert connection.getresponse().status == 200
    assert gateway.process.wait(20) == 0
    gateway.socket.close()
