"""What the measurements share: a control plane of their own, repeated timing, and a table of ratios.

Machines are noisy: a figure is the median of several runs, and what counts is the ratio to a peer of the same run.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# The measurements are started as files, so only their own folder is looked through by itself.
sys.path.append(str(Path(__file__).parents[2]))

PROGRAM = Path(sys.executable).parent / "jupyter-kronkers"
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, ours, the peer's (None where there is none), in `unit`.

    reach: what the ratio ours/peer should be, in words.
    """

    what: str
    ours: float
    peer: float | None = None
    unit: str = "s"
    against: str = ""
    reach: str = ""


def print_table(rows: list[Row]) -> None:
    print(f"  {'what':<58}{'ours':>12}{'peer':>12}  {'ours/peer':>9}  {'reach':<18}against")
    for row in rows:
        peer = "" if row.peer is None else f"{row.peer:,.4g} {row.unit}"
        ratio = "" if row.peer is None else f"{row.ours / row.peer:.3g}"
        print(f"  {row.what:<58}{row.ours:>10,.4g} {row.unit:<2}{peer:>11}  {ratio:>9}  {row.reach:<18}{row.against}")


def median_s(action: Callable[[], object], runs: int = 5, warmup: int = 1) -> float:
    """The median of the wall seconds of `runs` calls, after `warmup` calls that do not count."""
    for _ in range(warmup):
        action()
    return statistics.median(timed(action) for _ in range(runs))


def medians_s(*actions: Callable[[], object], runs: int = 5) -> list[float]:
    """As `median_s` for several actions in turn (A B A B …), so that a drifting machine meets all of them alike."""
    for action in actions:
        action()
    rounds = [[timed(action) for action in actions] for _ in range(runs)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def until(fact: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait for a fact; raises TimeoutError if it does not come true."""
    end = time.monotonic() + patience_s
    while not fact():
        if time.monotonic() > end:
            raise TimeoutError(fact)
        time.sleep(0.005)


def surroundings(data: Path) -> dict[str, str]:
    return os.environ | {"KRONKERS_DATA_DIR": str(data), "KRONKERS_COMMAND": str(PROGRAM)}


@contextmanager
def folder() -> Iterator[Path]:
    """An empty place that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="kronkers-bench-") as place:
        yield Path(place)


@contextmanager
def process(
    *command: object, env: dict[str, str] | None = None, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program beside this one, stopped with everything it started."""
    words = [str(word) for word in command]
    running = subprocess.Popen(
        words, env=env, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


@contextmanager
def control_plane(data: Path) -> Iterator[dict[str, str]]:
    """`jupyter kronkers serve` on this data folder. Gives the environment in which its command line finds it."""
    env = surroundings(data)
    with process(PROGRAM, "serve", env=env):
        until((data / "control" / "plane.json").exists)
        until(lambda: subprocess.run([PROGRAM, "status"], env=env, capture_output=True, check=False).returncode == 0)
        yield env
