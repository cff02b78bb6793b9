"""Content codings: gzip and deflate coming in, gzip going out.

A body that is coded twice, or in another way, is refused by its head. What is taken out of a coded body is bounded
while it comes out, so a bomb costs no more memory than an honest body of the largest size.
"""

from __future__ import annotations

import zlib

from jupyter_kronkers.errors import Invalid, TooLarge
from jupyter_kronkers.serving.gateway.protocols.shape import BATCH

WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""What zlib calls them. `deflate` is the zlib format, as RFC 9110 has it."""

MEMBERS = 64
"""A gzip body may be several files in a row."""

HEADER = b"Content-Encoding: gzip\r\n"
LEVEL = 1
"""Numbers as text shrink to a third at the lowest level, for a quarter of the time of the usual one."""


def decoded(body: bytes, coding: str, largest: int) -> bytes:
    """The body without its coding. Raises TooLarge beyond `largest` bytes, Invalid (`malformed`) if it is damaged."""
    taken: list[bytes] = []
    size = 0
    for _ in range(MEMBERS):
        opened = zlib.decompressobj(WINDOWS[coding])
        try:
            piece = opened.decompress(body, largest - size + 1)
        except zlib.error as problem:
            raise damaged(coding, str(problem)) from None
        taken.append(piece)
        size += len(piece)
        if size > largest:
            raise TooLarge("The uncompressed body", size, largest, remedy=BATCH)
        if not opened.eof:
            raise damaged(coding, "it ends too early")
        body = opened.unused_data
        if not body:
            return taken[0] if len(taken) == 1 else b"".join(taken)
    raise damaged(coding, f"it has more than {MEMBERS} members")


def little(body: bytes, coding: str, largest: int) -> bytes | None:
    """The same for a body that may be too large: None then."""
    try:
        return decoded(body, coding, largest)
    except TooLarge:
        return None


def damaged(coding: str, why: str) -> Invalid:
    return Invalid(message=f"The body is not {coding}: {why}.", code="malformed")


def compressed(body: bytes) -> bytes:
    """The body as gzip."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


def wants_gzip(header: bytes) -> bool:
    """Whether the header Accept-Encoding allows gzip."""
    for part in header.decode("latin-1").lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in ("gzip", "x-gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
