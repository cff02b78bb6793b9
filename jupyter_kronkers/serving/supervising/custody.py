"""Custody: the supervisor's side of keeping. Holds what one gateway left, and hands it to the next."""

from __future__ import annotations

import array
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from jupyter_kronkers.serving.gateway.keeping import (
    LARGEST_MESSAGE,
    MOST_DESCRIPTORS,
    Dropped,
    Handed,
    Left,
    Message,
    close,
)
from jupyter_kronkers.store.locks import write_private

MOST_KEPT = 1_024
"""Things of one gateway; what comes beyond is not kept."""

KIND = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_DGRAM
CLOSED_TO_CHILDREN = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
Entry = tuple[dict[str, str], tuple[int, ...]]


class Custody:
    """What one gateway left here. The descriptors are ours: closed when dropped, replaced or given up."""

    def __init__(self) -> None:
        self._held: dict[str, Entry] = {}

    @property
    def names(self) -> list[str]:
        return sorted(self._held)

    @property
    def descriptors(self) -> list[int]:
        return [descriptor for _, held in self._held.values() for descriptor in held]

    def hear(self, channel: socket.socket) -> bool:
        """Take one message. Raises BlockingIOError if there is none, EOFError if there will be none."""
        content, descriptors = received(channel)
        if not content and not descriptors:
            raise EOFError
        try:
            message = msgspec.json.decode(content, type=Message)
        except msgspec.MsgspecError:
            close(descriptors)
            return False
        if isinstance(message, Left):
            self._hold(message, descriptors)
            return False
        close(descriptors)
        if isinstance(message, Dropped):
            self.drop(message.name)
            return False
        return True

    def drop(self, name: str) -> None:
        close(self._held.pop(name, ({}, ()))[1])

    def close(self) -> None:
        """Give everything up: the processes behind it end."""
        for name in tuple(self._held):
            self.drop(name)

    def write(self, path: Path) -> None:
        """The file that tells the successor what it inherits."""
        handed = [Handed(name, facts, held) for name, (facts, held) in self._held.items()]
        write_private(path, msgspec.json.encode(handed))

    def _hold(self, left: Left, descriptors: Sequence[int]) -> None:
        self.drop(left.name)
        if len(self._held) < MOST_KEPT and descriptors:
            self._held[left.name] = (left.facts, tuple(descriptors))
        else:
            close(descriptors)


def received(channel: socket.socket) -> tuple[bytes, list[int]]:
    """One message and the descriptors with it, closed to our children; none of either if some were lost."""
    room = array.array("i", range(MOST_DESCRIPTORS))
    space = socket.CMSG_LEN(room.itemsize * MOST_DESCRIPTORS)
    content, extra, flags, _ = channel.recvmsg(LARGEST_MESSAGE, space, CLOSED_TO_CHILDREN)
    numbers = array.array("i")
    for level, kind, packed in extra:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            numbers.frombytes(packed[: len(packed) - len(packed) % numbers.itemsize])
    found = list(numbers)
    for descriptor in found:
        os.set_inheritable(descriptor, False)
    if flags & (socket.MSG_CTRUNC | socket.MSG_TRUNC):
        close(found)
        return b"{}", []
    return content, found
