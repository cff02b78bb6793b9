"""Hosting: how a replica comes by its process, and how that ends.

begin ──▶ Hosted: a process, and our ends of the two pipes to it ──▶ end ──▶ ended
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import sys
from asyncio.subprocess import DEVNULL
from pathlib import Path
from typing import Protocol

from jupyter_kronkers.languages import Limits, Runtime, command
from jupyter_kronkers.languages.process import how_it_ended

PIPE_BYTES = 1 << 20
STOP_S = 3.0


class Hosted(Protocol):
    """A host's process. `requests` and `replies` are descriptors; whoever takes them closes them."""

    requests: int
    replies: int

    def pid(self, own: int) -> int:
        """The process id as everybody sees it; `own` is what the host calls itself."""

    def end(self) -> None:
        """End it and all it started. Harmless to repeat."""

    async def ended(self) -> str:
        """How it ended, in words, when it has."""

    async def stopped(self) -> None:
        """Wait until nothing of it is left; it is killed if it lingers."""


class Fresh:
    """A host in a process of its own, under its own watcher."""

    def __init__(self, process: asyncio.subprocess.Process, requests: int, replies: int) -> None:
        self._process = process
        self.requests, self.replies = requests, replies

    @classmethod
    async def begin(cls, data: Path, runtime: Runtime, limits: Limits, log: Path) -> Fresh:
        """Start one. It is not ready yet: that it says in its first frame. Raises OSError."""
        host_in, requests = os.pipe()
        replies, host_out = os.pipe()
        widen(requests, replies)
        argv, env = command(data, runtime, limits, (host_in, host_out), log)
        try:
            with log.open("ab") as errors:
                process = await asyncio.create_subprocess_exec(
                    *argv, env=env, pass_fds=(host_in, host_out), stdin=DEVNULL, stdout=DEVNULL, stderr=errors
                )
        except BaseException:
            os.close(requests)
            os.close(replies)
            raise
        finally:
            os.close(host_in)
            os.close(host_out)
        return cls(process, requests, replies)

    def pid(self, own: int) -> int:
        return own

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    async def ended(self) -> str:
        return how_it_ended(await self._process.wait())

    async def stopped(self) -> None:
        try:
            async with asyncio.timeout(STOP_S):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()


def widen(*pipes: int) -> None:
    """Let more bytes wait in a pipe, where the system can: fewer turns for large tables."""
    if sys.platform == "linux":
        for pipe in pipes:
            with contextlib.suppress(OSError):
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
