"""The command of a host: its arguments, its environment, its limits. Copied into every artifact, as `process` is."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import fence, frames
from .frames import Column
from .memory import KEEPS_MEMORY
from .mounts import ROOM

HERE = Path(__file__).parent
PROTOCOL = 1
"""The form of `hosts.md` that hosts must speak."""

WARM_UP = "KRONKERS_WARM_UP"
"""Environment variable: the warm-up request's body in hexadecimal. Not an argument, which other users could read."""

ANSWERS = "KRONKERS_ANSWERS"
"""Environment variable: the frame types of the outputs, one digit each, as capture.json declares them."""

LIBRARY_PATHS = "KRONKERS_LIBRARY_PATHS"
DEPOTS = "JULIA_DEPOT_PATH"
_LONGEST_VARIABLE = 120_000
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
_ALONE = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""pyarrow, which pandas imports, would start a thread of its own; a process with several cannot be forked safely."""

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "JULIA_NUM_THREADS")


@dataclass(frozen=True)
class Limits:
    """What a host may take. `request_s` is per predict, `start_s` until it is ready.

    tasks: processes and threads, with all that it starts. network: whether it may reach one, where there is a fence.
    fence: auto, required or off; "" leaves it to the environment (`fence`).
    """

    memory_bytes: int = 2 << 30
    start_s: float = 60.0
    request_s: float = 30.0
    file_bytes: int = 64 << 20
    open_files: int = 256
    threads: int = 1
    log_bytes: int = 1 << 20
    tasks: int = 256
    network: bool = False
    fence: str = ""


@dataclass(frozen=True)
class Runtime:
    """A language on this machine: its interpreter, and where it finds packages besides its own folders."""

    language: str
    version: str
    executable: str
    library_paths: tuple[str, ...] = ()


def command(
    data: Path,
    runtime: Runtime,
    limits: Limits,
    fds: tuple[int, int],
    log: Path | None = None,
    *,
    sources: Path = HERE,
    room: Path | None = None,
) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment of a fenced host on the folder `data` (capture.json and the model's files).

    fds: what the host reads requests from and writes answers to; both must be passed on under the same numbers.
    log: file that takes what the host prints, capped; without it the prints go to the process's own stdout.
    room: its private folder, if it is there already; it goes with the host all the same.
    The process that results is the watcher of `launch`: SIGTERM to it, or closing the request pipe, ends everything.
    Raises Unfenced if it must not start without a fence, and there is none.
    """
    data, sources = data.resolve(), sources.resolve()
    told = {
        "hold": fds[0],
        "give": fds[1],
        "memory_bytes": limits.memory_bytes,
        "file_bytes": limits.file_bytes,
        "open_files": limits.open_files,
        "tasks": limits.tasks,
        **({"room": room} if room else {}),
        **({"log": log, "log_bytes": limits.log_bytes} if log else {}),
    }
    launcher = [sys.executable, "-I", "-S", str(HERE / "launch.py"), *(f"{k}={v}" for k, v in told.items())]
    needed = fence.needed(runtime.executable, runtime.library_paths, sources)
    walls = fence.fenced(limits.fence, data, needed, network=limits.network)
    source = sources / _SOURCES[runtime.language]
    host = [*_interpreter(runtime), str(source), str(data), str(fds[0]), str(fds[1])]
    env = environment(runtime, limits, data)
    if walls and DEPOTS in env:
        # The first depot is where Julia keeps what it compiles; here only the private folder can be written to.
        env[DEPOTS] = f"{ROOM}/julia{os.pathsep}{env[DEPOTS]}"
    return [*launcher, "--", *walls, *host], env


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
    told = {"LANG": utf8, ANSWERS: _declared_answers(data), **_ALONE, **KEEPS_MEMORY, **threads, **_libraries(runtime)}
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
    told = {"JULIA_PROJECT": projects[:1], "JULIA_LOAD_PATH": loads, DEPOTS: depots}
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
