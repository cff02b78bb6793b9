"""The wire to the Julia side of the kernel: messages of strings, `u32 length | (u32 length | bytes) × fields`.

The first field says what it is; kernel_server.jl lists them all.
"""

from __future__ import annotations

import asyncio
import struct

__all__ = ["JuliaEnded", "pack", "receive", "unpack"]

LARGEST_MESSAGE = 1 << 30
"""Bytes; a display larger than this is a fault of the wire, not a picture."""


class JuliaEnded(Exception):
    """The Julia process is gone. `status` is its exit status, negative for a signal."""

    def __init__(self, status: int | None) -> None:
        self.status = status
        super().__init__(f"Julia ended (status {status}). Restart the kernel.")


def pack(*fields: str) -> bytes:
    """One message. Lone surrogates, which JSON allows and UTF-8 does not, become question marks."""
    parts = [field.encode("utf-8", "replace") for field in fields]
    body = b"".join(struct.pack("<I", len(part)) + part for part in parts)
    return struct.pack("<I", len(body)) + body


def unpack(body: bytes) -> list[str]:
    """The fields of a message, without its length."""
    fields, at = [], 0
    while at < len(body):
        (size,) = struct.unpack_from("<I", body, at)
        fields.append(body[at + 4 : at + 4 + size].decode("utf-8", "replace"))
        at += 4 + size
    return fields


async def receive(reader: asyncio.StreamReader) -> list[str]:
    """The next message; raises IncompleteReadError or ConnectionError when the other side is gone."""
    (size,) = struct.unpack("<I", await reader.readexactly(4))
    if size > LARGEST_MESSAGE:
        raise ConnectionError(f"a message of {size} bytes is announced")
    return unpack(await reader.readexactly(size))
