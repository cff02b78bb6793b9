"""A seed: a Python host that has loaded its model once, and forks a replica whenever it is told to.

    fork ID ──▶ the child opens ID.q and ID.a in the seed's folder, and serves there as any host does
            ◀── forked ID PID, or cannot ID WORDS
    end ID  ──▶ it is killed
            ◀── ended ID STATUS, whenever one has ended, however it did; what it left behind has ended then too

The children share the memory of what was loaded. Loaded by `host`, never imported.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import random
import re
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NoReturn

FOLDER = "KRONKERS_SEED"
_COMMAND = re.compile(rb"(fork|end) ([0-9a-f]{1,32})")
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36

Become = Callable[[BinaryIO, BinaryIO], None]


def can_fork() -> bool:
    """Whether this process can be copied as it is: a copy of one with other threads would lack them."""
    try:
        return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


class Seed:
    """Forks replicas on command. `become` makes a fresh child a host on two open pipes."""

    def __init__(self, folder: Path, commands: int, said: int, become: Become) -> None:
        self._folder, self._commands, self._said, self._become = folder, commands, said, become
        self._living: dict[int, str] = {}
        self._heard = b""
        self._libc = ctypes.CDLL(None)

    def serve(self) -> None:
        """Until the owner hangs up, or says what nobody understands. Then every replica is killed."""
        self._libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        gc.collect()
        gc.freeze()
        wake = self._hear_children()
        poll = select.poll()
        for descriptor in (wake, self._commands):
            poll.register(descriptor, select.POLLIN)
        going = True
        while going:
            for descriptor, _ in poll.poll():
                if descriptor == wake:
                    os.read(wake, 4096)
                    self._reap()
                else:
                    going = self._obey()
        for pid in self._living:
            os.kill(pid, signal.SIGKILL)

    def _hear_children(self) -> int:
        wake, self._ring = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(self._ring, False)
        signal.set_wakeup_fd(self._ring, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._wake = wake
        return wake

    def _obey(self) -> bool:
        piece = os.read(self._commands, 1 << 16)
        *lines, self._heard = (self._heard + piece).split(b"\n")
        for line in lines:
            told = _COMMAND.fullmatch(line)
            if told is None:
                return False
            (self._fork if told[1] == b"fork" else self._end)(told[2].decode())
        return bool(piece)

    def _fork(self, name: str) -> None:
        try:
            pid = os.fork()
        except OSError as problem:
            return self._say(f"cannot {name} {problem.strerror}")
        if pid == 0:
            self._be(name)
        self._living[pid] = name
        return self._say(f"forked {name} {pid}")

    def _end(self, name: str) -> None:
        for pid, named in self._living.items():
            if named == name:
                os.kill(pid, signal.SIGKILL)

    def _say(self, line: str) -> None:
        os.write(self._said, line.encode() + b"\n")

    # The ends of replicas

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            name = self._living.pop(pid, None)
            if name is not None:
                self._end_strays()
                code = os.waitstatus_to_exitcode(status)
                self._say(f"ended {name} {code if code >= 0 else 128 - code}")

    def _end_strays(self) -> None:
        """Kill what replicas left behind, generation by generation: such orphans become children of this process.

        Those in the session of a living replica stay; one that took a session of its own ends with the next replica.
        """
        while strays := [pid for pid in self._children() if pid not in self._living and not self._is_a_replicas(pid)]:
            for pid in strays:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)

    def _children(self) -> list[int]:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]

    def _is_a_replicas(self, pid: int) -> bool:
        try:
            return os.getsid(pid) in self._living
        except ProcessLookupError:
            return False

    # The child's side

    def _be(self, name: str) -> NoReturn:
        status = 1
        try:
            self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for descriptor in (self._wake, self._ring, self._commands, self._said):
                os.close(descriptor)
            draw_anew()
            ways = self._folder / f"{name}.q", self._folder / f"{name}.a"
            with _opened(ways[0], os.O_RDONLY) as requests, _opened(ways[1], os.O_WRONLY) as answers:
                self._become(requests, answers)
            status = 0
        finally:
            sys.stdout.flush()
            os._exit(status)


def _opened(path: Path, how: int) -> BinaryIO:
    return os.fdopen(os.open(path, how | os.O_NOFOLLOW | os.O_CLOEXEC), "rb" if how == os.O_RDONLY else "wb")


def draw_anew() -> None:
    """Let each replica draw its own random numbers, as processes of their own would.

    A generator that belongs to the model (`numpy.random.default_rng()` kept in it) was copied with it, and draws the
    same numbers in every replica.
    """
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
