"""`make bench`: each file of tests/bench measures us and a peer in one run and prints the ratio."""

from __future__ import annotations

import subprocess

from scripts.machine import ROOT, VENV, environment, say
from scripts.setup import set_up
from scripts.steps import end


def main(words: list[str]) -> int:
    """Exit status 0 if every measurement could be made. `words` name the files to run; all of them by default."""
    if end(set_up("test")):
        return 1
    files = sorted((ROOT / "tests/bench").glob("bench_*.py"))
    chosen = [file for file in files if not words or file.stem.removeprefix("bench_") in words]
    failed = 0
    for file in chosen:
        say(f"\n{file.stem.removeprefix('bench_')}:")
        command = [VENV / "bin/python", file]
        failed |= subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode
    return failed
