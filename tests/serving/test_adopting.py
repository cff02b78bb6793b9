"""A killed gateway's successor goes on with what it has left: seeds, and hosts that cannot be forked."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from jupyter_kronkers.serving import GatewaySupervisor
from jupyter_kronkers.serving.gateway.hosts.adopting import Stranger, named, sane
from jupyter_kronkers.serving.gateway.keeping import Kept
from tests.serving.artifacts import trouble_raw
from tests.serving.conftest import SECRET, gone, until
from tests.serving.plane import ANNA, Plane
from tests.serving.test_supervisor import ask

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="needs pidfd")]
PR_SET_CHILD_SUBREAPER = 36
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    plane = Plane.at(tmp_path_factory.mktemp("plane") / "kronkers")
    plane.multiplier("double", 2.0)
    plane.deployments.create(ANNA, "live", "double", version=1)
    yield plane
    plane.store.close()


@pytest.fixture
def supervisor(plane):
    before = hosts()
    supervisor = GatewaySupervisor(plane.folders, plane.deployments, owner_token_digest=DIGEST)
    supervisor.start()
    until(lambda: ready(plane, "live"), "the deployment", 60)
    yield supervisor
    supervisor.stop()
    until(lambda: hosts() == before, "the end of every host")


def ready(plane, name):
    return plane.deployments.show(name).state == "ready" and any(r.pid for r in plane.deployments.replicas(name))


def hosts() -> set[int]:
    """Watchers of all hosts that were started here, whoever of those between has died."""
    return below(os.getpid())


def below(pid: int) -> set[int]:
    return {process.pid for process in psutil.Process(pid).children(recursive=True) if is_watcher(process)}


def is_watcher(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return any(word.endswith("launch.py") for word in process.cmdline()[:6])
    return False


@pytest.fixture(scope="module", autouse=True)
def orphans_come_here():
    """What a killed gateway leaves becomes a child of ours, which tells it from what others run beside us."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    yield
    libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    for child in psutil.Process().children():
        if child.status() == psutil.STATUS_ZOMBIE:
            os.waitpid(child.pid, os.WNOHANG)


def killed(supervisor) -> None:
    """Kill the gateway and wait for its successor's first answer."""
    old = supervisor.pid
    os.kill(old, signal.SIGKILL)
    until(lambda: supervisor.pid not in (None, old), "a new gateway")


def pids(plane, name):
    return {replica.pid for replica in plane.deployments.replicas(name) if replica.pid and not replica.warm}


def test_a_seed_outlives_a_killed_gateway_and_forks_for_the_next(plane, supervisor):
    """faults: 160"""
    seeds, replicas = below(supervisor.pid), pids(plane, "live")
    killed(supervisor)
    assert ask(supervisor)[0] == 200
    assert {pid for pid in seeds if psutil.pid_exists(pid)} == seeds
    until(lambda: gone(list(replicas)), "the end of the old replicas")
    until(lambda: pids(plane, "live") not in (set(), replicas), "the new replicas")
    assert below(supervisor.pid) == set()


def test_a_replica_in_an_endless_loop_does_not_outlive_its_gateway(plane, supervisor):
    """faults: 65, 160"""
    (stuck,) = pids(plane, "live")
    os.kill(stuck, signal.SIGSTOP)
    killed(supervisor)
    assert ask(supervisor)[0] == 200
    until(lambda: gone([stuck]), "its end")


def test_kills_in_a_row_leave_one_seed(plane, supervisor):
    """faults: 160"""
    before = hosts()
    for _ in range(2):
        killed(supervisor)
        assert ask(supervisor)[0] == 200
    assert hosts() == before


def test_a_seed_that_was_killed_with_its_gateway_is_sown_again(plane, supervisor):
    """faults: 160, 165"""
    (seed,) = below(supervisor.pid)
    os.kill(seed, signal.SIGKILL)
    killed(supervisor)
    assert ask(supervisor)[0] == 200


@pytest.mark.skipif(shutil.which("julia") is None, reason="needs julia")
def test_a_host_that_cannot_be_forked_is_adopted_itself(plane, supervisor):
    """faults: 160"""
    plane.register("double-jl", trouble_raw(plane.folders, "julia"))
    plane.deployments.create(ANNA, "live-jl", "double-jl", version=1)
    until(lambda: ready(plane, "live-jl"), "the deployment", 60)
    before = pids(plane, "live-jl")
    killed(supervisor)
    assert ask(supervisor, path="/live-jl/invocations")[0] == 200
    until(lambda: pids(plane, "live-jl") == before, "the same host")
    os.kill(next(iter(before)), signal.SIGKILL)
    until(lambda: pids(plane, "live-jl") not in (before, set()), "another")
    assert ask(supervisor, path="/live-jl/invocations")[0] == 200
    plane.deployments.delete(ANNA, "live-jl")


# What is not adopted


@pytest.fixture
def sleeper():
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def test_a_process_that_only_has_the_number_of_a_watcher_is_left_alone(sleeper):
    """faults: 164"""

    async def story():
        kept = Kept("x", named(sleeper.pid) | {"started": "1"}, os.pipe())
        assert await sane(kept, Path()) is None

    asyncio.run(story())
    assert sleeper.poll() is None


def test_a_host_that_does_not_answer_is_ended_and_not_adopted(sleeper):
    async def story():
        (read, write), (read2, write2) = os.pipe(), os.pipe()
        began = time.monotonic()
        assert await sane(Kept("x", named(sleeper.pid), (write, read2)), Path()) is None
        assert time.monotonic() - began < 10
        os.close(read)
        os.close(write2)

    asyncio.run(story())
    assert sleeper.wait(10) == -signal.SIGTERM


def test_a_stranger_tells_when_it_has_ended(sleeper):
    async def story():
        stranger = Stranger.of(named(sleeper.pid))
        stranger.end()
        stranger.end()
        assert await stranger.ended() == "it ended"
        await stranger.stopped()
        assert Stranger.of(named(os.getpid()) | {"watcher": "0"}) is None

    asyncio.run(story())
