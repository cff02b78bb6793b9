"""One Julia process that runs cells: started, asked, interrupted, stopped.

It runs in a session of its own, so that Jupyter's interrupt reaches it only through us, and dies with us.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from .printed import Printed
from .wire import JuliaEnded, pack, receive

__all__ = ["JuliaProcess", "julia_command"]

BOOT = Path(__file__).parent / "kernel_boot.jl"
START_S = 60.0
PR_SET_PDEATHSIG = 1
ESCALATE_AFTER_S = 1.0
ESCALATE_EVERY_S = 0.2  # Julia forces its way into a loop without safepoints only if signals come closer than 0.35 s
ESCALATIONS = 20


def julia_command() -> list[str]:
    """The command that starts Julia for cells. KRONKERS_JULIA names another executable than the one on PATH."""
    executable = os.environ.get("KRONKERS_JULIA") or shutil.which("julia") or "julia"
    project = [] if "JULIA_PROJECT" in os.environ else ["--project=@."]
    return [executable, "--startup-file=no", "--history-file=no", "--color=no", "-q", *project, str(BOOT)]


class JuliaProcess:
    """`show(name, text)` is given what Julia prints to `stdout` and `stderr`."""

    def __init__(self, show: Callable[[str, str], None]) -> None:
        self._mark = "\x1e\x02" + secrets.token_hex(8)
        self._printed = {
            "stdout": Printed(self._mark.encode(), lambda text: show("stdout", text)),
            "stderr": Printed(self._mark.encode(), lambda text: show("stderr", text)),
        }
        self._one_at_a_time = asyncio.Lock()
        self._running = 0  # number of the cell that runs, 0 if none does
        self._cells = 0
        self._escalating = 0  # number of the last cell that was interrupted
        self._escalation: asyncio.Task[None] | None = None
        self._pumps: list[asyncio.Task[None]] = []
        self.version = ""
        self.ended: asyncio.Task[int] | None = None

    async def start(self) -> None:
        """Start Julia and wait until it can be asked. Raises JuliaEnded, or FileNotFoundError without Julia."""
        with tempfile.TemporaryDirectory(prefix="kronkers-") as folder, socket.socket(socket.AF_UNIX) as server:
            path = os.path.join(folder, "s")
            server.bind(path)
            server.listen(1)
            server.setblocking(False)
            await self._spawn(path)
            connection = await self._connection(server)
        self._reader, self._writer = await asyncio.open_unix_connection(sock=connection)
        _, self.version, self._pid = await self._receive()

    async def _spawn(self, path: str) -> None:
        environment = dict(os.environ, KRONKERS_KERNEL_SOCKET=path, KRONKERS_KERNEL_MARK=self._mark)
        self._process = await asyncio.create_subprocess_exec(
            *julia_command(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        assert self._process.stdout is not None and self._process.stderr is not None  # noqa: S101, PT018
        streams = {"stdout": self._process.stdout, "stderr": self._process.stderr}
        self._pumps = [asyncio.create_task(self._printed[name].pump(stream)) for name, stream in streams.items()]
        self.ended = asyncio.create_task(self._process.wait())

    async def _connection(self, server: socket.socket) -> socket.socket:
        assert self.ended is not None  # noqa: S101
        accepted = asyncio.ensure_future(asyncio.get_running_loop().sock_accept(server))
        await asyncio.wait({accepted, self.ended}, timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
        if not accepted.done():
            accepted.cancel()
            await self.stop()
            raise JuliaEnded(self._process.returncode)
        return accepted.result()[0]

    async def _receive(self) -> list[str]:
        try:
            return await receive(self._reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise JuliaEnded(await self._process.wait()) from None

    async def ask(self, *request: str) -> list[str]:
        """One question, one answer; only its fields, without what it is."""
        async with self._one_at_a_time:
            await self._send(*request)
            return (await self._receive())[1:]

    async def value(self, code: str) -> list[str]:
        """A user expression: `ok` and a bundle, or `error` and its three fields."""
        async with self._one_at_a_time, self._interruptible():
            await self._send("value", code)
            answer = await self._receive()
            await self._shown_until(answer[1])
            return answer[2:]

    async def run(self, code: str, file: str, *, silent: bool) -> AsyncIterator[tuple[str, list[str]]]:
        """Run a cell: yields `display` and `result` with their bundles as they come, last `done` or `failed`."""
        async with self._one_at_a_time, self._interruptible():
            await self._send("run", code, file, "1" if silent else "0")
            what = ""
            while what not in ("done", "failed"):
                what, number, *fields = await self._receive()
                await self._shown_until(number)
                yield what, fields

    async def _send(self, *request: str) -> None:
        try:
            self._writer.write(pack(*request))
            await self._writer.drain()
        except ConnectionError:
            raise JuliaEnded(await self._process.wait()) from None

    async def _shown_until(self, number: str) -> None:
        for printed in self._printed.values():
            await printed.seen(int(number, 16))
        for printed in self._printed.values():
            printed.release(int(number, 16))

    # ---- interrupts

    @contextlib.asynccontextmanager
    async def _interruptible(self) -> AsyncIterator[None]:
        self._cells += 1
        self._running = self._cells
        try:
            yield
        finally:
            self._running = 0

    def interrupt(self) -> None:
        """Stop the cell that runs, if one does; repeated while it does not give way.

        One signal is enough at a safepoint. A tight loop needs several, close together; a cell that is unwinding
        must not be hit again at once, hence the pause before. `while true; end` cannot be interrupted at all.
        """
        if self._running:
            self._signal(signal.SIGINT)
            if self._escalating != self._running:
                self._escalating = self._running
                self._escalation = asyncio.create_task(self._escalate(self._running))

    async def _escalate(self, cell: int) -> None:
        await asyncio.sleep(ESCALATE_AFTER_S)
        for _ in range(ESCALATIONS):
            if self._running != cell:
                return
            self._signal(signal.SIGINT)
            await asyncio.sleep(ESCALATE_EVERY_S)

    def _signal(self, number: int) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(self._pid), number)

    # ---- the end

    async def stop(self, patience_s: float = 1.0) -> None:
        """End Julia and all it started: politely when it is idle, so that its exit hooks run, then by force."""
        if self._process.returncode is None and not self._running and self.version:
            with contextlib.suppress(JuliaEnded, TimeoutError):
                await self._send("quit")
                await asyncio.wait_for(self._process.wait(), patience_s)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()


def _die_with_parent() -> None:
    """In the forked child, on Linux: be killed when the kernel ends, however it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
