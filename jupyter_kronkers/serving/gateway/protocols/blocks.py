"""Blocks: bytes that lie in memory which two processes share.

    gateway ──put──▶ block ──get──▶ reader          only how many they are goes through a pipe

A pipe carries 64 KiB at a time and wakes both sides for each: two megabytes took 5–12 ms, here they take half of one.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from typing import Self

PIECE = 256 << 10
"""Copied at once: some 50 µs, between which others have their turn."""

TOO_SHORT = "The block ends too early."

KEPT = 4 << 20
"""A block that had more gives the rest back."""


class Block:
    """Bytes in a file without a name: of memory where the system has such files, else of its folder for such things."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def made(cls) -> Self:
        """A new and empty one. A child process that gets its descriptor makes its own of it."""
        if hasattr(os, "memfd_create"):
            return cls(os.memfd_create("kronkers"))
        with tempfile.TemporaryFile() as file:
            return cls(os.dup(file.fileno()))

    def put(self, body: bytes) -> None:
        """Let it hold this body, from its beginning on."""
        put(self.descriptor, memoryview(body), 0)

    def get(self, size: int) -> bytes:
        """Its first bytes. Raises ConnectionError if there are fewer."""
        body = os.pread(self.descriptor, size, 0)
        if len(body) < size:
            raise ConnectionError(TOO_SHORT)
        return body

    async def put_by_pieces(self, body: bytes) -> None:
        """As `put`, for a loop that others wait for."""
        view = memoryview(body)
        for start in range(0, len(view), PIECE):
            put(self.descriptor, view[start : start + PIECE], start)
            await asyncio.sleep(0)

    async def get_by_pieces(self, size: int) -> bytes:
        """As `get`, for a loop that others wait for."""
        into = bytearray(size)
        for start in range(0, size, PIECE):
            get(self.descriptor, memoryview(into)[start : start + PIECE], start)
            await asyncio.sleep(0)
        return bytes(into)

    def spare(self, size: int) -> None:
        """Give back the memory of a body of this size, if it was large."""
        if size > KEPT:
            os.ftruncate(self.descriptor, KEPT)

    def close(self) -> None:
        os.close(self.descriptor)


def put(descriptor: int, piece: memoryview, start: int) -> None:
    while piece:
        written = os.pwrite(descriptor, piece, start)
        piece, start = piece[written:], start + written


def get(descriptor: int, into: memoryview, start: int) -> None:
    while into:
        read = os.preadv(descriptor, [into], start)
        if not read:
            raise ConnectionError(TOO_SHORT)
        into, start = into[read:], start + read
