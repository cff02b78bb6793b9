"""Telling: each gateway process hears its routes, and says how it stands, over its own admin socket.

event ─▶ Wanted (read anew once) ─▶ Line 0 ── PUT /routes ──▶ admin.0      A gateway that is away is told when it is
                                └─▶ Line 1 ── GET /state ───▶ admin.1      back; one that hangs delays no other.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from jupyter_kronkers.errors import Unavailable
from jupyter_kronkers.serving.counting import Told
from jupyter_kronkers.serving.gateway.routes import Routes
from jupyter_kronkers.serving.gateway.states import State

log = logging.getLogger(__name__)

ASK_S = 60.0
GLANCE_S = 0.5
AWAY_S, LONGEST_AWAY_S = 0.1, 2.0


class Wanted:
    """The routes as they should be, read from the database once after each change."""

    def __init__(self, read: Callable[[], Routes]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._changes, self._read_after = 1, 0
        self._routes = Routes()

    def changed(self) -> None:
        self._changes += 1

    def routes(self) -> Routes:
        """Raises what reading raises."""
        with self._lock:
            # Counted before reading: a change meanwhile makes us read again.
            if (changes := self._changes) != self._read_after:
                self._routes, self._read_after = self._read(), changes
            return self._routes


class Line:
    """The conversation with one gateway, in two threads of its own, from `open` to `close`."""

    def __init__(self, admin: Path, wanted: Wanted, heard: Callable[[State], None]) -> None:
        self._admin, self._wanted, self._heard = admin, wanted, heard
        self._news, self._closed = threading.Event(), threading.Event()
        self._told: Routes | None = None
        self._threads: list[threading.Thread] = []
        self._asking: set[socket.socket] = set()

    def open(self) -> None:
        self._news.set()
        for work in (self._keep_told, self._keep_hearing):
            thread = threading.Thread(target=work, name=f"kronkers-{self._admin.name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def changed(self) -> None:
        """There may be other routes to tell."""
        self._news.set()

    def close(self) -> None:
        """Nothing is told any more, and a long poll under way is broken off."""
        self._closed.set()
        self._news.set()
        for connection in tuple(self._asking):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def join(self, wait_s: float) -> None:
        for thread in self._threads:
            thread.join(wait_s)

    def _keep_told(self) -> None:
        pause_s = AWAY_S
        while not self._closed.is_set():
            self._news.wait()
            self._news.clear()
            try:
                self._tell()
                pause_s = AWAY_S
            except Exception as problem:  # noqa: BLE001 - a door: whatever fails here is tried again
                log.debug("%s was not told its routes: %s", self._admin.name, problem)
                self._closed.wait(pause_s)
                pause_s = min(LONGEST_AWAY_S, 2 * pause_s)
                self._news.set()

    def _tell(self) -> None:
        if self._closed.is_set():
            return
        routes = self._wanted.routes()
        if routes != self._told:
            self._ask("PUT", "/routes", msgspec.json.encode(routes))
            self._told = routes

    def _keep_hearing(self) -> None:
        after = pid = 0
        while not self._closed.is_set():
            try:
                state = msgspec.json.decode(self._ask("GET", f"/state?after={after}"), type=State)
            except (OSError, http.client.HTTPException, Unavailable, msgspec.MsgspecError):
                after = 0
                self._closed.wait(AWAY_S)
                continue
            after = state.revision
            if state.pid != pid:
                pid, self._told = state.pid, None
                self._news.set()
            try:
                self._heard(state)
            except Exception:  # a door: what the control plane makes of it does not end the conversation
                log.exception("What %s said could not be taken in", self._admin.name)

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        return asked(self._admin, method, path, body, during=self._breakable)

    @contextlib.contextmanager
    def _breakable(self, connection: socket.socket) -> Iterator[None]:
        """`close` breaks it off. Raises OSError if that was before."""
        self._asking.add(connection)
        try:
            if self._closed.is_set():
                raise ConnectionAbortedError("nothing is told any more")
            yield
        finally:
            self._asking.discard(connection)


def asked(
    admin: Path,
    method: str,
    path: str,
    body: bytes | None = None,
    *,
    wait_s: float = ASK_S,
    during: Callable[[socket.socket], AbstractContextManager[object]] = contextlib.nullcontext,
) -> bytes:
    """What a gateway says over its admin socket. Raises OSError while it is away, Unavailable if it refuses."""
    connection = http.client.HTTPConnection("gateway", timeout=wait_s)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(wait_s)
    with contextlib.closing(connection), during(connection.sock):
        connection.sock.connect(str(admin))
        connection.request(method, path, body)
        answer = connection.getresponse()
        content = answer.read()
    if answer.status != 200:
        raise Unavailable(f"The gateway answered {answer.status} to {method} {path}: {content[:500]!r}")
    return content


def tallies_of(admin: Path) -> Told | None:
    """What a gateway has counted of its callers; None if it does not say so at once."""
    try:
        return msgspec.json.decode(asked(admin, "GET", "/tallies?of=callers", wait_s=GLANCE_S), type=Told)
    except (OSError, http.client.HTTPException, Unavailable, msgspec.MsgspecError) as problem:
        log.debug("%s did not tell what it has counted: %s", admin.name, problem)
        return None
