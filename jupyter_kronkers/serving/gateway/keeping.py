"""Keeping: what a gateway leaves with its supervisor, so that its successor can go on with it after a kill.

A process whose pipes the supervisor holds too does not notice the gateway's death. The next gateway of the same slot is
started with those descriptors and takes up what it can use; the rest is ended.

    gateway ── Kept and copies of its descriptors, Dropped, Living ──▶ supervisor (`supervising/custody.py`)
    next gateway ◀── a file of what there is, the descriptors inherited under the numbers it names ──┘

Nothing here waits: where the supervisor does not take a message, the thing is not kept, and a kill ends it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

log = logging.getLogger(__name__)

LARGEST_MESSAGE = 16 << 10
MOST_DESCRIPTORS = 8
"""Of one thing kept."""


class Left(msgspec.Struct, frozen=True, tag="keep"):
    """A message: hold the descriptors that come along."""

    name: str
    facts: dict[str, str]


class Dropped(msgspec.Struct, frozen=True, tag="drop"):
    """A message: close what was left under this name."""

    name: str


class Living(msgspec.Struct, frozen=True, tag="living"):
    """A message: the gateway's loop turns. One that sent some and then none for long hangs."""


Message = Left | Dropped | Living


class Handed(msgspec.Struct, frozen=True):
    """One line of the file for the successor. The descriptors are inherited under these numbers."""

    name: str
    facts: dict[str, str]
    descriptors: tuple[int, ...]


class Kept(NamedTuple):
    """Something kept: its name, what was said of it, and its descriptors under this process's own numbers."""

    name: str
    facts: Mapping[str, str]
    descriptors: tuple[int, ...]


class Keeping:
    """The gateway's side. Without a supervisor nothing is kept.

    channel: to the supervisor, one message at a time. kept: what the gateway before left; its descriptors are ours.
    """

    def __init__(self, channel: socket.socket | None = None, kept: Sequence[Kept] = ()) -> None:
        self._channel = channel
        self._kept = list(kept)
        if channel is not None:
            channel.setblocking(False)

    @classmethod
    def inherited(cls, channel: int | None, handed: Path | None) -> Keeping:
        """Built from what the supervisor passed on: the channel's number, and the file of what was kept."""
        if channel is None:
            return cls()
        os.set_inheritable(channel, False)
        return cls(socket.socket(fileno=channel), read(handed) if handed else ())

    def keep(self, name: str, facts: Mapping[str, str], descriptors: Sequence[int]) -> None:
        """Leave copies of the descriptors with the supervisor, under a name of the caller's choice."""
        if len(descriptors) > MOST_DESCRIPTORS:
            log.warning("%s is not kept: it has %d descriptors.", name, len(descriptors))
        else:
            self._send(Left(name, dict(facts)), descriptors)

    def drop(self, name: str) -> None:
        """The supervisor closes its copies. Harmless if there are none."""
        self._send(Dropped(name))

    def take(self, **facts: str) -> Kept | None:
        """One of those that the gateway before left, whose facts include these; each is given once.

        Its descriptors are the caller's to close now. The supervisor holds its copies until `drop`.
        """
        for kept in self._kept:
            if facts.items() <= kept.facts.items():
                self._kept.remove(kept)
                return kept
        return None

    def close_rest(self) -> None:
        """Close whatever nobody took: the processes behind it end."""
        rest, self._kept = self._kept, []
        for kept in rest:
            log.info("Nobody needs %s of the gateway before.", kept.name)
            self.drop(kept.name)
            close(kept.descriptors)

    def live(self) -> None:
        """Tell the supervisor that the loop turns."""
        self._send(Living())

    def _send(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        if self._channel is None:
            return
        content = msgspec.json.encode(message)
        try:
            if len(content) > LARGEST_MESSAGE:
                raise OSError(f"a message of {len(content):,} bytes")
            socket.send_fds(self._channel, [content], list(descriptors))
        except OSError as problem:
            log.warning("The supervisor did not take %s: %s", content[:200], problem)


def read(path: Path) -> list[Kept]:
    """What the file says was passed on, the descriptors closed to our own children; the file is used up."""
    try:
        handed = msgspec.json.decode(path.read_bytes(), type=list[Handed])
        path.unlink()
    except (OSError, msgspec.MsgspecError):
        return []
    for entry in handed:
        for descriptor in entry.descriptors:
            os.set_inheritable(descriptor, False)
    return [Kept(entry.name, entry.facts, entry.descriptors) for entry in handed]


def close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)
