"""One control plane per data folder, with real servers: who attaches, who takes over, who is refused."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request

import psutil
import pytest

from jupyter_kronkers.access import local_principal
from jupyter_kronkers.api.uploads import Upload
from jupyter_kronkers.client import Client
from jupyter_kronkers.control import living_owner
from jupyter_kronkers.serving.supervising.whereabouts import living_supervisor
from tests.cli.conftest import environment, owner, until

REFUSED, NOT_RUNNING = 4, 6

REGISTER = """
import sys
from pathlib import Path
from jupyter_kronkers.access import local_principal
from jupyter_kronkers.api.uploads import Upload
from jupyter_kronkers.client import Client

for _ in range(int(sys.argv[2])):
    with Client.connect() as client:
        print(client.register("bikes", Path(sys.argv[1])).number, flush=True)
"""


def port_of(log: str) -> str:
    # Our own line tells the owner's port, which is another.
    found = re.search(r"http://127\.0\.0\.1:(\d+)/(?!kronkers/api)", log)
    return found[1] if found else ""


def api(folders, number: int, path: str, body: bytes | None = None, method: str | None = None) -> bytes:
    """An answer of the Lab that was started as this number, below Jupyter's own URL."""
    log = folders.root.parent / f"lab{number}.log"
    port = until(lambda: port_of(log.read_text()), "the Lab's port")
    # Jupyter tells its port before it listens.
    until(lambda: listens(port), "the Lab")
    headers = {"Authorization": "token secret"}
    place = f"http://127.0.0.1:{port}/kronkers/api/v1/{path}"
    request = urllib.request.Request(place, body, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def gone(pid: int) -> bool:
    """Whether a process has ended; nobody may have fetched its status yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def uploaded(folders, number: int) -> int:
    """Sends a large file through a Lab that is only attached. Returns its size as the owner saw it."""
    upload = json.loads(api(folders, number, "uploads", b""))["id"]
    sent = api(folders, number, f"uploads/{upload}/files/model/model.pkl", bytes(8 << 20), "PUT")
    return json.loads(sent)["size_bytes"]


def listens(port: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port))) == 0


@pytest.mark.slow
def test_a_second_lab_and_the_command_line_attach_and_one_takes_over(folders, lab, kronkers):
    """faults: 163, 164, 178"""
    first = lab()
    plane = until(lambda: owner(folders, first.pid), "the first owner")
    second = lab()
    with Client.connect(folders.root) as client:
        assert client.owner.pid == first.pid
        name = client.create_model("churn").name
    assert name == "churn"
    assert b'"churn"' in api(folders, 1, "models"), "the second Lab passes on"
    assert living_owner(folders).pid == first.pid
    assert uploaded(folders, 1) == 8 << 20, "files pass through, too"
    gateway = [child.pid for child in psutil.Process(first.pid).children(recursive=True)]
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert b'"churn"' in api(folders, 1, "models"), "whoever asks in between waits a moment"
    until(lambda: owner(folders, second.pid), "the second owner", 30)
    assert plane.alive is False
    until(lambda: all(map(gone, gateway)), "the end of the dead owner's processes")
    assert kronkers("models", "list", "--json").json[0]["name"] == "churn"


@pytest.mark.slow
def test_serve_is_refused_where_a_lab_is(folders, lab, kronkers):
    """faults: 166, 178"""
    process = lab()
    plane = until(lambda: owner(folders, process.pid), "the owner")
    refused = kronkers("serve")
    assert refused.code == REFUSED
    assert f"pid {process.pid}" in refused.err
    assert plane.url in refused.err
    assert kronkers("stop").code == REFUSED


@pytest.mark.slow
def test_serve_ends_in_words_where_a_stranger_has_the_gateways_port(folders, kronkers):
    """faults: 166, 167"""
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        refused = kronkers("serve", "--port", "0", "--gateway-port", str(port))
    assert refused.code == REFUSED, refused.err
    assert f"127.0.0.1:{port}" in refused.err
    assert living_owner(folders) is None


@pytest.mark.slow
def test_nothing_lives_on_after_stop(folders, serving, kronkers):
    children = [child.pid for child in psutil.Process(serving.pid).children(recursive=True)]
    assert children
    assert kronkers("stop").code == 0
    assert gone(serving.pid)
    until(lambda: all(map(gone, children)), "the end of its children", 10)
    assert living_owner(folders) is None


@pytest.mark.slow
def test_serve_answers_nothing_of_a_jupyter_server(folders, serving):
    """faults: 131"""
    told = json.loads((folders.root.parent / "home" / "runtime" / f"jpserver-{serving.pid}.json").read_text())
    port, token = told["port"], told["token"]
    assert token not in (folders.control / "serve.log").read_text()
    found = {
        path: status(port, path, token)
        for path in ("api/contents", "api/kernels", "api/terminals", "files/serve.log", "lab")
    }
    assert status(port, "kronkers/api/v1/me", token) == 200
    assert status(port, "kronkers/api/v1/me", "wrong") == 401
    assert set(found.values()) <= {403, 404}, found


def status(port: str | int, path: str, token: str, host: str = "127.0.0.1") -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", headers={"Authorization": f"token {token}"})
    request.add_header("Host", host)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.slow
def test_only_the_folders_user_gets_past_the_owners_port(serving):
    """faults: 117, 125"""
    port = serving.url.split(":")[2].partition("/")[0]
    assert status(port, "kronkers/api/v1/me", "wrong") == 401
    assert status(port, "kronkers/api/v1/me", serving.token, host="evil.example") == 421


@pytest.mark.slow
def test_an_upload_that_is_cut_leaves_no_file(folders, serving):
    """faults: 38"""
    with Client.connect(folders.root) as client:
        upload = client._ask("POST", "/uploads", Upload).id
    place = serving.url.removeprefix("http://")
    host, _, path = place.partition("/")
    port = int(host.rpartition(":")[2])
    head = f"PUT /{path}/uploads/{upload}/files/model/m.pkl HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000000\r\n"
    head += f"Authorization: Bearer {serving.token}\r\nX-Kronkers-Principal: {local_principal().name}\r\n"
    head += "X-Kronkers-Scopes: admin\r\n\r\n"
    waiting = folders.uploads / upload
    with socket.create_connection(("127.0.0.1", port)) as caller:
        caller.sendall(head.encode() + b"x" * 300_000)
        until(lambda: list((waiting / "parts").iterdir()), "the first bytes")
    until(lambda: not list((waiting / "parts").iterdir()), "the end of the part")
    assert list((waiting / "files").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("owned", [True, False], ids=["one serves", "nobody serves"])
def test_ten_processes_register_at_once_and_get_numbers_of_their_own(folders, request, owned, raw_capture, tmp_path):
    """faults: 11"""
    from jupyter_kronkers.models.intake import finish

    if owned:
        request.getfixturevalue("serving")
    finish(raw_capture, tmp_path / "finished")
    each = 5 if owned else 1
    command = [sys.executable, "-c", REGISTER, str(tmp_path / "finished"), str(each)]
    processes = [
        subprocess.Popen(command, env=environment(folders), stdout=subprocess.PIPE, text=True) for _ in range(10)
    ]
    numbers = [int(line) for process in processes for line in process.communicate(timeout=500)[0].split()]
    assert sorted(numbers) == list(range(1, 10 * each + 1))
    with sqlite3.connect(folders.database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.slow
def test_what_a_killed_serve_left_is_seen_taken_over_and_stopped(folders, serving, kronkers):
    """faults: 163, 164"""
    left = living_supervisor(folders.gateway)
    gateways = [child.pid for child in psutil.Process(left.pid).children()]
    os.kill(serving.pid, signal.SIGKILL)
    until(lambda: not serving.alive, "its end")
    told = kronkers("status")
    assert told.code == NOT_RUNNING
    assert left.url in told.out
    assert "jupyter kronkers stop" in told.out
    owner_found = next(one for one in kronkers("doctor", "--json").json if one["what"] == "owner")
    assert (owner_found["verdict"], str(left.pid) in owner_found["words"]) == ("warning", True)
    assert kronkers("serve", "--background", "--port", "0").code == 0
    assert living_supervisor(folders.gateway) == left
    assert [child.pid for child in psutil.Process(left.pid).children()] == gateways
    os.kill(living_owner(folders).pid, signal.SIGKILL)
    until(lambda: living_owner(folders) is None, "its end")
    assert kronkers("stop").code == 0
    assert all(map(gone, [left.pid, *gateways]))
    assert not os.path.exists(left.place)
    assert kronkers("stop").code == NOT_RUNNING


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_an_interrupt_or_a_closed_terminal_ends_everything(folders, serving, number):
    left = living_supervisor(folders.gateway)
    os.kill(serving.pid, number)
    until(lambda: gone(left.pid) and not serving.alive, "the end of everything", 30)
    assert living_supervisor(folders.gateway) is None


@pytest.mark.slow
def test_several_gateways_and_their_memory_are_options_of_serve(folders, kronkers):
    assert kronkers("serve", "--memory", "much").code == REFUSED
    started = kronkers("serve", "--background", "--port", "0", "--gateways", "2", "--memory", "1GiB")
    assert started.code == 0, started.err
    left = living_supervisor(folders.gateway)
    gateways = psutil.Process(left.pid).children()
    memory = until(lambda: memory_in(folders), "the routes")
    assert kronkers("stop").code == 0
    assert (left.gateways, len(gateways)) == (2, 2)
    assert memory == 1 << 29, "each has half of it"


def memory_in(folders) -> int:
    routes = folders.gateway / "routes.json"
    return json.loads(routes.read_text())["memory_bytes"] if routes.exists() else 0
