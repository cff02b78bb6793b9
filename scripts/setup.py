"""Everything this machine needs, side by side.

uv ──┬─▶ Python packages ───────────┬─▶ package ──┬─▶ kernels
     ├─▶ npm packages ─▶ front end ─┘             │
     └─▶ R ───────────────────────────────────────┤
Julia ────────────────────────────────────────────┘         bubblewrap         Chromium (tests only)
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable

from scripts import front_end, languages, prometheus, python_side
from scripts.machine import ROOT, can_install_by_apt, find, say
from scripts.steps import Outcome, Step, end, run_all

EXTRAS = {"demo": ("demo",), "test": ("demo", "test")}
PYPROJECT = ROOT / "pyproject.toml"


def steps(purpose: str) -> list[Step]:
    """The steps for "demo" or "test". Tests may miss no language where it can be installed; a demo can do without."""
    testing = purpose == "test"
    optional = not (testing and can_install_by_apt())
    found = [
        Step("uv", python_side.install_uv, python_side.UV.exists, facts=platform.python_version),
        packages_step("Python packages", EXTRAS[purpose], python_side.environment_works, needs=("uv",)),
        # One name for both, or a demo after the tests would install the smaller set over the larger one.
        Step(
            "npm packages",
            front_end.install_for_checks if testing else front_end.install_for_the_build,
            front_end.checks_can_run if testing else front_end.build_can_run,
            needs=("uv",),
            inputs=front_end.PACKAGES,
        ),
        Step(
            "front end",
            front_end.build,
            front_end.BUILT.exists,
            needs=("npm packages",),
            inputs=front_end.SOURCES,
        ),
        Step(
            "package",
            python_side.install_package,
            python_side.package_is_there,
            needs=("Python packages", "front end"),
            inputs=(PYPROJECT, ROOT / "jupyter-config", *front_end.SOURCES),
        ),
        # After uv, because both may need apt, which does one thing at a time, and much waits for uv.
        Step("R", languages.install_r, languages.r_is_there, after=("uv",), optional=optional),
        Step("bubblewrap", languages.install_fence, languages.fence_is_there, after=("R",), optional=optional),
        Step("Julia", languages.install_julia_here, languages.julia_is_there, optional=optional),
        Step(
            "kernels",
            languages.set_up_kernels,
            lambda: True,
            needs=("package",),
            after=("R", "Julia"),
            inputs=(ROOT / "jupyter_kronkers/languages",),
            facts=lambda: f"{find('Rscript')} {find('julia')}",
        ),
    ]
    return [*found, *steps_of_tests(optional)] if testing else found


def steps_of_tests(optional: bool) -> list[Step]:
    """What only tests need. After a demo it is added to what is there; on a fresh clone it came with the rest."""
    return [
        packages_step("test packages", EXTRAS["test"], python_side.tests_can_run, needs=("Python packages",)),
        Step("Chromium", languages.install_browser, languages.browser_is_there, after=("R",), optional=optional),
        Step("Prometheus", prometheus.install, prometheus.is_there, after=("uv",), optional=optional),
    ]


def packages_step(name: str, extras: tuple[str, ...], there: Callable[[], bool], needs: tuple[str, ...]) -> Step:
    return Step(
        name,
        lambda log: python_side.install_packages(log, extras),
        there,
        needs=needs,
        inputs=(PYPROJECT, python_side.CONSTRAINTS),
        facts=platform.python_version,
    )


def set_up(purpose: str) -> Outcome:
    started = time.monotonic()
    say(f"Setting up ({purpose}):")
    outcome = run_all(steps(purpose))
    say(f"Set up in {time.monotonic() - started:.1f} s.\n")
    return outcome


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make setup")
    parser.add_argument("--for", dest="purpose", choices=sorted(EXTRAS), default="demo")
    return end(set_up(parser.parse_args(words).purpose))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
