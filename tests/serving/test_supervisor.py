"""The supervisor with a real gateway and registered versions: follow, roll back, survive."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from jupyter_kronkers.errors import Conflict
from jupyter_kronkers.serving import GatewaySupervisor
from tests.serving.bystanders import Bystanders
from tests.serving.conftest import SECRET, gone, until
from tests.serving.plane import ANNA, Plane

pytestmark = pytest.mark.slow
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    plane = Plane.at(tmp_path_factory.mktemp("plane") / "kronkers")
    for factor in (2.0, 3.0):
        plane.multiplier("double", factor)
    plane.models.move(ANNA, "double", "champion", 1)
    plane.deployments.create(ANNA, "live", "double", alias="champion")
    yield plane
    plane.store.close()


@pytest.fixture(scope="module")
def supervisor(plane):
    supervisor = GatewaySupervisor(plane.folders, plane.deployments, owner_token_digest=DIGEST)
    supervisor.start()
    yield supervisor
    supervisor.stop()


@pytest.fixture
def live(plane, supervisor):
    """The deployment `live`, with version 1 answering and version 2 warm."""
    plane.models.move(ANNA, "double", "champion", 1)
    settle(plane, 1)
    return plane.deployments


def settle(plane, number, *, warm=True):
    def settled():
        shown = plane.deployments.show("live")
        spare = any(replica.warm and replica.pid for replica in plane.deployments.replicas("live"))
        return (shown.state, shown.live) == ("ready", number) and (spare or not warm)

    until(settled, f"version {number} to be live: {plane.deployments.show('live')}", 60)


def port_of(supervisor):
    return int(supervisor.url.rpartition(":")[2])


def ask(supervisor, token=SECRET, path="/live/invocations"):
    connection = http.client.HTTPConnection("127.0.0.1", port_of(supervisor), timeout=60)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    connection.request("POST", path, json.dumps({"inputs": [[1.0, "answer"]]}), headers)
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body


def test_an_alias_that_moves_is_followed_within_a_second_and_no_request_fails(plane, supervisor, live):
    with Bystanders(port_of(supervisor), "live") as others:
        began = time.monotonic()
        plane.models.move(ANNA, "double", "champion", 2)
        until(lambda: others.right[-1] == "double/2", "the new version")
        took = time.monotonic() - began
        others.more(50)
    assert others.wrong == []
    assert took < 1.0


def test_a_rollback_is_followed_within_a_second_and_no_request_fails(plane, supervisor, live):
    plane.models.move(ANNA, "double", "champion", 2)
    settle(plane, 2)
    with Bystanders(port_of(supervisor), "live") as others:
        began = time.monotonic()
        plane.deployments.rollback(ANNA, "live", why="the numbers are wrong")
        until(lambda: others.right[-1] == "double/1", "the version before")
        took = time.monotonic() - began
        others.more(50)
    assert others.wrong == []
    assert took < 1.0


def test_a_killed_gateway_comes_back_on_its_socket_and_nobody_is_refused(plane, supervisor, live):
    """faults: 160"""
    refused, answered, done = [], [], threading.Event()

    def knock():
        while not done.is_set():
            try:
                socket.create_connection(("127.0.0.1", port_of(supervisor)), 30).close()
                answered.append(time.monotonic())
            except OSError as problem:
                refused.append(problem)

    knocking = threading.Thread(target=knock)
    knocking.start()
    pids = [supervisor.pid, *(replica.pid for replica in plane.deployments.replicas("live") if not replica.warm)]
    os.kill(supervisor.pid, signal.SIGKILL)
    until(lambda: supervisor.pid not in (None, pids[0]), "a new gateway")
    assert ask(supervisor)[0] == 200
    done.set()
    knocking.join()
    assert refused == []
    until(lambda: gone(pids), "the end of the old processes; the seed goes on")
    settle(plane, 1)


def test_a_new_token_opens_its_deployment_and_a_revoked_one_does_not(plane, supervisor, live):
    """faults: 117"""
    token, secret = plane.tokens.create(ANNA, "caller", deployments=["live"])
    until(lambda: ask(supervisor, secret)[0] == 200, "the token to be known")
    plane.tokens.revoke(ANNA, token.id)
    until(lambda: ask(supervisor, secret)[0] == 401, "the token to be forgotten")


def test_a_stopped_deployment_answers_no_more_and_starts_again(plane, supervisor, live):
    live.stop(ANNA, "live")
    until(lambda: ask(supervisor)[0] == 404, "its end")
    live.start(ANNA, "live")
    until(lambda: ask(supervisor)[0] == 200, "its start")


def test_what_hosts_print_can_be_read(plane, supervisor, live):
    connection = http.client.HTTPConnection("127.0.0.1", port_of(supervisor), timeout=60)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {SECRET}"}
    connection.request("POST", "/live/invocations", '{"inputs": [[1.0, "raise"]]}', headers)
    assert connection.getresponse().status == 502
    connection.close()
    until(lambda: any("this row is bad" in line for line in live.log("live")), "the traceback")


def test_the_port_is_kept_over_a_restart(plane, supervisor, live):
    """faults: 167"""
    before = supervisor.url
    supervisor.stop()
    assert supervisor.url is None
    assert plane.deployments.show("live").state == "stopped"
    supervisor.start()
    assert supervisor.url == before
    settle(plane, 1, warm=False)


def test_a_port_that_is_taken_is_told_in_words(plane):
    """faults: 166, 167"""
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        with pytest.raises(Conflict, match=str(port)):
            GatewaySupervisor(plane.folders, plane.deployments, port=port).start()


OWNER = """
import os, sys, time
sys.path.insert(0, {project!r})
from pathlib import Path
from jupyter_kronkers.serving import GatewaySupervisor
from tests.serving.plane import Plane
plane = Plane.at(Path({folder!r}))
supervisor = GatewaySupervisor(plane.folders, plane.deployments)
supervisor.start()
while not any(replica.pid for replica in plane.deployments.replicas("live")):
    time.sleep(0.05)
print(supervisor.pid, *[replica.pid for replica in plane.deployments.replicas("live")], flush=True)
time.sleep(600)
"""


def test_a_killed_owner_leaves_no_process(plane, supervisor, live):
    """faults: 163, 164"""
    supervisor.stop()
    project = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    code = OWNER.format(project=project, folder=str(plane.folders.root))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as owner:
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        assert len(pids) >= 2
        owner.kill()
    until(lambda: gone(pids), "the end of gateway and hosts")
    supervisor.start()
