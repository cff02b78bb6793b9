"""Frames with deadlines over two pipes. Copied into every artifact: the standard library and `frames` only."""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import select
import time

from . import frames
from .frames import Frame

_PIPE_BYTES = 1 << 20


class Pipes:
    """Frames with deadlines over the owner's ends of the two pipes."""

    def __init__(self, write: int, read: int) -> None:
        self._write = write
        self._read = read
        self._closed = False
        for descriptor in (write, read):
            os.set_blocking(descriptor, False)
            with contextlib.suppress(OSError, AttributeError):  # Linux only, and only up to what the system allows
                fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def send(self, request: bytes, deadline: float) -> None:
        """Raises TimeoutError, or BrokenPipeError if nobody reads any more."""
        left = memoryview(request)
        while left:
            try:
                left = left[os.write(self._usable(self._write), left) :]
            except BlockingIOError:
                _wait(self._write, select.POLLOUT, deadline)

    def receive(self, deadline: float) -> Frame | None:
        """The next frame, None at the end. Raises TimeoutError or BadFrame."""
        head = self._take(4, deadline)
        if not head:
            return None
        if len(head) < 4:
            raise frames.BadFrame("the stream ends within a length")
        length = frames.body_length(head)
        body = self._take(length, deadline)
        if len(body) < length:
            raise frames.BadFrame(f"the stream ends after {len(body):,} of {length:,} bytes")
        return frames.decode(body)

    def _take(self, size: int, deadline: float) -> bytearray:
        taken = bytearray()
        while len(taken) < size:
            try:
                piece = os.read(self._usable(self._read), min(size - len(taken), _PIPE_BYTES))
            except BlockingIOError:
                _wait(self._read, select.POLLIN, deadline)
                continue
            if not piece:
                break
            taken += piece
        return taken

    def _usable(self, descriptor: int) -> int:
        # A closed number may already be another file's.
        if self._closed:
            raise BrokenPipeError
        return descriptor

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            os.close(self._write)
            os.close(self._read)


def _wait(descriptor: int, event: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(descriptor, event)
    if not poll.poll(max(0.0, math.ceil((deadline - time.monotonic()) * 1000))):
        raise TimeoutError
