"""Accepting: callers are taken from the listening socket, shared fairly, and told so when there is no room.

    readable ──▶ clearly more than a sibling? ── yes: a moment for the sibling, then
                          └── no ──────────────▶ accept ──▶ a connection
                                                   └── no descriptor is left: 503 over a spare one, and a pause

An event loop's own server would spin, or cut callers off without a word, when descriptors run out.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
from collections.abc import Callable

from jupyter_kronkers.serving.gateway.sharing import Shares

log = logging.getLogger(__name__)

AT_ONCE = 16
"""Connections taken in one turn of the loop."""

GIVE_WAY_S = 0.001
LINGER_S, PAUSE_S = 0.05, 0.02
SPARES = 8
TELL_S = 0.1
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

BODY = (
    b'{"title": "Service Unavailable", "status": 503, "code": "unavailable", '
    b'"detail": "The gateway has no descriptor left.", "message": "The gateway has no descriptor left."}'
)
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(BODY), BODY)
)


class Acceptor:
    """Takes connections until `close`. count: how many there are now."""

    def __init__(
        self,
        listening: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        count: Callable[[], int],
        shares: Shares | None = None,
        slot: int = 0,
    ) -> None:
        self._listening, self._protocol, self._count = listening, protocol, count
        self._shares, self._slot = shares, slot
        self._loop = asyncio.get_running_loop()
        self._arriving: set[asyncio.Task[object]] = set()
        self._spares: list[int] = []
        self._pause: asyncio.TimerHandle | None = None
        self._told: asyncio.TimerHandle | None = None
        self._complained = False
        self._closed = False
        listening.setblocking(False)
        listening.listen(1_024)
        self._refill()
        self._tell()
        self._listen()

    def close(self) -> None:
        """Take no more. The socket itself stays open where others hold it."""
        self._closed = True
        self._loop.remove_reader(self._listening)
        for timer in (self._pause, self._told):
            if timer is not None:
                timer.cancel()
        if self._shares is not None:
            self._shares.leave(self._slot)
        self._listening.close()
        while self._spares:
            os.close(self._spares.pop())

    @property
    def connections(self) -> int:
        """Those that are here and those on their way."""
        return self._count() + len(self._arriving)

    def _listen(self) -> None:
        self._loop.add_reader(self._listening, self._readable)

    def _readable(self) -> None:
        if self._has_many():
            self._wait(GIVE_WAY_S, self._take_one)
        else:
            self._take(AT_ONCE if self._shares is None else 1)

    def _has_many(self) -> bool:
        if self._shares is None:
            return False
        fewest = self._shares.fewest()
        return self.connections > fewest + 1 + fewest // 8

    def _wait(self, pause_s: float, then: Callable[[], None]) -> None:
        """Look away from the socket for a moment: it stays readable, and looking would turn the loop in vain."""

        def again() -> None:
            then()
            if self._pause is pause and not self._closed:
                self._listen()

        self._loop.remove_reader(self._listening)
        pause = self._pause = self._loop.call_later(pause_s, again)

    def _take_one(self) -> None:
        self._take(1)

    def _take(self, most: int) -> None:
        for _ in range(most):
            try:
                connection, _ = self._listening.accept()
            except OSError as problem:
                # A caller that left before it was taken is no trouble; one that cannot be taken is.
                if problem.errno in EXHAUSTED:
                    self._exhausted(problem)
                return
            self._complained = False
            self._welcome(connection)

    def _welcome(self, connection: socket.socket) -> None:
        arriving = self._loop.create_task(self._connect(connection))
        self._arriving.add(arriving)
        arriving.add_done_callback(self._arriving.discard)
        if self._shares is not None:
            self._shares.tell(self._slot, self.connections)

    async def _connect(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, connection)
        except OSError as problem:
            log.debug("A caller was lost on his way: %s", problem)
            connection.close()

    def _tell(self) -> None:
        if self._shares is not None:
            self._shares.tell(self._slot, self.connections)
            self._told = self._loop.call_later(TELL_S, self._tell)

    # No descriptor is left

    def _exhausted(self, problem: OSError) -> None:
        if not self._complained:
            self._complained = True
            log.error("Callers are refused with 503: %s.", problem.strerror)
        while self._spares and self._refuse():
            pass
        self._wait(PAUSE_S, self._refill)

    def _refuse(self) -> bool:
        """Answer one caller over a spare descriptor. False if there is none to answer."""
        os.close(self._spares.pop())
        try:
            refused, _ = self._listening.accept()
        except OSError:
            self._refill()
            return False
        refused.setblocking(False)
        with contextlib.suppress(OSError):
            refused.send(FULL)
            refused.shutdown(socket.SHUT_WR)
        # Closed at once, unread bytes of the request would turn the answer into a reset.
        self._loop.call_later(LINGER_S, self._let_go, refused)
        return True

    def _let_go(self, refused: socket.socket) -> None:
        with contextlib.suppress(OSError):
            refused.recv(1 << 16)
        refused.close()
        self._refill(1)

    def _refill(self, most: int = SPARES) -> None:
        with contextlib.suppress(OSError):
            while len(self._spares) < SPARES and most and not self._closed:
                self._spares.append(os.open(os.devnull, os.O_RDONLY))
                most -= 1
