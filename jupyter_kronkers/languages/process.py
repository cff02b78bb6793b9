"""The process of one host and the two pipes to it.

    start ──▶ load, one warm-up predict ──▶ ready ──▶ ask ⇄ answer … ──▶ stop
                     │                        │
                     ▼                        ▼
            Refused, Died, Late        Refused (goes on), Died, Late (is ended)

Copied into every artifact, so it imports nothing of ours but its neighbours: the standard library and NumPy only.
`hosts` gives the same to the rest of the project, with errors of the project's own family.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import frames
from .commands import HERE, PROTOCOL, Limits, Runtime, command, is_load_path, warm_up_frame
from .fence import Unfenced
from .frames import Column, Frame
from .launch import TOO_MANY_TASKS
from .pids import outer_pid
from .pipes import Pipes

__all__ = [
    "HERE",
    "PROTOCOL",
    "Died",
    "Late",
    "Limits",
    "Process",
    "Ready",
    "Refused",
    "Runtime",
    "command",
    "how_it_ended",
    "is_load_path",
    "warm_up_frame",
]

MOURN_S = 3.0
"""A host whose pipes are closed is about to end; if it has not by then, it is ended."""


@dataclass(frozen=True)
class Ready:
    """What a host said of itself when it was ready. `path`: how it answers, see `python/fast`."""

    language: str
    version: str
    pid: int
    load_ms: float
    warm_ms: float
    path: str = "plain"


class Refused(Exception):
    """The host answered with an error of its own language."""

    def __init__(self, class_: str, message: str, language: str, remedy: str = "") -> None:
        super().__init__(f"{class_}: {message}")
        self.class_, self.message, self.language, self.remedy = class_, message, language, remedy


class Died(Exception):
    """The host is gone. `last_words` is the end of its log."""

    def __init__(self, how: str, status: int | None, last_words: str) -> None:
        super().__init__(how)
        self.how, self.status, self.last_words = how, status, last_words


class Late(Exception):
    """The host did not answer in time and was ended."""

    def __init__(self, limit_s: float) -> None:
        super().__init__(f"no answer within {limit_s:g} s")
        self.limit_s = limit_s


# Talking to it


class Process:
    """One host, ready to answer. Threads may share it: their requests take turns."""

    def __init__(self, child: subprocess.Popen[bytes], pipes: Pipes, limits: Limits, log: Path) -> None:
        self._child = child
        self._pipes = pipes
        self._limits = limits
        self._log = log
        self._turn = threading.RLock()
        self._id = 0
        self._drop_log: Callable[[], object] = lambda: None
        self._pid = 0
        self.ready: Ready

    @classmethod
    def start(
        cls, data: Path, runtime: Runtime, limits: Limits | None = None, log: Path | None = None, sources: Path = HERE
    ) -> Process:
        """A host on `data` that is loaded and warm. Raises Refused, Died or Late."""
        limits = limits or Limits()
        own = None if log else Path(tempfile.mkdtemp(prefix="kronkers-log-"))
        try:
            child, pipes = _spawn(data.absolute(), runtime, limits, log or _in(own), sources)
        except Unfenced as problem:
            _drop(own)
            raise unfenced(problem, runtime.language) from problem
        except BaseException:
            _drop(own)
            raise
        process = cls(child, pipes, limits, log or _in(own))
        # Also when the interpreter ends: then the watcher ends the host by itself.
        process._drop_log = weakref.finalize(process, _drop, own)
        try:
            process.ready = process._until_ready()
        except BaseException:
            process.stop()
            raise
        return process

    @property
    def pid(self) -> int:
        """The host's own process, below the watcher, by the id that everybody sees."""
        return self._pid

    @property
    def alive(self) -> bool:
        return self._child.poll() is None

    def _until_ready(self) -> Ready:
        frame = self._receive(self._limits.start_s)
        if frame.kind != frames.READY:
            raise _refusal(frame)
        try:
            return self._introduced({column.name: column.values[0] for column in frame.columns})
        except (KeyError, IndexError, ValueError) as problem:
            self.stop()
            raise Died(f"its first frame does not say what it is: {problem}", None, self.last_words()) from problem

    def _introduced(self, said: Mapping[str, Any]) -> Ready:
        language, own = str(said["language"]), int(said["pid"])
        if (spoken := int(said.get("protocol", PROTOCOL))) != PROTOCOL:
            self.stop()
            raise foreign(spoken, language)
        self._pid = outer_pid(self._child.pid, own)
        times = float(said["load_ms"]), float(said["warm_ms"])
        return Ready(language, str(said["version"]), self._pid, *times, str(said.get("path", "plain")))

    def ask(self, columns: Sequence[Column], rows: int | None = None) -> list[Column]:
        """The model's answers, one row for each of `columns`.

        Raises Refused, and the host goes on; Died or Late, and it is gone.
        """
        with self._turn:
            self._id += 1
            request = frames.encode(frames.REQUEST, self._id, columns, rows)
            frame = self._exchange(request)
        if frame.kind != frames.REPLY:
            raise _refusal(frame)
        return frame.columns

    def _exchange(self, request: bytes) -> Frame:
        deadline = time.monotonic() + self._limits.request_s
        try:
            self._pipes.send(request, deadline)
        except BrokenPipeError:
            raise self._died() from None
        except TimeoutError:
            self.stop()
            raise Late(self._limits.request_s) from None
        frame = self._receive(deadline - time.monotonic(), self._limits.request_s)
        if frame.id != self._id:
            self.stop()
            raise Died(f"it answered request {frame.id} when asked {self._id}", None, self.last_words())
        return frame

    def _receive(self, wait_s: float, limit_s: float | None = None) -> Frame:
        try:
            frame = self._pipes.receive(time.monotonic() + wait_s)
        except TimeoutError:
            self.stop()
            raise Late(limit_s or wait_s) from None
        except frames.BadFrame as error:
            self.stop()
            raise Died(f"it wrote what is no frame: {error}", None, self.last_words()) from error
        except BrokenPipeError:  # stopped before
            raise self._died() from None
        if frame is None:
            raise self._died()
        return frame

    def _died(self) -> Died:
        self._pipes.close()
        try:
            status = self._child.wait(timeout=MOURN_S)
        except subprocess.TimeoutExpired:
            self.stop()
            return Died("it closed its pipes", None, self.last_words())
        return Died(how_it_ended(status), status, self.last_words())

    def last_words(self, most: int = 8_000) -> str:
        """The end of what the host has printed."""
        with contextlib.suppress(OSError), self._log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - most))
            return file.read().decode("utf-8", "replace").strip()
        return ""

    def stop(self) -> None:
        """End the host and everything it started. Harmless when repeated."""
        with contextlib.suppress(ProcessLookupError):
            self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(timeout=10)
        except subprocess.TimeoutExpired:  # the watcher is stuck: take the whole group
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
        # Not before: another thread may be waiting at the pipes. It hears of the end there.
        with self._turn:
            self._pipes.close()
        self._drop_log()


def _in(folder: Path | None) -> Path:
    return (folder or Path(tempfile.gettempdir())) / "host.log"


def _drop(folder: Path | None) -> None:
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _spawn(
    data: Path, runtime: Runtime, limits: Limits, log: Path, sources: Path
) -> tuple[subprocess.Popen[bytes], Pipes]:
    requests, to_host = os.pipe()
    from_host, answers = os.pipe()
    try:
        argv, env = command(data, runtime, limits, (requests, answers), log, sources=sources)
        with log.open("ab") as errors:
            child = subprocess.Popen(
                argv,
                env=env,
                pass_fds=(requests, answers),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
    except BaseException:
        os.close(to_host)
        os.close(from_host)
        raise
    finally:
        os.close(requests)
        os.close(answers)
    return child, Pipes(to_host, from_host)


def _refusal(frame: Frame) -> Refused:
    said = {column.name: str(column.values[0]) for column in frame.columns if len(column.values)}
    class_, message = said.get("class", "Error"), said.get("message", "")
    return Refused(class_, message, said.get("language", ""), said.get("remedy", ""))


def unfenced(problem: Unfenced, language: str) -> Refused:
    """A host that was not started, because a fence is required and there is none."""
    return Refused("Unfenced", problem.why, language, problem.remedy)


def foreign(protocol: int, language: str) -> Refused:
    """A host that speaks another protocol than we do."""
    words = f"The host speaks protocol {protocol}, and is asked in {PROTOCOL}"
    return Refused("ForeignHost", words, language, "Restart Jupyter: it is of another release than its files now.")


_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE)
_ENDS = {
    TOO_MANY_TASKS: "it was ended, as it had started more processes and threads than it may",
    0: "it ended by itself, as quit() or exit() in a model does",
    127: "it could not be started",
    128 + signal.SIGKILL: "it was killed (SIGKILL), as the system does when memory runs out",
    128 + signal.SIGTERM: "it was ended, as it was not needed any more or had closed its pipes",
    **{128 + number: f"it crashed ({number.name})" for number in _CRASHES},
}


def how_it_ended(status: int) -> str:
    """The watcher's exit status in words."""
    status = status if status >= 0 else 128 - status
    return _ENDS.get(status, f"it ended with status {status}")
