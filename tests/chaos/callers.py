"""Callers: processes that ask all the while (`asking`), started, watched and told to stop from here."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from tests.chaos.asking import Plan
from tests.chaos.tallies import Tally, together

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120.0


class Heard(msgspec.Struct):
    answered: int = 0
    failed: int = 0


class Callers:
    """Ask as planned until stopped, or until each process has asked what the plan says. `tally` is there after that."""

    def __init__(self, *plans: Plan) -> None:
        self._plans = plans
        self._heard = [Heard() for _ in plans]
        self._tallies: list[Tally | None] = [None for _ in plans]
        self._processes: list[subprocess.Popen[bytes]] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> Self:
        for at, plan in enumerate(self._plans):
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.asking"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            self._processes.append(process)
            process.stdin.write(msgspec.json.encode(plan) + b"\n")
            process.stdin.flush()
            thread = threading.Thread(target=self._hear, args=(at, process), daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def _hear(self, at: int, process: subprocess.Popen[bytes]) -> None:
        for line in process.stdout:
            if b'"wall_s"' in line:
                self._tallies[at] = msgspec.json.decode(line, type=Tally)
            else:
                self._heard[at] = msgspec.json.decode(line, type=Heard)

    @property
    def answered(self) -> int:
        return sum(heard.answered for heard in self._heard)

    @property
    def failed(self) -> int:
        return sum(heard.failed for heard in self._heard)

    def more(self, answers: int) -> None:
        """Wait until that many more were answered. Raises TimeoutError if they do not come."""
        self.until(self.answered + answers)

    def until(self, answers: int, patience_s: float = PATIENCE_S) -> None:
        end = time.monotonic() + patience_s
        while self.answered < answers:
            if time.monotonic() > end or any(process.poll() for process in self._processes):
                raise TimeoutError(f"{self.answered} answers came, {self.failed} failed, {answers} were waited for")
            time.sleep(0.02)

    def wait(self) -> Tally:
        """Until all have asked what their plan says."""
        for thread in self._threads:
            thread.join()
        return self.stop()

    def stop(self) -> Tally:
        """What became of all requests; those under way are waited for. Raises RuntimeError if a process broke."""
        for process in self._processes:
            if not process.stdin.closed:
                process.stdin.close()
        for process, thread in zip(self._processes, self._threads, strict=True):
            thread.join(PATIENCE_S)
            process.stdout.close()
            process.wait(PATIENCE_S)
        tallies = [tally for tally in self._tallies if tally is not None]
        if len(tallies) != len(self._plans):
            raise RuntimeError("the callers broke: see what they printed above")
        return together(tallies)

    def kill(self) -> None:
        """End them at once, whatever they wait for."""
        for process, thread in zip(self._processes, self._threads, strict=True):
            process.kill()
            process.wait()
            thread.join()
            process.stdin.close()
            process.stdout.close()

    def __enter__(self) -> Self:
        self.start()
        self.more(20)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            self.kill()
        elif any(tally is None for tally in self._tallies):
            self.stop()
