"""Models and hosts that behave badly: their caller gets a clear error, nobody else notices."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from jupyter_kronkers.serving.gateway.routes import ServingLimits
from tests.serving.bystanders import Bystanders
from tests.serving.conftest import gone, until


@pytest.fixture(scope="module")
def served(gateway, double):
    gateway.serve("double", double)
    return gateway


@pytest.fixture
def bystanders(served):
    """Others who ask all the while; gives what they got."""
    with Bystanders(served.port) as bystanders:
        yield bystanders


@pytest.mark.slow
@pytest.mark.parametrize(
    ("do", "status", "word"),
    [
        ("raise", 502, "this row is bad"),
        ("quit", 502, "sys.exit"),
        ("leave", 502, "gone"),
        ("crash", 502, "SIGSEGV"),
        ("abort", 502, "SIGABRT"),
        ("memory", 502, "MemoryError"),
        ("nan", 502, "finite"),
        ("short", 502, "rows"),
        ("loop", 504, "longer"),
    ],
)
def test_trouble_costs_its_caller_a_clear_error_and_nobody_else_anything(bystanders, served, do, status, word):
    """faults: 63, 64, 65, 66, 69"""
    answer = served.trouble("double", do)
    assert answer.status == status, answer.body
    assert word in answer.json["message"]
    served.wait("double", lambda state: any(r.state in ("idle", "busy") for r in state.replicas))
    assert served.trouble("double", x=4.0).predictions == [8.0]
    bystanders.stop()
    assert bystanders.wrong == []


def test_the_models_own_error_is_told_with_its_class(served):
    problem = served.trouble("double", "raise").json
    assert problem["model_error"] == {"class": "ValueError", "language": "python"}
    assert problem["code"] == "model_failed"


@pytest.mark.slow
def test_a_gigabyte_of_prints_harms_nobody_and_is_capped_in_the_log(served, makes):
    """faults: 64, 183"""
    with Bystanders(served.port) as others:
        answer = served.trouble("double", "print")
    assert answer.status in (200, 504)
    assert others.wrong == []
    logs = makes.folders.gateway / "logs" / "double"
    assert sum(file.stat().st_size for file in logs.iterdir()) < 16 << 20


@pytest.mark.slow
def test_a_killed_host_is_replaced_and_no_request_fails(bystanders, served):
    """faults: 159"""
    for _ in range(5):
        kill_host(served)
        bystanders.more(20)
    bystanders.stop()
    assert bystanders.wrong == []


def kill_host(gateway) -> None:
    """Kill the host of `double`, and wait until there is another."""
    before = gateway.wait("double", lambda state: bool(state.replicas and state.replicas[0].pid)).replicas[0].pid
    os.kill(before, signal.SIGKILL)
    gateway.wait(
        "double", lambda state: any(r.pid not in (0, before) and r.state in ("idle", "busy") for r in state.replicas)
    )


@pytest.mark.slow
def test_what_a_model_leaves_running_ends_with_its_host(served):
    """faults: 64"""
    assert served.trouble("double", "fork").status == 200
    host = served.wait("double", lambda state: bool(state.replicas)).replicas[0].pid
    children = [child.pid for child in psutil.Process(host).children()]
    assert children
    os.kill(host, signal.SIGKILL)
    until(lambda: gone(children), "the forked child's end")


@pytest.mark.slow
def test_a_version_that_always_crashes_rests_and_says_so(gateway, makes):
    """faults: 65, rule 23"""

    def predict(model, rows):
        import os

        if rows["x"].tolist()[0] > 100:
            os.abort()
        return rows["x"].tolist()

    from tests.serving.artifacts import ROWS

    gateway.serve("doomed", makes.python("doomed", 1, {}, ROWS, predict))
    statuses = [gateway.trouble("doomed", x=1_000.0) for _ in range(4)]
    assert {answer.status for answer in statuses} <= {502, 503}
    assert statuses[-1].status == 503
    assert int(statuses[-1].headers["Retry-After"]) >= 1
    assert "rests" in statuses[-1].json["detail"]
    until(lambda: gateway.trouble("doomed", x=2.0).status == 200, "its recovery")


@pytest.mark.slow
def test_a_full_queue_refuses_at_once_and_recovers(gateway, double):
    """faults: 62, rule 23"""
    limits = ServingLimits(queue=4)
    gateway.serve("narrow", double, limits=limits)
    with ThreadPoolExecutor(40) as callers:
        answers = list(callers.map(lambda _: timed(gateway, "slow"), range(40)))
    refused = [(answer, took) for answer, took in answers if answer.status == 503]
    assert refused
    assert all(answer.headers["Retry-After"] == "1" for answer, _ in refused)
    assert {answer.status for answer, _ in answers} == {200, 503}
    assert gateway.trouble("narrow").status == 200


def timed(gateway, do):
    began = time.monotonic()
    answer = gateway.trouble("narrow", do)
    return answer, time.monotonic() - began


@pytest.mark.slow
def test_a_caller_who_leaves_is_counted_and_frees_his_place(served):
    """faults: 60"""
    connection = served.connection()
    body = '{"inputs": [[1.0, "slow"]]}'
    headers = {"Authorization": "Bearer krk_every", "Content-Type": "application/json"}
    connection.request("POST", "/double/invocations", body, headers)
    connection.sock.close()
    until(lambda: b'deployment="double",status="499"' in served.request("GET", "/metrics").body, "the count")
    assert served.trouble("double").status == 200


@pytest.mark.slow
def test_a_model_that_garbles_the_protocol_loses_its_host_only(gateway, makes):
    """faults: 189"""

    def predict(model, rows):
        import contextlib
        import os

        if rows["x"].tolist()[0] > 100:
            for fd in range(3, 200):
                with contextlib.suppress(OSError):
                    os.write(fd, b"\xff" * 64)
        return rows["x"].tolist()

    from tests.serving.artifacts import ROWS

    gateway.serve("garbling", makes.python("garbling", 1, {}, ROWS, predict))
    answer = gateway.trouble("garbling", x=1_000.0)
    assert answer.status == 502
    assert "protocol" in answer.json["message"]
    assert gateway.trouble("garbling", x=2.0).predictions == [2.0]


def test_requests_wait_no_longer_than_they_may(gateway, double):
    """faults: 65"""
    gateway.serve("brief", double, limits=ServingLimits(request_s=1.0))
    began = time.monotonic()
    assert gateway.trouble("brief", "loop").status == 504
    assert time.monotonic() - began < 3.0
