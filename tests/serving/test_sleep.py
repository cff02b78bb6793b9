"""Deployments that nobody asks, and memory that is short: processes end, and come back when they are wanted."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import msgspec
import psutil
import pytest

from jupyter_kronkers.serving.gateway.deployments import memory
from jupyter_kronkers.serving.gateway.routes import Route, Routes, ServingLimits
from tests.serving.artifacts import Makes
from tests.serving.conftest import QUICK, Gateway, gone, until

DOZING = msgspec.structs.replace(QUICK, idle_s=0.5)


def starts(makes: Makes, name: str) -> int:
    """How often a host of the deployment began: each says so once in its log."""
    logs = makes.folders.gateway / "logs" / name
    return sum(file.read_text().count("began\n") for file in logs.rglob("*.log"))


@pytest.fixture(scope="module")
def announced(makes):
    """A model that prints when it is loaded as a host."""

    def predict(model, rows):
        import os
        import sys

        if "kronkers-host" in os.getcwd() and not hasattr(sys, "announced"):
            sys.announced = True
            print("began", flush=True)
        return [2.0 * value for value in rows["x"].tolist()]

    from tests.serving.artifacts import ROWS

    return makes.python("double", 1, {}, ROWS, predict)


@pytest.mark.slow
def test_a_deployment_that_nobody_asks_falls_asleep_and_the_next_request_wakes_it(gateway, double):
    gateway.serve("dozing", double, limits=DOZING, replicas=2, spares=1)
    pids = [replica.pid for replica in gateway.state().deployments[0].replicas if replica.pid]
    state = gateway.wait("dozing", lambda state: state.state == "idle")
    assert (state.number, state.replicas) == (1, ())
    until(lambda: gone(pids), "the end of its processes")
    assert gateway.request("GET", "/dozing/ping").status == 200
    assert gateway.trouble("dozing", x=3.0).predictions == [6.0]
    gateway.wait("dozing", lambda state: len([r for r in state.replicas if r.state in ("idle", "spare")]) == 3)


@pytest.mark.slow
def test_a_stampede_on_a_sleeper_starts_it_once(gateway, makes, announced):
    """faults: 70"""
    gateway.serve("stampeded", announced, limits=msgspec.structs.replace(DOZING, queue=150))
    gateway.wait("stampeded", lambda state: state.state == "idle")
    before = starts(makes, "stampeded")
    with ThreadPoolExecutor(200) as callers:
        answers = list(callers.map(lambda x: gateway.trouble("stampeded", x=float(x)), range(200)))
    served = [(x, answer) for x, answer in enumerate(answers) if answer.status == 200]
    refused = [answer for answer in answers if answer.status != 200]
    assert len(served) >= 150
    assert all(answer.predictions == [2.0 * x] for x, answer in served)
    assert all(answer.status == 503 and int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    assert starts(makes, "stampeded") == before + 1


@pytest.mark.slow
def test_a_new_version_for_a_sleeper_is_proven_and_sleeps_again(gateway, double, triple):
    gateway.serve("restless", double, limits=DOZING)
    gateway.wait("restless", lambda state: state.state == "idle")
    gateway.put(Route("restless", triple, limits=DOZING, previous=double))
    gateway.wait("restless", lambda state: state.state == "idle" and state.number == 2)
    assert gateway.trouble("restless", x=2.0).predictions == [6.0]


@pytest.mark.slow
def test_whoever_waits_too_long_for_a_replica_is_told_when_to_come_again(gateway, double):
    """faults: 62, rule 23"""
    # The second batch, of all who came during the first, keeps the replica for seconds: who comes then, waits.
    gateway.serve("crowded", double, limits=ServingLimits(queue_s=0.4))
    with ThreadPoolExecutor(12) as callers:
        answers = list(callers.map(lambda _: gateway.trouble("crowded", "slow"), range(24)))
    refused = [answer for answer in answers if answer.status == 503]
    assert {answer.status for answer in answers} == {200, 503}
    assert all(1 <= int(answer.headers["Retry-After"]) <= 60 for answer in refused)
    assert "waited" in refused[0].json["detail"]


# Spares


@pytest.mark.slow
def test_a_spare_takes_over_at_once_and_another_comes_behind_it(gateway, double):
    """faults: 159, rule 21"""
    gateway.serve("guarded", double, spares=2)
    states = gateway.wait("guarded", lambda state: len([r for r in state.replicas if r.state == "spare"]) == 2)
    serving = next(replica.pid for replica in states.replicas if replica.state != "spare")
    spares = {replica.pid for replica in states.replicas if replica.state == "spare"}
    os.kill(serving, signal.SIGKILL)
    state = gateway.wait("guarded", lambda state: serving not in {r.pid for r in state.replicas})
    assert {r.pid for r in state.replicas if r.state in ("idle", "busy")} <= spares
    gateway.wait("guarded", lambda state: len([r for r in state.replicas if r.state == "spare"]) == 2)
    gateway.serve("guarded", double)
    gateway.wait("guarded", lambda state: len(state.replicas) == 1)


# Memory


def test_a_process_and_what_it_started_are_measured():
    pid = os.getpid()
    below = memory.children()
    assert pid in below[os.getppid()]
    assert memory.tree(1, {1: [2, 3], 3: [4]}) == [1, 2, 3, 4]
    total, each = memory.measured(pid, [])
    assert (total >= 0, each) == (True, {})
    assert 0 < memory.pss(pid) <= 1.2 * psutil.Process().memory_info().rss
    assert memory.pss(2**22 + 1) == 0


@pytest.mark.slow
def test_replicas_tell_their_memory(gateway, double):
    gateway.serve("measured", double)
    state = gateway.wait("measured", lambda state: all(r.memory_bytes for r in state.replicas))
    assert state.replicas[0].memory_bytes > 1 << 20


@pytest.mark.slow
def test_over_the_budget_who_was_asked_least_lately_goes_and_comes_back_when_asked(place, makes, double, triple):
    """Kept warm goes first, then the others in their order; whoever was asked last stays."""
    own = place / "budget"
    own.mkdir()
    gateway = Gateway(makes.folders, own)
    gateway.start()
    names = ["first", "second", "third"]
    for name in names:
        gateway.serve(name, double, upcoming=triple)
        gateway.wait(name, lambda state: any(r.role == "warm" and r.memory_bytes for r in state.replicas))
        assert gateway.trouble(name, x=1.0).predictions == [2.0]
    budget(gateway, 1)
    gateway.wait("first", lambda state: state.state == "idle")
    gateway.wait("second", lambda state: state.state == "idle")
    states = {deployment.name: deployment for deployment in gateway.state().deployments}
    assert [replica.role for replica in states["third"].replicas] == ["live"]
    assert gateway.trouble("first", x=5.0).predictions == [10.0]
    gateway.wait("third", lambda state: state.state == "idle")
    gateway.stop()
    gateway.socket.close()


def budget(gateway: Gateway, size: int) -> None:
    key = Makes(gateway.folders).signer.public_key.decode()
    wanted = Routes(tuple(gateway.routes.values()), tuple(gateway.grants), key, memory_bytes=size)
    assert gateway.ask_admin("PUT", "/routes", msgspec.json.encode(wanted)).status == 200
