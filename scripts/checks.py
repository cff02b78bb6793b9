"""`make lint` and `make test`: set up, then one check after another; the tests of Python come last and loudest."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass

from scripts.machine import ROOT, TOOLS, VENV, environment, say
from scripts.setup import set_up
from scripts.steps import end


@dataclass(frozen=True)
class Check:
    """A command that ends with status 0 if all is well, and what to do if not."""

    name: str
    command: tuple[str, ...]
    remedy: str = ""


def python(tool: str) -> str:
    return str(VENV / "bin" / tool)


def npm(*words: str) -> tuple[str, ...]:
    return (str(TOOLS / "bin/npm"), "run", "--silent", *words)


LINT = (
    Check("ruff", (python("ruff"), "check", "."), "ruff check --fix ."),
    Check("ruff format", (python("ruff"), "format", "--check", "."), "ruff format ."),
    Check("mypy", (python("mypy"),)),
    Check("mypy of scripts", (python("mypy"), "--strict", "scripts")),
    Check("the tower of rooms", (python("lint-imports"),)),
    Check("biome", npm("lint"), "npx biome check --write"),
    Check("tsc", npm("check")),
)
TESTS_OF_THE_FRONT_END = Check("vitest", npm("test"))
# Two processes on two cores; a file stays in one process, so that its servers are started once.
PYTEST = (python("pytest"), "-q", "-n", "2", "--dist", "loadfile", "-r", "fEs", "--durations", "10")


def lint(words: list[str]) -> int:
    """Exit status 0 if every check is content."""
    return end(set_up("test")) or run_checks(LINT)


def test(words: list[str]) -> int:
    """Exit status 0 if every check and every test is content. `words` go to pytest."""
    if end(set_up("test")):
        return 1
    failed = run_checks((*LINT, TESTS_OF_THE_FRONT_END))
    say("\npytest:")
    tested = subprocess.run([*PYTEST, *words], cwd=ROOT, env=environment(), check=False).returncode
    return tested or failed


def run_checks(checks: tuple[Check, ...]) -> int:
    """All of them, even after one failed: a person wants the whole list."""
    say("Checking:")
    return max([run_check(check) for check in checks])


def run_check(check: Check) -> int:
    started = time.monotonic()
    # Colours of tools that think they talk to a terminal make logs unreadable.
    quiet = environment() | {"NO_COLOR": "1", "MYPY_FORCE_COLOR": "0"}
    done = subprocess.run(check.command, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    took = f"{time.monotonic() - started:6.1f} s"
    if done.returncode == 0:
        say(f"  ✓ {check.name:<20}{took}")
        return 0
    said = "\n".join(f"    {line}" for line in (done.stdout + done.stderr).splitlines()[-60:])
    remedy = f"\n    what helps: {check.remedy}" if check.remedy else ""
    say(f"  ✗ {check.name:<20}{took}\n{said}{remedy}")
    return 1
