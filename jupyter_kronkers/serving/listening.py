"""Listening: the socket on which predictions are asked for, and whose fault it is if it cannot be had."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from jupyter_kronkers.errors import Conflict

log = logging.getLogger(__name__)

BACKLOG = 1_024
PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0)
STRANGERS_S, OURS_S = 1.0, 20.0
"""How long a port is waited for. A gateway that is ending gives it up soon; a stranger may just be restarting."""

LISTENS = "0A"


class Holder(NamedTuple):
    """A process that listens on a port."""

    pid: int
    command: str

    @property
    def ours(self) -> bool:
        return "jupyter_kronkers.serving" in self.command

    def __str__(self) -> str:
        return f"pid {self.pid} ({self.command[:120]})"


def listen(host: str, port: int, remembered: Path) -> socket.socket:
    """A listening socket. port: 0 takes the one in the file `remembered`, or a free one, and remembers it.

    A port that was asked for is never replaced by another. Raises Conflict in words, naming who has it.
    """
    last = last_port(remembered) if not port else 0
    try:
        listening = patiently(host, port or last)
    except Conflict as problem:
        if not last:
            raise
        log.warning("%s Predictions are served on another port.", problem.message)
        listening = patiently(host, 0)
    remembered.write_text(str(listening.getsockname()[1]))
    return listening


def last_port(remembered: Path) -> int:
    try:
        found = int(remembered.read_text())
    except (OSError, ValueError):
        return 0
    return found if 0 < found < 65_536 else 0


def patiently(host: str, port: int) -> socket.socket:
    began = time.monotonic()
    for pause_s in pauses():
        try:
            return bound(host, port)
        except OSError as problem:
            holder = holder_of(port) if problem.errno == errno.EADDRINUSE else None
            patience_s = OURS_S if holder is not None and holder.ours else STRANGERS_S
            if problem.errno != errno.EADDRINUSE or time.monotonic() - began > patience_s:
                raise refusal(host, port, problem, holder) from problem
        time.sleep(pause_s)
    raise AssertionError("pauses() has no end")


def pauses() -> Iterator[float]:
    yield from PAUSES_S
    while True:
        yield PAUSES_S[-1]


def bound(host: str, port: int) -> socket.socket:
    """A listening socket on the first address of this host. Raises OSError if it cannot be had."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    # SO_REUSEADDR only lets a port be taken again whose last connections are still fading away.
    return socket.create_server(address[:2], family=family, backlog=BACKLOG)


def refusal(host: str, port: int, problem: OSError, holder: Holder | None) -> Conflict:
    if problem.errno == errno.EADDRINUSE:
        why = f"{holder or 'another process'} listens there"
        remedy = f"End it, or choose another port. To look: ss -ltnp 'sport = :{port}'"
    elif problem.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        why = "this machine has no such address now"
        remedy = "Bring its interface up, or choose another address, as ::1 where there is IPv6 only."
    elif isinstance(problem, socket.gaierror):
        why, remedy = f"nobody knows that name ({problem.strerror})", "Give an address of this machine."
    elif problem.errno == errno.EACCES:
        why, remedy = "you may not", "Choose a port above 1023."
    else:
        why, remedy = str(problem.strerror or problem), "Choose another address or port."
    return Conflict(f"The gateway cannot listen on {host}:{port}: {why}.", remedy=remedy, code="port_taken")


def url_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


# Who has it


def holder_of(port: int) -> Holder | None:
    """The process that listens on a port, where the system tells (Linux) and it is one that we may look at."""
    sockets = {f"socket:[{inode}]" for inode in inodes(port)}
    for process in Path("/proc").glob("[0-9]*") if sockets else ():
        if sockets & links(process / "fd"):
            return Holder(int(process.name), command_of(process))
    return None


def inodes(port: int) -> Iterator[str]:
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        try:
            entries = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, entries):
            if fields[3] == LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def links(descriptors: Path) -> set[str]:
    found = set()
    # It may end meanwhile, close one of them, or not be ours to look at.
    with contextlib.suppress(OSError):
        for name in os.listdir(descriptors):
            with contextlib.suppress(OSError):
                found.add(os.readlink(descriptors / name))
    return found


def command_of(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return ""
