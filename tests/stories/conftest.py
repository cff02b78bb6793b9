"""A control plane of the tests' own, and the command line as a person uses it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(sys.executable).parent / "jupyter-kronkers"
PATIENCE_S = 60


class Person:
    """Somebody at a terminal, with a data folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = os.environ | {
            "KRONKERS_DATA_DIR": str(folder),
            "KRONKERS_COMMAND": str(PROGRAM),
            "PATH": f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}",
        }

    def run(self, *words: object, text: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(word) for word in (PROGRAM, *words)]
        return subprocess.run(command, env=self.env, input=text, capture_output=True, text=True, check=False)

    def ask(self, *words: object, text: str | None = None) -> Any:
        """The JSON that a command answers with; what it says instead fails the test."""
        done = self.run(*words, "--json", text=text)
        assert done.returncode == 0, f"{words}: {done.stderr}{done.stdout}"
        return json.loads(done.stdout)

    def until(self, fact: Any) -> Any:
        end = time.monotonic() + PATIENCE_S
        while not (found := fact()):
            assert time.monotonic() < end, "it did not come true"
            time.sleep(0.02)
        return found


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """With `jupyter kronkers serve` running, and nothing of it left afterwards."""
    person = Person(tmp_path_factory.mktemp("person") / "kronkers")
    log = (tmp_path_factory.mktemp("log") / "serve.log").open("wb")
    serve = subprocess.Popen([PROGRAM, "serve"], env=person.env, stdout=log, stderr=log, start_new_session=True)
    try:
        person.until(lambda: person.run("status").returncode == 0)
        yield person
    finally:
        serve.send_signal(signal.SIGTERM)
        serve.wait(30)
        log.close()
