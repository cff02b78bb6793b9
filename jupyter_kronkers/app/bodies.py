"""The body of a request on its way from the event loop to the thread that stores it."""

from __future__ import annotations

import asyncio
import queue
import threading

MOST_WAITING = 4 << 20


class Body:
    """Fed by the loop, read by a thread. At most about 4 MB wait in between, however large the whole is."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pieces: queue.SimpleQueue[bytes | ConnectionError] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = 0
        self._room = asyncio.Event()
        self._abandoned = False
        self._rest = b""
        self._over = False

    async def feed(self, piece: bytes) -> None:
        """Hand a piece over; waits while the reader is far behind. b"" is the end."""
        if self._abandoned:
            return
        self._count(len(piece))
        self._pieces.put(piece)
        while self._waiting > MOST_WAITING and not self._abandoned:
            self._room.clear()
            await self._room.wait()

    def cut(self) -> None:
        """The sender went away: the reader gets an error instead of an end."""
        self._pieces.put(ConnectionAbortedError("The sender went away before the end of the body."))

    def abandon(self) -> None:
        """Nobody reads any more; what still comes is dropped. Call it in the loop."""
        self._abandoned = True
        self._room.set()

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes, b"" at the end. Blocks, so call it in a thread."""
        if size < 0:
            return b"".join(iter(lambda: self.read(MOST_WAITING), b""))
        while not self._rest and not self._over:
            self._rest = self._next()
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def _next(self) -> bytes:
        piece = self._pieces.get()
        if isinstance(piece, ConnectionError):
            raise piece
        self._over = not piece
        if self._count(-len(piece)) <= MOST_WAITING:
            self._loop.call_soon_threadsafe(self._room.set)
        return piece

    def _count(self, change: int) -> int:
        with self._lock:
            self._waiting += change
            return self._waiting
