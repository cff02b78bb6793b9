"""Whoever is killed, predictions go on or come back, and nothing is left behind that should not be."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from jupyter_kronkers.serving import GatewaySupervisor
from jupyter_kronkers.serving.supervising.whereabouts import living_supervisor
from tests.serving.bystanders import Bystanders
from tests.serving.conftest import SECRET, gone, until
from tests.serving.plane import ANNA, Plane
from tests.serving.test_supervisor import ask, port_of

pytestmark = pytest.mark.slow
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()
PROJECT = Path(__file__).parents[2]

OWNER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from jupyter_kronkers.serving import GatewaySupervisor
from tests.serving.plane import Plane
plane = Plane.at(Path(sys.argv[2]))
supervisor = GatewaySupervisor(
    plane.folders, plane.deployments, owner_token_digest=sys.argv[3], outlives=bool(int(sys.argv[4]))
)
supervisor.start()
while plane.deployments.show("live").state != "ready":
    time.sleep(0.05)
print(supervisor.url, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    plane = Plane.at(tmp_path_factory.mktemp("plane") / "kronkers")
    plane.multiplier("double", 2.0)
    plane.deployments.create(ANNA, "live", "double", version=1)
    yield plane
    plane.store.close()


@pytest.fixture
def owner(plane):
    """`owner(outlives=True)`: another process that owns the folder and has its deployment served."""
    started: list[subprocess.Popen[str]] = []

    def start(*, outlives: bool) -> subprocess.Popen[str]:
        words = [sys.executable, "-c", OWNER, str(PROJECT), str(plane.folders.root), DIGEST, str(int(outlives))]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        started.append(process)
        process.stdout.readline()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
    left = living_supervisor(plane.folders.gateway)
    if left is not None:
        os.kill(left.pid, signal.SIGTERM)
        until(lambda: gone([left.pid]), "the end of what was left")


@pytest.fixture
def supervised(plane):
    """`supervised(gateways=2)`: served from this process."""
    started: list[GatewaySupervisor] = []

    def start(**more) -> GatewaySupervisor:
        supervisor = GatewaySupervisor(plane.folders, plane.deployments, owner_token_digest=DIGEST, **more)
        started.append(supervisor)
        supervisor.start()
        until(lambda: plane.deployments.show("live").state == "ready", "the deployment", 60)
        return supervisor

    yield start
    for supervisor in started:
        supervisor.stop()


def family(pid: int) -> list[int]:
    """A process and everything it started."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


class Knocking:
    """Connects again and again; `refused` must stay empty."""

    def __init__(self, port: int) -> None:
        self.port, self.refused, self.taken = port, [], 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._knock)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()

    def _knock(self):
        while not self._done.wait(0.002):
            try:
                socket.create_connection(("127.0.0.1", self.port), 30).close()
                self.taken += 1
            except OSError as problem:
                self.refused.append(problem)


# The gateway


def test_a_killed_gateway_of_two_leaves_the_other_to_answer(plane, supervised):
    """faults: 160"""
    supervisor = supervised(gateways=2)
    first, second = supervisor.pids
    with Knocking(port_of(supervisor)) as knocking:
        os.kill(first, signal.SIGKILL)
        assert all(ask(supervisor)[0] == 200 for _ in range(50))
        until(lambda: supervisor.pids[0] not in (0, first), "its successor")
    assert knocking.refused == []
    assert supervisor.pids[1] == second


def test_each_gateway_has_replicas_of_its_own_and_all_are_told(plane, supervised):
    supervised(gateways=2)
    until(lambda: len(plane.deployments.replicas("live")) == 2, "a replica of each")
    plane.deployments.update(ANNA, "live", replicas=2)
    until(lambda: sum(r.state == "idle" for r in plane.deployments.replicas("live")) == 4, "two replicas of each", 60)
    plane.deployments.update(ANNA, "live", replicas=1)


def test_several_gateways_share_their_callers_about_evenly(plane, supervised):
    supervisor = supervised(gateways=2)
    callers = [socket.create_connection(("127.0.0.1", port_of(supervisor))) for _ in range(64)]
    for caller in callers:
        caller.sendall(b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert caller.recv(1_000).startswith(b"HTTP/1.1 200")
    shares = [established(pid, port_of(supervisor)) for pid in supervisor.pids]
    for caller in callers:
        caller.close()
    assert sum(shares) == 64
    assert min(shares) >= 24, shares


def established(pid: int, port: int) -> int:
    found = psutil.Process(pid).net_connections("tcp")
    return sum(c.status == psutil.CONN_ESTABLISHED and c.laddr.port == port for c in found)


def test_a_gateway_killed_during_a_swap_comes_back_with_the_version_that_is_wanted(plane, supervised):
    """faults: 160, 163"""
    plane.multiplier("double", 3.0)
    supervisor = supervised()
    with Knocking(port_of(supervisor)) as knocking:
        plane.deployments.update(ANNA, "live", version=2)
        os.kill(supervisor.pid, signal.SIGKILL)
        until(lambda: plane.deployments.show("live").live == 2, "the version that was wanted", 60)
        assert ask(supervisor)[1]["predictions"] == [3.0]
    assert knocking.refused == []
    plane.deployments.update(ANNA, "live", version=1)


# The control plane


def test_predictions_outlive_a_killed_control_plane_and_the_next_one_takes_them_over(plane, owner, supervised):
    """faults: 163, 164"""
    first = owner(outlives=True)
    left = living_supervisor(plane.folders.gateway)
    served = family(left.pid)
    with Bystanders(int(left.url.rpartition(":")[2]), "live") as others:
        first.kill()
        first.wait()
        others.more(50)
        second = supervised(outlives=True)
        others.more(50)
    assert others.wrong == []
    assert living_supervisor(plane.folders.gateway).pid == left.pid
    assert second.url == left.url
    assert set(second.pids) <= set(served), "nothing was started again"
    second.stop()
    until(lambda: gone(served), "the end of everything")
    assert not Path(left.place).exists()


def test_an_owner_with_other_wishes_has_it_served_anew(plane, owner, supervised):
    first = owner(outlives=True)
    left = living_supervisor(plane.folders.gateway)
    first.kill()
    first.wait()
    supervisor = supervised(gateways=2, outlives=True)
    assert len(supervisor.pids) == 2
    assert supervisor.url == left.url, "the port stays"
    assert gone([left.pid])


def test_a_lab_in_between_does_not_end_what_serve_serves(plane, owner, supervised):
    """faults: 163, 164"""
    first = owner(outlives=True)
    left = living_supervisor(plane.folders.gateway)
    served = family(left.pid)
    first.kill()
    first.wait()
    lab = supervised(gateways=2)
    assert set(lab.pids) <= set(served), "it is taken as it is"
    with Bystanders(int(left.url.rpartition(":")[2]), "live") as others:
        others.more(50)
        began = time.monotonic()
        lab.stop()
        assert time.monotonic() - began < 5
        others.more(50)
    assert others.wrong == []
    assert plane.deployments.show("live").state == "stopped", "of the Lab's own view nothing is known any more"
    second = supervised(outlives=True)
    assert set(second.pids) <= set(served)
    second.stop()
    until(lambda: gone(served), "the end of everything")


def test_a_killed_lab_leaves_nothing_behind(plane, owner):
    """faults: 163, 164"""
    process = owner(outlives=False)
    left = living_supervisor(plane.folders.gateway)
    served = family(left.pid)
    process.kill()
    until(lambda: gone(served), "the end of everything")
    until(lambda: not Path(left.place).exists(), "the end of its sockets")
    assert living_supervisor(plane.folders.gateway) is None


# The supervisor


def test_a_killed_supervisor_is_started_again_and_nobody_is_refused(plane, supervised):
    """faults: 164"""
    supervisor = supervised()
    left = living_supervisor(plane.folders.gateway)
    served = family(left.pid)
    with Knocking(port_of(supervisor)) as knocking:
        os.kill(left.pid, signal.SIGKILL)
        until(lambda: gone(served), "the end of its gateways and hosts")
        until(lambda: living_supervisor(plane.folders.gateway), "its successor")
        assert ask(supervisor)[0] == 200
    assert knocking.refused == []
    assert not Path(left.place).exists(), "its sockets were swept"


def test_there_are_never_two_supervisors(plane, supervised):
    """faults: 164"""
    supervised()
    first = living_supervisor(plane.folders.gateway)
    listening, tie = socket.create_server(("127.0.0.1", 0)), socket.socketpair()
    words = [sys.executable, "-P", "-m", "jupyter_kronkers.serving.supervising", "--folder", str(plane.folders.gateway)]
    words += ["--socket-fd", str(listening.fileno()), "--tie-fd", str(tie[1].fileno())]
    done = subprocess.run(words, pass_fds=[listening.fileno(), tie[1].fileno()], check=False, timeout=60)
    assert done.returncode == 3
    assert living_supervisor(plane.folders.gateway) == first
    for end in (listening, *tie):
        end.close()


# Everything, and what lies around it


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_after_everything_was_ended_together_it_starts_clean(plane, owner, supervised, number):
    """faults: 165"""
    process = owner(outlives=True)
    left = living_supervisor(plane.folders.gateway)
    served = [process.pid, *family(left.pid)]
    for pid in served:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    until(lambda: gone(served), "their end")
    assert ask(supervised())[0] == 200


def test_predictions_go_on_while_the_database_is_locked(plane, supervised):
    """faults: 170, 171"""
    supervisor = supervised()
    holding = sqlite3.connect(plane.folders.database, isolation_level=None)
    holding.execute("BEGIN EXCLUSIVE")
    assert all(ask(supervisor)[0] == 200 for _ in range(20))
    os.kill(supervisor.pid, signal.SIGKILL)
    assert ask(supervisor)[0] == 200, "even after a restart, by the last good routes"
    holding.rollback()
    holding.close()


def test_what_is_decided_while_the_database_was_away_is_told_when_it_is_back(plane, supervised):
    """faults: 170, 171"""
    supervisor = supervised()
    database, hidden = plane.folders.database, plane.folders.database.with_suffix(".away")
    plane.store.engine.dispose()
    database.rename(hidden)
    database.mkdir()
    supervisor._wanted.changed()
    for line in supervisor._lines:
        line.changed()
    assert ask(supervisor)[0] == 200
    database.rmdir()
    hidden.rename(database)
    _, secret = plane.tokens.create(ANNA, f"later-{time.time_ns()}", deployments=["live"])
    until(lambda: ask(supervisor, secret)[0] == 200, "the token to be known")


def test_the_supervisor_is_light():
    """It brings no SQL, no event loop and no NumPy, so that it starts at once and lives by itself."""
    code = "import sys, jupyter_kronkers.serving.supervising.__main__; print(*sys.modules)"
    brought = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    heavy = {"sqlalchemy", "alembic", "mlflow", "pandas", "numpy", "asyncio", "uvloop", "cryptography"}
    assert heavy.isdisjoint(brought.split())
