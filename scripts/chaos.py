"""`make chaos`: the long form of what tests/chaos does in a small form with every `make test`."""

from __future__ import annotations

import subprocess

from scripts.machine import ROOT, VENV, environment
from scripts.setup import set_up
from scripts.steps import end


def main(words: list[str]) -> int:
    """Exit status 0 if nothing failed. `words` name the parts to run, all of them by default; `--small`, `--seed N`."""
    if end(set_up("test")):
        return 1
    command = [str(VENV / "bin/python"), "-m", "tests.chaos", *words]
    return subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode
