"""Hosting: how a replica comes by its process, and how that ends.

begin ──▶ Hosted: a process, and our ends of the two pipes to it ──▶ end ──▶ ended

Each process is watched by another one, its watcher (`languages/launch.py`): what ends that ends all below it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from jupyter_kronkers.languages import Limits, Runtime, command
from jupyter_kronkers.languages.fence import Unfenced
from jupyter_kronkers.languages.hosts import failed
from jupyter_kronkers.languages.pids import outer_pid
from jupyter_kronkers.languages.process import how_it_ended, unfenced

PIPE_BYTES = 1 << 20
STOP_S = 3.0


class Hosted(Protocol):
    """A host's process. `requests` and `replies` are descriptors; whoever takes them closes them.

    log: the file it prints to. facts: what it said of itself, if it has been ready before; else None, and its first
    frame will say so.
    """

    requests: int
    replies: int
    log: Path
    facts: Mapping[str, object] | None

    def pid(self, own: int) -> int:
        """The process id as everybody sees it; `own` is what the host calls itself."""

    def proven(self, own: int) -> None:
        """It is ready, and calls itself `own`."""

    def end(self) -> None:
        """End it and all it started. Harmless to repeat."""

    async def ended(self) -> str:
        """How it ended, in words, when it has."""

    async def stopped(self) -> None:
        """Wait until nothing of it is left; it is killed if it lingers."""


class Watcher(Protocol):
    """The process that leads, and outlives, everything of one host or seed."""

    @property
    def pid(self) -> int: ...

    def end(self) -> None: ...

    async def ended(self) -> str: ...

    async def stopped(self) -> None: ...


class Child:
    """A watcher that this process has started."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

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


class Launched(NamedTuple):
    """A watcher that was just started, and our ends of the two pipes to its host."""

    watcher: Child
    requests: int
    replies: int


async def launch(
    data: Path,
    runtime: Runtime,
    limits: Limits,
    log: Path,
    *,
    room: Path | None = None,
    told: Mapping[str, str] | None = None,
) -> Launched:
    """Start a host. room: its private folder, made already. told: more of its environment.

    Raises HostFailed if it may not start without a fence, or OSError.
    """
    host_in, requests = os.pipe()
    replies, host_out = os.pipe()
    widen(requests, replies)
    try:
        argv, env = command(data, runtime, limits, (host_in, host_out), log, room=room)
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *argv,
                env=env | dict(told or {}),
                pass_fds=(host_in, host_out),
                stdin=DEVNULL,
                stdout=DEVNULL,
                stderr=errors,
            )
    except BaseException as problem:
        os.close(requests)
        os.close(replies)
        if isinstance(problem, Unfenced):
            raise failed(unfenced(problem, runtime.language)) from problem
        raise
    finally:
        os.close(host_in)
        os.close(host_out)
    return Launched(Child(process), requests, replies)


class Fresh:
    """A host in a process of its own, under its own watcher.

    on_ready hears what it calls itself, once it is ready; on_end that it is ended.
    """

    def __init__(
        self, watcher: Watcher, requests: int, replies: int, log: Path, facts: Mapping[str, object] | None = None
    ) -> None:
        self.watcher, self.requests, self.replies, self.log, self.facts = watcher, requests, replies, log, facts
        self.on_ready: Callable[[int], None] = lambda _: None
        self.on_end: Callable[[], None] = lambda: None
        self._pid = 0

    @classmethod
    async def begin(cls, data: Path, runtime: Runtime, limits: Limits, log: Path) -> Fresh:
        """Start one. It is not ready yet: that it says in its first frame. Raises HostFailed or OSError."""
        return cls(*await launch(data, runtime, limits, log), log)

    def pid(self, own: int) -> int:
        if not self._pid:
            self._pid = outer_pid(self.watcher.pid, own)
        return self._pid

    def proven(self, own: int) -> None:
        self.on_ready(own)

    def end(self) -> None:
        self.watcher.end()
        self.on_end()

    async def ended(self) -> str:
        return await self.watcher.ended()

    async def stopped(self) -> None:
        await self.watcher.stopped()


def widen(*pipes: int) -> None:
    """Let more bytes wait in a pipe, where the system can: fewer turns for large tables."""
    if sys.platform == "linux":
        for pipe in pipes:
            with contextlib.suppress(OSError):
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
