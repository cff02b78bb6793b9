"""The command line of the package as the demo uses it: words in, decoded JSON out."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from scripts.machine import ROOT, VENV, Trouble, environment

# Inside the clone: a demo must not mix with the models of the person who tries it, and `make clean` forgets it all.
DATA = ROOT / ".kronkers"
DATA_FOLDER = {"KRONKERS_DATA_DIR": str(DATA)}
PROGRAM = VENV / "bin" / "jupyter-kronkers"
LOGS = DATA / "logs"
START_S = 60.0


def surroundings() -> dict[str, str]:
    return environment() | DATA_FOLDER


def ask(*words: str | Path) -> Any:
    """The JSON value that `jupyter kronkers … --json` prints. Raises Trouble with what it said instead."""
    command = [str(PROGRAM), *map(str, words), "--json"]
    done = subprocess.run(command, cwd=ROOT, env=surroundings(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"`jupyter kronkers {' '.join(map(str, words))}` said: {done.stderr.strip()}")
    return json.loads(done.stdout)


class Process:
    """A program that runs beside this one, in a session of its own, until it is stopped."""

    def __init__(self, name: str, *command: str | Path) -> None:
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log = LOGS / f"{name}.log"
        with self.log.open("wb") as out:
            self._popen = subprocess.Popen(
                [str(part) for part in command],
                cwd=ROOT,
                env=surroundings(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self._popen.pid

    def is_alive(self) -> bool:
        return self._popen.poll() is None

    def wait(self) -> int:
        return self._popen.wait()

    def stop(self) -> None:
        """Asks it to end and waits; one that does not end within 20 s is killed."""
        self._popen.terminate()
        try:
            self._popen.wait(20)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


def wait_for(what: str, fact: Any, process: Process | None = None, limit_s: float = START_S) -> Any:
    """The first true value of `fact()`. Raises Trouble after `limit_s`, or as soon as the process is gone."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        if found := fact():
            return found
        if process and not process.is_alive():
            raise Trouble(f"{what} ended: see {process.log}")
        time.sleep(0.5)
    raise Trouble(f"{what} was not ready within {limit_s:.0f} s" + (f": see {process.log}" if process else ""))
