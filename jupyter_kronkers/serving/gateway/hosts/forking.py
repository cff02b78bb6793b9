"""A seed, as the gateway sees it: one fenced process that has loaded a version, and forks a replica when it is told to.

gateway ── fork ID ──▶ seed ── fork ──▶ replica          The gateway makes ID.q and ID.a, two named pipes, before;
   ▲ ◀── forked ID ───┘  │                 ▲  │          the replica opens them and is a host like any other.
   │ ◀── ended ID STATUS ┘                 │  │
   └══════════ requests, replies ══════════╧══╛          What ends the seed ends all that it forked.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path

from jupyter_kronkers.languages import Limits, Runtime
from jupyter_kronkers.languages.commands import PROTOCOL
from jupyter_kronkers.languages.frames import READY, BadFrame, Frame, body_length, decode
from jupyter_kronkers.languages.hosts import failed
from jupyter_kronkers.languages.launch import descendants
from jupyter_kronkers.languages.pids import outer_pid
from jupyter_kronkers.languages.process import foreign, how_it_ended
from jupyter_kronkers.serving.gateway.hosts.adopting import Stranger, named
from jupyter_kronkers.serving.gateway.hosts.fifos import Fifos, folder_of
from jupyter_kronkers.serving.gateway.hosts.hosting import STOP_S, Watcher, launch
from jupyter_kronkers.serving.gateway.hosts.replicas import MOURN_S, number, said
from jupyter_kronkers.serving.gateway.keeping import Kept, close

FORK_S = 5.0
"""A seed that has not forked by then is ended: it does nothing else."""

LONGEST = 1 << 20
"""Bytes that a seed may say in one piece."""


class Barren(Exception):
    """No replica comes from this seed."""


class Unforkable(Barren):
    """The version's process cannot be copied safely, today or tomorrow."""


class Forked:
    """A replica that a seed has forked."""

    facts: Mapping[str, object] | None = None

    def __init__(self, seed: Seed, name: str, fifos: Fifos) -> None:
        self.seed, self.name, self.log = seed, name, seed.log
        self.requests, self.replies = fifos.requests, fifos.replies
        loop = asyncio.get_running_loop()
        self.begun: asyncio.Future[str] = loop.create_future()
        self.over: asyncio.Future[str] = loop.create_future()
        self._pid = 0

    def pid(self, own: int) -> int:
        if not self._pid:
            self._pid = outer_pid(self.seed.watcher.pid, own)
        return self._pid

    def proven(self, own: int) -> None:
        pass

    def end(self) -> None:
        if not self.over.done():
            self.seed.tell(f"end {self.name}")

    async def ended(self) -> str:
        return await asyncio.shield(self.over)

    async def stopped(self) -> None:
        try:
            async with asyncio.timeout(STOP_S):
                await self.ended()
        except TimeoutError:
            self.seed.end()
            await self.seed.stopped()


class Seed(asyncio.Protocol):
    """Forks replicas. `gone` once it cannot any more."""

    def __init__(self, watcher: Watcher, descriptors: tuple[int, int, int], room: Path, log: Path) -> None:
        self.watcher, self.descriptors, self.log, self.gone = watcher, descriptors, log, False
        self._commands, self._said, self._folder = descriptors
        self._room = room
        self._replicas: dict[str, Forked] = {}
        self._buffer = bytearray()
        self._ready: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._own = 0
        self._reader: asyncio.ReadTransport | None = None
        self._lamenting: asyncio.Task[None] | None = None

    @classmethod
    async def begin(cls, data: Path, runtime: Runtime, limits: Limits, log: Path) -> Seed:
        """A seed that has loaded. Raises HostFailed with the model's own error, TimeoutError, OSError, or Barren."""
        room = Path(os.path.realpath(tempfile.mkdtemp(prefix="kronkers-host-")))
        folder, descriptor = folder_of(room)
        try:
            launched = await launch(data, runtime, limits, log, room=room, told={"KRONKERS_SEED": str(folder)})
        except BaseException:
            os.close(descriptor)
            shutil.rmtree(room, ignore_errors=True)
            raise
        seed = cls(launched.watcher, (launched.requests, launched.replies, descriptor), room, log)
        try:
            await seed._listen()
            async with asyncio.timeout(limits.start_s):
                seed._take_word(await seed._ready, runtime.language)
        except BaseException:
            seed.end()
            await seed.stopped()
            raise
        return seed

    @classmethod
    async def adopted(cls, kept: Kept) -> Seed | None:
        """The seed that the gateway before left, without what it had forked; None if it is not there any more."""
        watcher = Stranger.of(kept.facts)
        if watcher is None:
            close(kept.descriptors)
            return None
        commands, said_by, folder = kept.descriptors
        seed = cls(watcher, (commands, said_by, folder), Path(kept.facts["room"]), Path(kept.facts["log"]))
        seed._own = int(kept.facts["own"])
        seed._ready.cancel()
        for pid in descendants(outer_pid(watcher.pid, seed._own)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await seed._listen()
        return seed

    @property
    def facts(self) -> dict[str, str]:
        """What `adopted` needs to know."""
        place = {"room": str(self._room), "log": str(self.log), "own": str(self._own)}
        return {"kind": "seed", **named(self.watcher.pid), **place}

    async def fork(self, start_s: float) -> Forked:
        """One more replica, which has opened its pipes. Raises Barren, or TimeoutError."""
        if self.gone:
            raise Barren("the seed has ended")
        name = secrets.token_hex(8)
        fifos = self._fifos(name)
        forked = self._replicas[name] = Forked(self, name, fifos)
        try:
            self.tell(f"fork {name}")
            await self._begun(forked)
            async with asyncio.timeout(start_s):
                await readable(fifos.replies, forked.over)
        except BaseException:
            forked.end()
            fifos.close()
            raise
        fifos.hand_over()
        return forked

    def _fifos(self, name: str) -> Fifos:
        try:
            return Fifos(self._folder, name)
        except OSError as problem:
            self.end()
            raise Barren(str(problem)) from problem

    async def _begun(self, forked: Forked) -> None:
        try:
            async with asyncio.timeout(FORK_S):
                refusal = await forked.begun
        except TimeoutError:
            self.end()
            refusal = "the seed does not answer"
        if refusal:
            raise Barren(refusal)

    def tell(self, line: str) -> None:
        """Send it a command. A seed that does not take it is ended."""
        if self.gone:
            return
        try:
            os.write(self._commands, line.encode() + b"\n")
        except OSError:
            self.end()

    def end(self) -> None:
        """End it, and all that it forked. Harmless to repeat."""
        self.watcher.end()
        self._leave()

    def _leave(self) -> None:
        self.gone = True
        if self._lamenting is None:
            self._lamenting = asyncio.get_running_loop().create_task(self._lament())

    async def stopped(self) -> None:
        """Wait until nothing of it is left."""
        if self._lamenting is not None:
            await asyncio.shield(self._lamenting)

    async def _lament(self) -> None:
        how = await self._how_it_ended()
        if not self._ready.done():
            self._ready.set_exception(Barren(how))
            self._ready.exception()
        for forked in self._replicas.values():
            self._over(forked, how)
        self._replicas.clear()
        if self._reader is not None:
            self._reader.close()
        close((self._commands, self._folder))
        # Its watcher has done so, unless that was killed.
        await asyncio.to_thread(shutil.rmtree, self._room, ignore_errors=True)

    async def _how_it_ended(self) -> str:
        # Its exit status says more than that of a process which was told to stop, and follows at once.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MOURN_S):
                return await self.watcher.ended()
        self.watcher.end()
        await self.watcher.stopped()
        return await self.watcher.ended()

    # What it says

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        os.set_blocking(self._commands, False)
        self._reader, _ = await loop.connect_read_pipe(lambda: self, os.fdopen(self._said, "rb", 0))

    def _take_word(self, frame: Frame, language: str) -> None:
        """Raises HostFailed in the model's own words, or if it speaks another protocol; Barren if it cannot fork."""
        if frame.kind != READY:
            raise failed(said(frame, language))
        facts = {column.name: column.values[0] for column in frame.columns if len(column.values)}
        if (spoken := number(facts.get("protocol", PROTOCOL))) != PROTOCOL:
            raise failed(foreign(spoken, language))
        if not facts.get("forks"):
            raise Unforkable("its process cannot be copied safely, as one with several threads")
        self._own = number(facts.get("pid"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            if not self._ready.done():
                self._hear_frame()
            if self._ready.done():
                *lines, self._buffer = self._buffer.split(b"\n")
                for line in lines:
                    self._hear(line.decode("utf-8", "replace").split(" ", 2))
            if len(self._buffer) > LONGEST:
                raise BadFrame("a line without an end")
        except (BadFrame, ValueError):
            self.end()

    def _hear_frame(self) -> None:
        if len(self._buffer) < 4:
            return
        needed = 4 + body_length(self._buffer[:4])
        if len(self._buffer) >= needed:
            frame = decode(bytes(self._buffer[4:needed]))
            del self._buffer[:needed]
            self._ready.set_result(frame)

    def _hear(self, words: list[str]) -> None:
        """Of a replica that nobody knows, the gateway before did."""
        forked = self._replicas.get(words[1]) if len(words) == 3 else None
        if forked is None:
            return
        if words[0] == "ended":
            del self._replicas[forked.name]
            self._over(forked, how_it_ended(int(words[2])))
        elif words[0] in ("forked", "cannot") and not forked.begun.done():
            forked.begun.set_result("" if words[0] == "forked" else words[2])

    def _over(self, forked: Forked, how: str) -> None:
        if not forked.begun.done():
            forked.begun.set_result(how)
        if not forked.over.done():
            forked.over.set_result(how)

    def connection_lost(self, _problem: Exception | None) -> None:
        self._leave()


async def readable(descriptor: int, otherwise: asyncio.Future[str]) -> None:
    """Wait until something can be read there, or the other thing has happened."""
    loop, news = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, news.set)
    otherwise.add_done_callback(lambda _: news.set())
    try:
        await news.wait()
    finally:
        loop.remove_reader(descriptor)
