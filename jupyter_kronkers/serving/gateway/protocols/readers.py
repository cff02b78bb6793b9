"""Readers: at most two processes that read large and foreign bodies for the gateway, and write large answers.

    job ──▶ its deployment's queue ──in turn──▶ a reader ──▶ result
                 └── full, or too long in it: 503      └── died: once more on a fresh one, then 400; late: 504

A deployment has one reader at a time, so its monsters delay only itself while another reader is left for the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections import deque
from collections.abc import Callable
from typing import cast

import msgspec

from jupyter_kronkers.errors import Invalid, TimedOut, Unavailable
from jupyter_kronkers.languages.memory import KEEPS_MEMORY
from jupyter_kronkers.serving.gateway.protocols.jobs import HEAD, Done, Job, message

MOST = 2
JOB_S = 20.0
"""A body whose reading takes longer is given up."""

WAIT_S = 10.0
QUEUE = 64
QUEUE_BYTES = 64 << 20
"""Of one deployment: bodies that wait for a reader, and how large they may be together."""

ALL_BYTES = 256 << 20
"""Of all deployments. One that has none waiting may always add one."""

KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


class Reader:
    """One process, started when it is needed and again when it has gone."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def do(self, job: Job, body: bytes, limit_s: float) -> tuple[Done, bytes]:
        """The job's result. Raises TimedOut, or Invalid (`unreadable`) if the process died over it twice."""
        try:
            async with asyncio.timeout(limit_s):
                return await self._twice(job, body)
        except TimeoutError:
            raise TimedOut("Reading the body", limit_s, remedy="Send fewer rows at once.") from None

    async def _twice(self, job: Job, body: bytes) -> tuple[Done, bytes]:
        # It may have died of something else than this body: a kill, or want of memory on the machine.
        for _ in range(2):
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                return await self._exchange(job, body)
        raise Invalid(
            message="The process that read this body ended over it, twice.",
            remedy="The body is damaged, or needs more memory than it may.",
            code="unreadable",
        )

    async def _exchange(self, job: Job, body: bytes) -> tuple[Done, bytes]:
        requests, results = await self._started()
        try:
            requests.writelines(message(job, body))
            await requests.drain()
            head, size = HEAD.unpack(await results.readexactly(HEAD.size))
            done = msgspec.msgpack.decode(await results.readexactly(head), type=Done)
            return done, await results.readexactly(size)
        except BaseException:  # also when it is given up: what it would still write belongs to nobody
            await self.close()
            raise

    async def _started(self) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "jupyter_kronkers.serving.gateway.protocols.reader",
                str(os.getpid()),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=4 << 20,
                env=environment(),
            )
        process = self._process
        return cast(asyncio.StreamWriter, process.stdin), cast(asyncio.StreamReader, process.stdout)

    async def close(self) -> None:
        """End the process now."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def environment() -> dict[str, str]:
    """What a reader needs to start, and one allocator that counts against its limit."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    one = {"ARROW_DEFAULT_MEMORY_POOL": "system", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return kept | KEEPS_MEMORY | one


class Turn:
    """A job that waits for a reader."""

    __slots__ = ("given", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.given: asyncio.Future[Reader] = asyncio.get_running_loop().create_future()


class Readers:
    """The pool. `do` is all there is to ask."""

    def __init__(self, *, most: int = MOST, job_s: float = JOB_S, wait_s: float = WAIT_S) -> None:
        self._most, self._job_s, self._wait_s = most, job_s, wait_s
        self._all: list[Reader] = []
        self._free: list[Reader] = []
        self._queues: dict[str, deque[Turn]] = {}
        self._served: set[str] = set()

    async def do(
        self, deployment: str, job: Job, body: bytes, left: Callable[[], bool] = lambda: False
    ) -> tuple[Done, bytes]:
        """The job's result. Raises Unavailable, TimedOut, or what the reader says is wrong.

        left: whether nobody waits for it any more, asked when its turn has come.
        """
        reader = await self._turn_of(deployment, len(body))
        try:
            if left():
                raise Unavailable("Its caller has left.")
            done, answer = await reader.do(job, body, self._job_s)
        finally:
            self._free.append(reader)
            self._served.discard(deployment)
            self._go_on()
        if done.refused is not None:
            raise done.refused.error()
        return done, answer

    async def close(self) -> None:
        """End all processes."""
        for reader in self._all:
            await reader.close()

    async def _turn_of(self, deployment: str, size: int) -> Reader:
        queue = self._queues.setdefault(deployment, deque())
        waiting = sum(turn.size for turn in queue)
        everywhere = sum(turn.size for turns in self._queues.values() for turn in turns)
        full = len(queue) >= QUEUE or waiting + size > QUEUE_BYTES or everywhere + size > ALL_BYTES
        if queue and full:
            raise Unavailable(f"{len(queue)} bodies ({waiting:,} bytes) wait to be read already.", retry_after_s=1.0)
        turn = Turn(size)
        queue.append(turn)
        self._go_on()
        try:
            async with asyncio.timeout(self._wait_s):
                return await asyncio.shield(turn.given)
        except BaseException as problem:
            self._withdraw(deployment, turn)
            if isinstance(problem, TimeoutError):
                what = f"The body waited {self._wait_s:g} s to be read; others are read before it."
                raise Unavailable(what, retry_after_s=2.0) from None
            raise

    def _withdraw(self, deployment: str, turn: Turn) -> None:
        if turn.given.done():  # just now
            self._free.append(turn.given.result())
            self._served.discard(deployment)
        elif turn in (queue := self._queues.get(deployment, deque())):
            queue.remove(turn)
        self._go_on()

    def _go_on(self) -> None:
        """Give free readers to deployments that have none, the one that waits longest for its turn first."""
        for deployment in [name for name, queue in self._queues.items() if not queue]:
            del self._queues[deployment]
        for deployment, queue in tuple(self._queues.items()):
            if deployment in self._served or (reader := self._one()) is None:
                continue
            self._queues[deployment] = self._queues.pop(deployment)  # behind all others
            self._served.add(deployment)
            queue.popleft().given.set_result(reader)

    def _one(self) -> Reader | None:
        if not self._free and len(self._all) < self._most:
            self._all.append(Reader())
            self._free.append(self._all[-1])
        return self._free.pop() if self._free else None
