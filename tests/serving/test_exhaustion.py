"""A gateway that runs out of descriptors, or whose log nobody reads: it answers, refuses with 503, and recovers."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from jupyter_kronkers.serving.gateway.routes import Placed, Route
from tests.serving.conftest import Gateway, until

PING = b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n"
FEW = 64


@pytest.fixture
def started(place, makes):
    """`started(...)`: a gateway process with a limit on descriptors, or with a pipe for its log."""
    running: list[Gateway] = []

    def start(**more) -> Gateway:
        gateway = Gateway(makes.folders, place)
        running.append(gateway)
        command = [sys.executable, "-m", "jupyter_kronkers.serving.gateway", "--admin", gateway.admin]
        command += ["--socket-fd", str(gateway.socket.fileno()), "--folder", str(makes.folders.gateway)]
        Path(gateway.admin).unlink(missing_ok=True)
        gateway.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, pass_fds=[gateway.socket.fileno()], **{"stderr": subprocess.DEVNULL} | more
        )
        until(gateway.listens, "the gateway")
        return gateway

    yield start
    for gateway in running:
        gateway.stop()
        gateway.socket.close()


def few_descriptors() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, FEW))


def answered(gateway: Gateway, callers: contextlib.ExitStack) -> bytes:
    """The first line of the answer to one more caller, who stays."""
    caller = callers.enter_context(socket.create_connection(("127.0.0.1", gateway.port), 30))
    caller.sendall(PING)
    with contextlib.suppress(ConnectionResetError):
        return caller.recv(4_096).partition(b"\r\n")[0]
    return b"reset"


def test_callers_beyond_the_descriptors_get_503_and_it_recovers(started):
    """faults: 182"""
    gateway = started(preexec_fn=few_descriptors)
    with contextlib.ExitStack() as callers:
        said = [answered(gateway, callers) for _ in range(4 * FEW)]
        assert set(said) == {b"HTTP/1.1 200 OK", b"HTTP/1.1 503 Service Unavailable"}
        assert said.count(b"HTTP/1.1 200 OK") >= FEW // 4
    until(lambda: gateway.request("GET", "/ping").status == 200, "an answer after the flood")


def test_a_flood_beyond_the_descriptors_does_not_make_the_loop_spin(started):
    """faults: 182"""
    gateway = started(preexec_fn=few_descriptors)
    with contextlib.ExitStack() as callers:
        for _ in range(4 * FEW):
            callers.enter_context(socket.create_connection(("127.0.0.1", gateway.port), 30))
        process = psutil.Process(gateway.process.pid)
        before = sum(process.cpu_times()[:2])
        # A loop that spins takes the whole second; the bench of idle processes has the real figure.
        psutil.cpu_percent(1.0)
        assert sum(process.cpu_times()[:2]) - before < 0.5


def test_a_log_that_nobody_reads_stops_no_answer(started, makes):
    """faults: 183"""
    read, write = os.pipe()
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(write, b"x" * 65_536):
            pass
    os.set_blocking(write, True)
    gateway = started(stderr=write, stdout=write)
    for number in range(30):
        # Each of these has no artifact, which the gateway tells its log.
        gateway.put(missing(f"absent-{number}"))
        assert gateway.request("GET", "/ping").status == 200
    until(lambda: all(d.state == "failed" for d in gateway.state().deployments), "all to have failed")
    os.close(write)
    os.close(read)


def missing(name: str) -> Route:
    return Route(name, Placed(name, 1, "/nowhere", ""))
