"""Serving: `jupyter kronkers serve` on its own data folder, with lines registered and deployed, through its doors."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from jupyter_kronkers.api.deployments import Deployment, DeploymentChange, NewDeployment, Replica
from jupyter_kronkers.api.tokens import NewToken
from jupyter_kronkers.client import Client
from jupyter_kronkers.control import Plane, living_owner
from jupyter_kronkers.errors import KronkersError
from jupyter_kronkers.models.intake import finish
from jupyter_kronkers.store import Folders
from tests.chaos.asking import Plan
from tests.chaos.lines import fresh, line

PATIENCE_S = 90.0
GATEWAY = "jupyter_kronkers.serving.gateway"


class Serving:
    """A control plane in its own process, and what is asked of it."""

    def __init__(self, place: Path, *words: str) -> None:
        self.folders = Folders(place / "data").prepare()
        self._log = (place / "serve.log").open("ab")
        command = [sys.executable, "-m", "jupyter_kronkers.cli", "serve", "--port", "0", *words]
        env = os.environ | {"KRONKERS_DATA_DIR": str(self.folders.root)}
        self.process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, start_new_session=True
        )
        self.plane = self._up()
        self.client = self.connect()
        self.secret = self.client.create_token(NewToken(name="chaos", deployments=["*"])).secret
        self.factors: dict[str, float] = {}

    def _up(self) -> Plane:
        def reachable() -> Plane | None:
            plane = living_owner(self.folders)
            return plane if plane and plane.pid == self.process.pid and plane.url else None

        return until(reachable, "the control plane")

    def connect(self) -> Client:
        """A client of its own, for a thread of its own."""
        return Client.connect(self.folders.root)

    # What is served

    def register(self, name: str, language: str, factor: float) -> int:
        """The next version of a line; its number."""
        raw, ready = line(fresh(self.folders.staging, "raw"), language, factor), fresh(self.folders.staging, "ready")
        finish(raw, ready)
        version = self.client.register(name, ready)
        assert version.state == "ready", version
        self.factors[f"{name}/{version.number}"] = factor
        return version.number

    def deploy(self, name: str, model: str, **wish: object) -> Deployment:
        """Deployed, and ready with all its replicas."""
        self.client.deploy(NewDeployment(name=name, model=model, **wish))
        return self.settle(name)

    def settle(self, name: str, number: int | None = None, client: Client | None = None) -> Deployment:
        """Wait until it is ready with all its replicas, and this version answers."""
        ask = client or self.client

        def settled() -> Deployment | None:
            found = ask.deployment(name)
            right = found.state == "ready" and number in (None, found.live)
            return found if right and len(self.living(name, ask)) >= found.replicas else None

        return until(settled, f"{name} to settle ({number})", detail=lambda: str(ask.deployment(name)))

    def living(self, name: str, client: Client | None = None) -> list[Replica]:
        """Replicas of the live version that are ready."""
        replicas = (client or self.client).replicas(name).items
        return [one for one in replicas if one.pid and not one.warm and one.state in ("idle", "busy", "ready")]

    def change(self, name: str, **wish: object) -> Deployment:
        return self.client.change_deployment(name, DeploymentChange(**wish))

    # Where

    @property
    def port(self) -> int:
        return int(str(self.client.ready().gateway_url).rpartition(":")[2])

    def plan(self, deployment: str, **more: object) -> Plan:
        """To ask this deployment, and check what its versions answer."""
        return Plan(self.port, self.secret, deployment, self.factors, **more)

    # Its processes

    def processes(self) -> list[psutil.Process]:
        """The control plane's own and all below it."""
        try:
            own = psutil.Process(self.process.pid)
            return [own, *own.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def gateways(self) -> list[psutil.Process]:
        """The gateway processes."""
        return [process for process in self.processes()[1:] if is_gateway(process)]

    def kin_of_replicas(self) -> list[psutil.Process]:
        """Every replica's process with what it descends from and what descends from that.

        Those that a gateway took over from a killed one are not below the control plane any more.
        """
        found: dict[int, psutil.Process] = {}
        for deployment in self.client.deployments():
            for replica in self.client.replicas(deployment.name).items:
                with suppress(psutil.Error):
                    own = psutil.Process(replica.pid)
                    eldest = [own, *(one for one in own.parents() if one.pid > 1)][-1]
                    found |= {one.pid: one for one in [eldest, *eldest.children(recursive=True)]}
        return list(found.values())

    def stop(self) -> None:
        """End it as a person would; what it left behind is for the caller to look at."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._log.close()


def is_gateway(process: psutil.Process) -> bool:
    try:
        words = process.cmdline()
    except psutil.Error:
        return False
    return GATEWAY in words and "--admin" in words


@contextmanager
def serving(lines: Mapping[tuple[str, str], tuple[float, ...]], *words: str) -> Iterator[Serving]:
    """Up, with versions of these factors registered by (model, language), the last of each model its champion."""
    place = Path(tempfile.mkdtemp(prefix="krk"))
    found = Serving(place, *words)
    try:
        for (model, language), factors in lines.items():
            for factor in factors:
                number = found.register(model, language, factor)
            found.client.move(model, "champion", number)
        yield found
    finally:
        found.stop()
        for file in place.rglob("*"):
            if file.is_dir() and not file.is_symlink():
                file.chmod(0o700)
        shutil.rmtree(place, ignore_errors=True)


def until(fact: Callable[[], Any], what: str, limit_s: float = PATIENCE_S, detail: Callable[[], str] = str) -> Any:
    """Wait for a fact, and give it. Raises TimeoutError with `detail`."""
    ends = time.monotonic() + limit_s
    while True:
        try:
            if found := fact():
                return found
        except (OSError, KronkersError) as problem:
            if time.monotonic() > ends:
                raise TimeoutError(f"{what} did not come within {limit_s:g} s") from problem
        if time.monotonic() > ends:
            raise TimeoutError(f"{what} did not come within {limit_s:g} s. {detail()}")
        time.sleep(0.02)


def gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them lives: by pid and moment of start, so that a reused pid deceives nobody."""
    return not survivors(processes)


def survivors(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if lives(process)]


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
