"""Orders and reports: what goes over the connection between a control plane and the supervisor, one JSON a line.

Whoever connects shows the nonce first. The first report brings the listening socket along.
"""

from __future__ import annotations

import msgspec

LONGEST_LINE = 64 << 10


class Tie(msgspec.Struct, frozen=True, tag="tie"):
    """I own the data folder. outlives: go on serving if I die without a word; whoever comes after cannot unsay it."""

    nonce: str
    outlives: bool = False


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Finish what is under way and end everything."""

    nonce: str


Order = Tie | Stop


class Report(msgspec.Struct, frozen=True):
    """How it stands. `place`: the folder of sockets. `pids`: one per gateway, 0 while it has no process.
    `outlives`: whether it goes on without an owner."""

    pid: int
    place: str
    nonce: str
    pids: tuple[int, ...] = ()
    stopping: bool = False
    outlives: bool = False


def line(said: Order | Report) -> bytes:
    return msgspec.json.encode(said) + b"\n"


def lines(buffer: bytearray) -> list[bytes]:
    """The whole lines in the buffer, taken out of it. Raises ValueError if one never ends."""
    *whole, rest = bytes(buffer).split(b"\n")
    if len(rest) > LONGEST_LINE:
        raise ValueError("a line without an end")
    buffer[:] = rest
    return whole
