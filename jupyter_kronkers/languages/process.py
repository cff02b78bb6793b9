"""The process of one host and the two pipes to it.

    start ──▶ load, one warm-up predict ──▶ ready ──▶ ask ⇄ answer … ──▶ stop
                     │                        │
                     ▼                        ▼
            Refused, Died, Late        Refused (goes on), Died, Late (is ended)

Copied into every artifact, so it imports nothing of ours but its neighbours `frames` and `launch`: the standard
library and NumPy only. `hosts` gives the same to the rest of the project, with errors of the project's own family.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import frames
from .frames import Column, Frame

HERE = Path(__file__).parent
WARM_UP = "KRONKERS_WARM_UP"
"""Environment variable: the warm-up request's body in hexadecimal. Not an argument, which other users could read."""

ANSWERS = "KRONKERS_ANSWERS"
"""Environment variable: the frame types of the outputs, one digit each, as capture.json declares them."""

LIBRARY_PATHS = "KRONKERS_LIBRARY_PATHS"
MOURN_S = 3.0
"""A host whose pipes are closed is about to end; if it has not by then, it is ended."""

_LONGEST_VARIABLE = 120_000
_PIPE_BYTES = 1 << 20
_SOURCES = {"python": "python/host.py", "r": "r/host.R", "julia": "julia/host.jl"}
_PASSED_ON = ("PATH", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "R_HOME")
_DTYPES = {
    "boolean": frames.BOOL,
    "integer": frames.INT64,
    "long": frames.INT64,
    "float": frames.FLOAT64,
    "double": frames.FLOAT64,
}
_ARRAYS: dict[int, Any] = {
    frames.FLOAT64: np.float64,
    frames.INT64: np.int64,
    frames.BOOL: np.bool_,
    frames.UTF8: object,
}
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "JULIA_NUM_THREADS")


@dataclass(frozen=True)
class Limits:
    """What a host may take. `request_s` is per predict, `start_s` until it is ready."""

    memory_bytes: int = 2 << 30
    start_s: float = 60.0
    request_s: float = 30.0
    file_bytes: int = 64 << 20
    open_files: int = 256
    threads: int = 1
    log_bytes: int = 1 << 20


@dataclass(frozen=True)
class Runtime:
    """A language on this machine: its interpreter, and where it finds packages besides its own folders."""

    language: str
    version: str
    executable: str
    library_paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ready:
    """What a host said of itself when it was ready."""

    language: str
    version: str
    pid: int
    load_ms: float
    warm_ms: float


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


# How a host is started


def command(
    data: Path,
    runtime: Runtime,
    limits: Limits,
    fds: tuple[int, int],
    log: Path | None = None,
    *,
    sources: Path = HERE,
) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment of a fenced host on the folder `data` (capture.json and the model's files).

    fds: what the host reads requests from and writes answers to; both must be passed on under the same numbers.
    log: file that takes what the host prints, capped; without it the prints go to the process's own stdout.
    The process that results is the watcher of `launch`: SIGTERM to it, or closing the request pipe, ends everything.
    """
    fence = {
        "hold": fds[0],
        "give": fds[1],
        "memory_bytes": limits.memory_bytes,
        "file_bytes": limits.file_bytes,
        "open_files": limits.open_files,
    }
    logged = [f"log={log}", f"log_bytes={limits.log_bytes}"] if log else []
    launcher = [sys.executable, "-I", "-S", str(HERE / "launch.py"), *(f"{k}={v}" for k, v in fence.items()), *logged]
    source = sources / _SOURCES[runtime.language]
    host = [*_interpreter(runtime), str(source), str(data), str(fds[0]), str(fds[1])]
    return [*launcher, "--", *host], environment(runtime, limits, data)


def _interpreter(runtime: Runtime) -> list[str]:
    switches = {
        "python": ["-I", "-u"],
        "r": ["--vanilla"],
        "julia": ["--startup-file=no", "--history-file=no", "--color=no"],
    }
    return [runtime.executable, *switches[runtime.language]]


def environment(runtime: Runtime, limits: Limits, data: Path) -> dict[str, str]:
    """All that a host sees of this process's environment, and what it is told."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    language = os.environ.get("LANG", "")
    otherwise = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
    utf8 = language if language.lower().endswith(("utf-8", "utf8")) else otherwise
    threads = dict.fromkeys(_THREADS, str(limits.threads))
    told = {"LANG": utf8, ANSWERS: _declared_answers(data), **threads, **_libraries(runtime)}
    warm_up = warm_up_frame(data)
    if warm_up is not None and len(warm_up) * 2 < _LONGEST_VARIABLE:
        told[WARM_UP] = warm_up[4:].hex()
    return passed | told


def _declared_answers(data: Path) -> str:
    try:
        outputs = json.loads((data / "capture.json").read_text(encoding="utf-8"))["outputs"]
        return "".join(str(_DTYPES.get(field["type"], frames.UTF8)) for field in outputs)
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # the host will say in its own words what is wrong with the folder


def _libraries(runtime: Runtime) -> dict[str, str]:
    paths = runtime.library_paths
    if not paths:
        return {}
    if runtime.language == "julia":
        return _julia_paths(paths)
    return {"R_LIBS" if runtime.language == "r" else LIBRARY_PATHS: os.pathsep.join(paths)}


def _julia_paths(paths: Sequence[str]) -> dict[str, str]:
    """Julia knows the active project (`project:…`), depots (DEPOT_PATH) and what it loads from (LOAD_PATH)."""
    projects = [path.removeprefix("project:") for path in paths if path.startswith("project:")]
    loads = [path for path in paths if is_load_path(path)]
    depots = [path for path in paths if not path.startswith("project:") and path not in loads]
    told = {"JULIA_PROJECT": projects[:1], "JULIA_LOAD_PATH": loads, "JULIA_DEPOT_PATH": depots}
    return {name: os.pathsep.join(found) for name, found in told.items() if found}


def is_load_path(path: str) -> bool:
    """True for a project file or a folder of packages of Julia, as `Base.load_path()` gives them."""
    return path.endswith(".toml") or os.path.basename(os.path.dirname(path)) == "stdlib"


def warm_up_frame(data: Path) -> bytes | None:
    """A request of one row, the first of `conformance.json` beside `data`; None if there is none."""
    try:
        inputs = json.loads((data.parent / "conformance.json").read_text(encoding="utf-8"))["inputs"]
        return frames.encode(frames.REQUEST, 0, [_first_value(field) for field in inputs], None if inputs else 1)
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        # Whoever wrote the file is checked elsewhere; a host without a warm-up is only slow at first.
        return None


def _first_value(field: Mapping[str, Any]) -> Column:
    name, value = field["name"], field["values"][0]
    dtype = _DTYPES.get(field["type"], frames.UTF8)
    missing = value is None
    if missing:
        value = "" if dtype == frames.UTF8 else 0
    # NaN and the infinities are spelled out.
    values = np.array([float(value) if dtype == frames.FLOAT64 else value], _ARRAYS[dtype])
    return Column(name, values, np.array([True]) if missing else None)


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
        """The host's own process, below the watcher."""
        return self.ready.pid

    @property
    def alive(self) -> bool:
        return self._child.poll() is None

    def _until_ready(self) -> Ready:
        frame = self._receive(self._limits.start_s)
        if frame.kind != frames.READY:
            raise _refusal(frame)
        said = {column.name: column.values[0] for column in frame.columns}
        return Ready(
            str(said["language"]),
            str(said["version"]),
            int(said["pid"]),
            float(said["load_ms"]),
            float(said["warm_ms"]),
        )

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


_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE)
_ENDS = {
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
