"""The command line and servers as real processes on one data folder."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_kronkers.control import Plane, living_owner
from jupyter_kronkers.store import Folders
from tests.models.conftest import bikes, finished, mlflow_template, rows  # noqa: F401

UP_S = 90.0


@pytest.fixture
def folders(tmp_path, mlflow_template) -> Folders:  # noqa: F811
    folders = Folders(tmp_path / "kronkers").prepare()
    shutil.copy(mlflow_template, folders.mlflow_database)
    return folders


@pytest.fixture(scope="session")
def raw_capture(tmp_path_factory) -> Path:
    """A capture as a kernel leaves it, before `intake`."""
    model, predict = bikes()
    finished(tmp_path_factory.mktemp("raw") / "bikes", model, predict, metrics={"rmse": 41.25})
    return next(tmp_path_factory.getbasetemp().glob("raw*/bikes/raw"))


class Ran:
    """A command that ended."""

    def __init__(self, process: subprocess.CompletedProcess[str]) -> None:
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr

    @property
    def json(self):
        return json.loads(self.out)


def environment(folders: Folders) -> dict[str, str]:
    home = folders.root.parent / "home"
    home.mkdir(exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    jupyter = {f"JUPYTER_{kind}_DIR": str(home / kind.lower()) for kind in ("CONFIG", "RUNTIME", "DATA")}
    return {**kept, **jupyter, "HOME": str(home), "KRONKERS_DATA_DIR": str(folders.root)}


@pytest.fixture
def kronkers(folders) -> Callable[..., Ran]:
    """`kronkers("models", "list")`: runs the command line in a process of its own."""

    def run(*words: str, stdin: str = "") -> Ran:
        command = [sys.executable, "-m", "jupyter_kronkers.cli", *words]
        found = subprocess.run(
            command, input=stdin, capture_output=True, text=True, env=environment(folders), check=False, timeout=180
        )
        return Ran(found)

    return run


@pytest.fixture
def lab(folders) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts Jupyter Servers with the extension on the folder; ends them by pid afterwards."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        log = (folders.root.parent / f"lab{len(started)}.log").open("wb")
        command = [sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser", "--port=0"]
        command += [
            "--ServerApp.port_retries=0",
            "--IdentityProvider.token=secret",
            f"--notebook-dir={folders.root.parent}",
        ]
        command += ["--ServerApp.jpserver_extensions={'jupyter_kronkers': True}"]
        process = subprocess.Popen(command, env=environment(folders), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        started.append(process)
        return process

    yield start
    for process in started:
        end(process)


@pytest.fixture
def serving(folders, kronkers) -> Iterator[Plane]:
    """`jupyter kronkers serve`, up."""
    answered = kronkers("serve", "--background", "--port", "0")
    assert answered.code == 0, answered.err
    plane = living_owner(folders)
    yield plane
    if plane.alive:
        os.kill(plane.pid, signal.SIGTERM)
        until(lambda: not plane.alive, "the end of serve")


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(fact: Callable[[], object], what: str, limit_s: float = UP_S):
    """Waits for a fact, and gives it."""
    ends = time.monotonic() + limit_s
    while not (found := fact()):
        assert time.monotonic() < ends, f"{what} did not come within {limit_s} s"
        time.sleep(0.05)
    return found


def owner(folders: Folders, pid: int) -> Plane | None:
    """The owner, if it is this process and can be asked."""
    plane = living_owner(folders)
    return plane if plane and plane.pid == pid and plane.url else None
