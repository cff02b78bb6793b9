"""R and Julia behind the gateway: the same promises as for Python."""

from __future__ import annotations

import os
import shutil
import signal

import pytest

from tests.serving.artifacts import trouble_in
from tests.serving.bystanders import Bystanders

pytestmark = pytest.mark.slow

PROGRAMS = {"r": "Rscript", "julia": "julia"}


@pytest.fixture(scope="module", params=sorted(PROGRAMS))
def language(request):
    if shutil.which(PROGRAMS[request.param]) is None:
        pytest.skip(f"needs {PROGRAMS[request.param]}")
    return request.param


@pytest.fixture(scope="module")
def served(gateway, makes, language):
    gateway.serve(f"double-{language}", trouble_in(makes, language))
    return gateway


def test_a_batch_of_rows_is_answered(served, language):
    rows = [[float(x), "answer"] for x in range(1_000)]
    answer = served.predict(f"double-{language}", {"inputs": rows})
    assert answer.predictions == [2.0 * x for x, _ in rows]
    assert answer.headers["X-Kronkers-Version"] == f"double-{language}/1"


@pytest.mark.parametrize(
    ("do", "status", "words"),
    [
        ("raise", 502, ["this row is bad"]),
        ("quit", 502, ["gone"]),
        ("crash", 502, ["SIGSEGV", "SIGABRT"]),
        ("memory", 502, ["cannot allocate", "OutOfMemory", "gone"]),
        ("loop", 504, ["longer"]),
    ],
)
def test_trouble_costs_its_caller_a_clear_error_and_nobody_else_anything(served, language, do, status, words):
    """faults: 64, 65, 66"""
    name = f"double-{language}"
    with Bystanders(served.port, name) as others:
        answer = served.trouble(name, do)
        others.more(10)
    assert answer.status == status, answer.body
    assert any(word in answer.json["message"] for word in words), answer.json
    assert others.wrong == []


def test_a_killed_host_is_replaced_and_no_request_fails(served, language):
    """faults: 159"""
    name = f"double-{language}"
    with Bystanders(served.port, name) as others:
        for _ in range(3):
            pid = served.wait(name, lambda state: bool(state.replicas and state.replicas[0].pid)).replicas[0].pid
            os.kill(pid, signal.SIGKILL)
            served.wait(name, lambda state, old=pid: any(r.pid not in (0, old) for r in state.replicas))
            others.more(30)
    assert others.wrong == []
