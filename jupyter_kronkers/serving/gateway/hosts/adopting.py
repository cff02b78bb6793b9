"""Adopting: going on with processes that the gateway before this one has started, after it was killed.

kept ──▶ its watcher lives still, by id and time of start? ──▶ it answers a request of ours within a second? ──▶ adopted
             └──────────────────── no: it is ended ────────────────────┘

They are no children of this process, so that their end is heard by a descriptor (pidfd), and how they ended is unknown.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from jupyter_kronkers.languages import frames
from jupyter_kronkers.languages.hosts import warm_up_frame
from jupyter_kronkers.languages.pids import started_at
from jupyter_kronkers.languages.pipes import Pipes
from jupyter_kronkers.serving.gateway.hosts.hosting import STOP_S
from jupyter_kronkers.serving.gateway.keeping import Kept, close

ANSWER_S = 1.0


def named(watcher: int) -> dict[str, str]:
    """Facts that name a watcher for good: ids of processes are used again."""
    return {"watcher": str(watcher), "started": started_at(watcher)}


class Stranger:
    """A watcher that this process has not started."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid, self._descriptor = pid, descriptor
        self._gone = asyncio.Event()
        asyncio.get_running_loop().add_reader(descriptor, self._hear)

    @classmethod
    def of(cls, facts: Mapping[str, str]) -> Stranger | None:
        """The watcher that `named` has named, if it lives."""
        pid = int(facts.get("watcher", 0))
        if pid < 1 or not hasattr(os, "pidfd_open"):
            return None
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            return None
        # In this order: with the descriptor open, what is read is of the process it stands for, or of none.
        if not facts.get("started") or started_at(pid) != facts["started"]:
            os.close(descriptor)
            return None
        return cls(pid, descriptor)

    def _hear(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._gone.set()

    def _send(self, number: signal.Signals) -> None:
        if not self._gone.is_set():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, number)

    def end(self) -> None:
        self._send(signal.SIGTERM)

    async def ended(self) -> str:
        await self._gone.wait()
        return "it ended"

    async def stopped(self) -> None:
        try:
            async with asyncio.timeout(STOP_S):
                await self._gone.wait()
        except TimeoutError:
            self._send(signal.SIGKILL)
            await self._gone.wait()


async def sane(kept: Kept, data: Path) -> Stranger | None:
    """The watcher of a host that was kept, if that lives and answers. Else it is ended, and its descriptors closed."""
    watcher = Stranger.of(kept.facts)
    if watcher is not None and len(kept.descriptors) == 2:
        pipes = Pipes(*kept.descriptors)
        if await asyncio.to_thread(answers, pipes, warm_up_frame(data)):
            return watcher
    if watcher is not None:
        watcher.end()
    close(kept.descriptors)
    return None


def answers(pipes: Pipes, warm_up: bytes | None) -> bool:
    """Whether the host behind the pipes answers a request of ours in time. What others asked it before is let go."""
    asked = secrets.randbits(62)
    columns, rows = [], 0
    if warm_up is not None:
        example = frames.decode(warm_up[4:])
        columns, rows = example.columns, example.rows
    deadline = time.monotonic() + ANSWER_S
    try:
        pipes.send(frames.encode(frames.REQUEST, asked, columns, rows), deadline)
        while (frame := pipes.receive(deadline)) is not None:
            if frame.id == asked and frame.kind in (frames.REPLY, frames.ERROR):
                return True
    except (frames.BadFrame, OSError):  # a TimeoutError is one
        return False
    return False
