"""Attaching: how a control plane comes by its supervisor. It finds the one that serves this folder, or starts one.

living, as wished ──▶ tied to it, nothing restarts          other release or settings ──▶ stopped, then started anew
none ──▶ started, on our listening socket                   just ending ──▶ waited for
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from jupyter_kronkers.errors import Unavailable
from jupyter_kronkers.release import version
from jupyter_kronkers.serving.listening import url_of
from jupyter_kronkers.serving.supervising.__main__ import TAKEN
from jupyter_kronkers.serving.supervising.orders import Order, Report, Stop, Tie, line, lines
from jupyter_kronkers.serving.supervising.slots import opened_log
from jupyter_kronkers.serving.supervising.supervision import STOP_S
from jupyter_kronkers.serving.supervising.whereabouts import Whereabouts, living_supervisor
from jupyter_kronkers.store.processes import alive, started_at

FIRST_WORD_S = 30.0
LONGER_S = 5.0
"""How much longer than its gateways a supervisor may take to end."""


class Wish(NamedTuple):
    """How it should be served. port: 0 is any."""

    folder: Path
    host: str
    port: int
    gateways: int
    outlives: bool

    def fits(self, found: Whereabouts) -> bool:
        """Whether a living supervisor serves just so; one of another release speaks another language, perhaps.
        One that was started to outlive its owner is taken as it is by an owner who would not have that."""
        if found.outlives and not self.outlives:
            return found.release == version()
        port = int(found.url.rpartition(":")[2])
        same_host = found.url == f"{url_without_port(self.host)}:{port}"
        return same_host and self.port in (0, port) and (found.gateways, found.release) == (self.gateways, version())


class Attached:
    """A connection to the supervisor that holds our gateways. `listening` is our copy of the socket it serves."""

    def __init__(self, connection: socket.socket, pid: int, process: subprocess.Popen[bytes] | None = None) -> None:
        self.listening: socket.socket | None = None
        self._connection, self._pid, self._process = connection, pid, process
        self._started_at = started_at(pid)
        self._buffer = bytearray()
        connection.settimeout(FIRST_WORD_S)
        # The process is there already, so it is not left behind if it says nothing.
        try:
            self.first = next(self.reports())
        except (StopIteration, TimeoutError) as problem:
            self.kill()
            status = process.wait() if process is not None else 0
            raise Taken(status) from problem
        connection.settimeout(None)

    def reports(self) -> Iterator[Report]:
        """What it says from now on, until it has ended."""
        while True:
            for said in lines(self._buffer):
                yield msgspec.json.decode(said, type=Report)
            try:
                content, descriptors, _, _ = socket.recv_fds(self._connection, 1 << 16, 1)
            except TimeoutError:
                raise
            except OSError:
                return
            for descriptor in descriptors:
                self._receive(descriptor)
            if not content:
                return
            self._buffer += content

    def tell(self, order: Order) -> None:
        with contextlib.suppress(OSError):
            self._connection.sendall(line(order))

    def stop(self) -> None:
        """Ask it to end everything. It has when `reports` ends."""
        self.tell(Stop(self.first.nonce))

    def leave(self) -> None:
        """Let it go on without us. `reports` ends."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def mourn(self) -> None:
        """Wait until the process is gone; kill it if it lingers, whereupon its gateways end by themselves."""
        self._connection.close()
        if not gone(self._pid, self._started_at, self._process, LONGER_S):
            self.kill()
            gone(self._pid, self._started_at, self._process, LONGER_S)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)

    def _receive(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        if self.listening is None:
            self.listening = socket.socket(fileno=descriptor)
        else:
            os.close(descriptor)


class Taken(Unavailable):
    """Another supervisor holds the folder, or this one ended before its first word."""

    def __init__(self, status: int) -> None:
        why = "another one holds the folder" if status == TAKEN else f"it ended with status {status}"
        super().__init__(f"The supervisor did not start: {why}.", remedy="Its log is gateway/supervisor.log.")


def found(wish: Wish) -> Attached | None:
    """Tied to the supervisor that lives. One that serves otherwise is stopped; None where there is none (any more)."""
    there = living_supervisor(wish.folder)
    if there is None:
        return None
    if not wish.fits(there):
        end(there)
        return None
    try:
        connection = connected(there)
        connection.sendall(line(Tie(there.nonce, wish.outlives)))
        return Attached(connection, there.pid)
    except (OSError, Taken):  # it is ending just now
        gone(there.pid, there.started_at, None, STOP_S + LONGER_S)
        return None


def begun(wish: Wish, listening: socket.socket) -> Attached:
    """A new supervisor on this socket. Raises Taken if another one is there after all."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-P", "-m", "jupyter_kronkers.serving.supervising", "--folder", str(wish.folder)]
    command += ["--socket-fd", str(listening.fileno()), "--tie-fd", str(theirs.fileno())]
    command += ["--gateways", str(wish.gateways)]
    with theirs, opened_log(wish.folder / "supervisor.log") as printed:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
            pass_fds=[listening.fileno(), theirs.fileno()],
            start_new_session=True,
        )
    attached = Attached(ours, process.pid, process)
    if wish.outlives:
        attached.tell(Tie(attached.first.nonce, outlives=True))
    return attached


def end(there: Whereabouts) -> None:
    """Stop a supervisor, its gateways and their hosts, letting what is under way finish. Returns when it is gone."""
    try:
        with connected(there) as connection:
            connection.sendall(line(Stop(there.nonce)))
            while connection.recv(1 << 16):
                pass
    except OSError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(there.pid, signal.SIGTERM)
    if not gone(there.pid, there.started_at, None, STOP_S + LONGER_S):
        with contextlib.suppress(ProcessLookupError):
            os.kill(there.pid, signal.SIGKILL)


def connected(there: Whereabouts) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(STOP_S + LONGER_S)
    try:
        connection.connect(str(there.door))
    except OSError:
        connection.close()
        raise
    return connection


def gone(pid: int, started: int, process: subprocess.Popen[bytes] | None, wait_s: float) -> bool:
    """Whether the process has ended within this time. process: if it is a child of ours."""
    ends = time.monotonic() + wait_s
    while process.poll() is None if process is not None else alive(pid, started):
        if time.monotonic() > ends:
            return False
        time.sleep(0.02)
    return True


def url_without_port(host: str) -> str:
    """As `url_of` spells it; a name is looked up."""
    family, _, _, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return f"http://[{address[0]}]" if family == socket.AF_INET6 else f"http://{address[0]}"


__all__ = ["Attached", "Taken", "Wish", "begun", "end", "found", "url_of"]
