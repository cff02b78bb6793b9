"""A real gateway process, its callers, and models that behave badly on request."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from jupyter_kronkers.languages import find
from jupyter_kronkers.serving.gateway.routes import Grant, Placed, Route, Routes, ServingLimits
from jupyter_kronkers.serving.gateway.states import DeploymentState, State
from jupyter_kronkers.store import Folders
from tests.serving.artifacts import ROWS, Makes, troublemaker
from tests.serving.nursery import Nursery, below, told

SECRET = "krk_every"
QUICK = ServingLimits(request_s=5.0, start_s=60.0, memory_bytes=1 << 30)


class Answered:
    """One HTTP answer."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def predictions(self):
        assert self.status == 200, self.body
        return self.json["predictions"]


class Gateway:
    """The gateway's process with a listening socket of ours."""

    def __init__(self, folders: Folders, base: Path) -> None:
        self.folders, self.base = folders, base
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.socket.getsockname()[1]
        self.admin = str(base / "admin")
        self.routes: dict[str, Route] = {}
        self.grants = [Grant(hashlib.sha256(SECRET.encode()).hexdigest(), ("*",))]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        Path(self.admin).unlink(missing_ok=True)
        command = [sys.executable, "-m", "jupyter_kronkers.serving.gateway", "--socket-fd", str(self.socket.fileno())]
        command += ["--admin", self.admin, "--folder", str(self.folders.gateway)]
        with (self.base / "gateway.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, pass_fds=[self.socket.fileno()]
            )

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)

    def listens(self) -> bool:
        """Between its making and the first `listen` a socket's file is there and refuses."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.admin) == 0

    def ask_admin(self, method: str, path: str, body: bytes | None = None) -> Answered:
        until(lambda: self.listens() or self.process.poll() is not None, "the admin socket")
        assert self.process.poll() is None, self.log()
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(60)
        connection.sock.connect(self.admin)
        connection.request(method, path, body)
        answer = Answered(connection.getresponse())
        connection.close()
        return answer

    def put(self, *routes: Route) -> None:
        self.routes |= {route.deployment: route for route in routes}
        key = Makes(self.folders).signer.public_key.decode()
        wanted = Routes(tuple(self.routes.values()), tuple(self.grants), key)
        assert self.ask_admin("PUT", "/routes", msgspec.json.encode(wanted)).status == 200

    def serve(self, name: str, placed: Placed, *, limits: ServingLimits = QUICK, **more) -> DeploymentState:
        self.put(Route(name, placed, limits=limits, **more))
        # One that sleeps early may have been ready and gone to sleep before this looks.
        return self.wait(name, lambda state: state.number == placed.number and state.state in ("ready", "idle"))

    def state(self, after: int = 0) -> State:
        return msgspec.json.decode(self.ask_admin("GET", f"/state?after={after}").body, type=State)

    def wait(self, name: str, wanted: Callable[[DeploymentState], bool], wait_s: float = 60) -> DeploymentState:
        end, revision = time.monotonic() + wait_s, 0
        while time.monotonic() < end:
            state = self.state(revision)
            revision = state.revision
            for deployment in state.deployments:
                if deployment.name == name and wanted(deployment):
                    return deployment
        raise AssertionError(f"{name} did not become as wanted: {self.state()}\n{self.log()}")

    def log(self) -> str:
        return (self.base / "gateway.log").read_text()[-5_000:]

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def request(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Answered:
        connection = self.connection()
        given = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {name: value for name, value in given.items() if value})
        answer = Answered(connection.getresponse())
        connection.close()
        return answer

    def predict(self, name: str, body: object, **headers: str) -> Answered:
        return self.request("POST", f"/{name}/invocations", json.dumps(body), **headers)

    def trouble(self, name: str, do: str = "answer", x: float = 1.0) -> Answered:
        return self.predict(name, {"dataframe_split": {"columns": ["x", "do"], "data": [[x, do]]}})

    def hosts(self) -> list[psutil.Process]:
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)


def until(fact: Callable[[], bool], what: str, wait_s: float = 30) -> None:
    end = time.monotonic() + wait_s
    while not fact():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.01)


def gone(pids: list[int]) -> bool:
    return not any(lives(pid) for pid in pids)


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != "zombie"
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A short folder: the path of a Unix socket may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="krk") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def makes(place: Path) -> Makes:
    return Makes(Folders(place / "data").prepare())


@pytest.fixture(scope="module")
def gateway(place: Path, makes: Makes) -> Iterator[Gateway]:
    gateway = Gateway(makes.folders, place)
    gateway.start()
    yield gateway
    gateway.stop()
    gateway.socket.close()
    os.system(f"chmod -R u+w {place}")


@pytest.fixture(scope="module")
def double(makes: Makes) -> Placed:
    return makes.python("double", 1, *reversed_arguments(2.0))


@pytest.fixture(scope="module")
def triple(makes: Makes) -> Placed:
    return makes.python("double", 2, *reversed_arguments(3.0))


def reversed_arguments(factor: float):
    model, predict = troublemaker(factor)
    return model, ROWS, predict


@pytest.fixture
def nursery(tmp_path, monkeypatch, double):
    """nursery(story, data) plays the story with the nursery of a version, and looks that nothing is left."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def play(story: Callable[[Nursery], Awaitable[None]], placed=double, language="python", **limits: float) -> None:
        asyncio.run(told(story, Nursery(Path(placed.folder) / "data", tmp_path, find(language), **limits)))
        assert below() == before

    before = below()
    return play
