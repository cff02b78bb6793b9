"""Servers: one application on one listening socket."""

from __future__ import annotations

import asyncio
import math
import socket
import time
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Protocol

from jupyter_kronkers.serving.gateway.answers import JSON, Answer
from jupyter_kronkers.serving.gateway.http.connections import Connection
from jupyter_kronkers.serving.gateway.http.exchanges import Application
from jupyter_kronkers.serving.gateway.http.heads import Heads
from jupyter_kronkers.serving.gateway.http.limits import HttpLimits

STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class Listener(Protocol):
    """What takes connections from a listening socket until it is closed."""

    def close(self) -> None: ...


Accepting = Callable[[Callable[[], Connection], Callable[[], int]], Listener]
"""Begins to take connections: how one is made, and how many there are now."""


class HttpServer:
    """Serves one application on one listening socket."""

    SWEEP_S = 0.25
    SILENT_AT_ONCE = 32
    """Idle connections that one sweep closes. Thousands at once, opened together, kept callers from seeing that theirs
    was closed before they asked on it."""

    def __init__(self, application: Application, limits: HttpLimits | None = None) -> None:
        self.application = application
        self.limits = limits or HttpLimits()
        self.connections: set[Connection] = set()
        self.heads = Heads(application)
        self.draining = False
        self.now = time.monotonic
        self.clock = self.now()
        """The time as of the last sweep: exact enough for a connection that has nothing to do."""
        self._listener: Listener | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._stamp(time.time())

    async def start(self, sock: socket.socket, accepting: Accepting | None = None) -> None:
        """Begin to accept, by the loop's own means or the caller's. The socket listens already or will be made to."""
        loop = asyncio.get_running_loop()
        if accepting is None:
            self._listener = await loop.create_server(lambda: Connection(self), sock=sock, backlog=1_024)
        else:
            self._listener = accepting(lambda: Connection(self), lambda: len(self.connections))
        self._sweep()

    async def drain(self, allowed_s: float) -> None:
        """Accept no more, let answers under way go out, then close everything. Takes at most `allowed_s`."""
        self.draining = True
        if self._listener is not None:
            self._listener.close()
        for connection in tuple(self.connections):
            connection.drain()
        until = self.now() + allowed_s
        while self.connections and self.now() < until:
            await asyncio.sleep(0.01)
        for connection in tuple(self.connections):
            if connection.transport is not None:
                connection.transport.abort()
        if self._sweeper is not None:
            self._sweeper.cancel()

    def load(self) -> tuple[int, int]:
        """How many requests are under way, on how many connections."""
        return sum(len(connection.waiting) for connection in self.connections), len(self.connections)

    def written(self, answer: Answer, head_only: bool, close: bool) -> bytes:
        """The bytes of an answer."""
        status, body, content_type, headers, _ = answer
        begin = self._fine if status == 200 and content_type is JSON else self._begin(status, content_type)
        end = b"Connection: close\r\n\r\n" if close else b"\r\n"
        return b"%b%d\r\n%b%b%b" % (begin, len(body), headers, end, b"" if head_only else body)

    def _begin(self, status: int, content_type: bytes) -> bytes:
        kind = b"Content-Type: " + content_type + b"\r\nContent-Length: "
        return STATUS_LINES[status] + self._common + kind

    def _sweep(self) -> None:
        self._sweeper = asyncio.get_running_loop().call_later(self.SWEEP_S, self._sweep)
        self._stamp(time.time())
        now = self.clock = self.now()
        due = [each for each in self.connections if min(each.due or math.inf, each.write_due or math.inf) <= now]
        silent = [connection for connection in due if connection.state == "idle"]
        for connection in (*(each for each in due if each.state != "idle"), *silent[: self.SILENT_AT_ONCE]):
            connection.expire()

    def _stamp(self, now: float) -> None:
        date = formatdate(now, usegmt=True).encode()
        self._common = b"Date: " + date + b"\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
        self._fine = self._begin(200, JSON)
