"""Hosts that are killed from outside, at every step of their lives: nobody who asks notices."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from jupyter_kronkers.errors import HostDied
from jupyter_kronkers.serving.gateway.batching import Ask
from jupyter_kronkers.serving.gateway.routes import Route
from jupyter_kronkers.serving.gateway.states import DeploymentState
from tests.serving.artifacts import ROWS
from tests.serving.bystanders import Bystanders
from tests.serving.conftest import QUICK, Gateway, gone, until
from tests.serving.test_batching import loaded


@pytest.fixture
def served(gateway, double) -> Gateway:
    gateway.serve("double", double)
    return gateway


def kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def pids(state: DeploymentState, *states: str) -> list[int]:
    return [replica.pid for replica in state.replicas if replica.pid and replica.state in states]


@pytest.fixture(scope="module")
def endless(makes):
    """A version whose hosts never get through their warm-up."""

    def predict(model, rows):
        import os
        import time

        if "kronkers-host" in os.getcwd():
            time.sleep(3600)
        return [3.0 * value for value in rows["x"].tolist()]

    return makes.python("double", 2, {}, ROWS, predict)


@pytest.mark.slow
def test_killed_at_its_start_or_while_it_loads_and_the_old_version_serves_on(served, endless):
    """faults: 159"""
    before = {host.pid for host in served.hosts()}
    with Bystanders(served.port) as others:
        served.put(Route("double", endless, limits=QUICK))
        until(lambda: killed(new_hosts(served, before)) and now(served).state == "degraded", "the end of all of them")
        others.more(20)
    assert (others.wrong, now(served).number) == ([], 1)


def now(gateway: Gateway) -> DeploymentState:
    """How it stands at this moment; that a replica is busy is no news to wait for."""
    return next(one for one in gateway.state().deployments if one.name == "double")


def busy_pids(gateway: Gateway) -> list[int]:
    until(lambda: bool(pids(now(gateway), "busy")), "a busy host")
    return pids(now(gateway), "busy")


def living(gateway: Gateway) -> set[int]:
    return set(pids(now(gateway), "idle", "busy", "spare", "starting"))


def killed(hosts: list[int]) -> bool:
    for pid in hosts:
        kill_if_there(pid)
    return True


def new_hosts(gateway: Gateway, before: set[int]) -> list[int]:
    return [host.pid for host in gateway.hosts() if host.pid not in before and host.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.slow
@pytest.mark.parametrize("spares", [0, 2])
def test_killed_while_it_predicts_and_the_request_is_answered(served, double, spares):
    """faults: 159"""
    served.serve("double", double, spares=spares)
    for _ in range(3):
        with ThreadPoolExecutor(1) as caller:
            answer = caller.submit(served.trouble, "double", "slow", 4.0)
            kill(*busy_pids(served))
            assert answer.result().predictions == [8.0]


@pytest.mark.slow
def test_killed_while_it_drains_and_its_last_request_is_answered(served, double, triple):
    """faults: 159"""
    with ThreadPoolExecutor(1) as caller:
        answer = caller.submit(served.trouble, "double", "slow", 4.0)
        busy = busy_pids(served)
        served.serve("double", triple, previous=double)
        kill(*busy)
        assert answer.result().predictions == [8.0]
    served.serve("double", double)


@pytest.mark.slow
def test_killed_while_it_stops_and_nothing_is_left(served, double):
    """faults: 159"""
    served.serve("passing", double, replicas=3)
    hosts = pids(served.wait("passing", lambda state: len(pids(state, "idle")) == 3), "idle")
    del served.routes["passing"]
    killer = threading.Thread(target=killed, args=(hosts,))
    killer.start()
    served.put()
    killer.join()
    until(lambda: gone(hosts), "the hosts' end")
    assert served.trouble("passing").status == 404


def kill_if_there(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        kill(pid)


@pytest.mark.slow
def test_kills_in_quick_succession_reach_no_caller(served, double):
    """faults: 159

    Each kill takes whoever is there at that moment: one that serves, a spare, or one that is just being proven; the
    next follows as soon as there was one answer.
    """
    served.serve("double", double, replicas=2, spares=1)
    with Bystanders(served.port) as others:
        dead: set[int] = set()
        for _ in range(25):
            until(lambda: bool(living(served) - dead), "somebody to kill")
            for victim in sorted(living(served) - dead)[:1]:
                kill_if_there(victim)
                dead.add(victim)
            others.more(1)
        others.more(30)
    assert others.wrong == []


# What one ask may cost


@pytest.mark.parametrize(("deaths", "hosts"), [("kkk", 3), ("cc", 2), ("kc", 3), ("ckk", 3), ("kcc", 3)])
def test_a_row_costs_two_hosts_that_crash_and_at_most_three_that_end(deaths, hosts):
    """faults: 64, 159: c crashes over its row, k is killed from outside"""
    answers = []
    left = deque(deaths + "c" * 3)

    class Mortal:
        """Ends over each ask, as the script says."""

        state = "idle"

        def ask(self, _table, _limit_s, done) -> None:
            problem = HostDied("HostDied", "gone", "python")
            problem.killed = left.popleft() == "k"
            asked.append(problem)
            done(problem)

    async def play() -> None:
        version = loaded()
        version.serving[:] = [Mortal()]
        version.ask(Ask([], 1, float("inf"), answers.append))

    asked: list[HostDied] = []
    asyncio.run(play())
    assert len(asked) == hosts
    assert [type(answer) for answer in answers] == [HostDied]
