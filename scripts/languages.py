"""R and Julia, the fence around models, and a browser for the tests."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from scripts import apt, install_julia
from scripts.machine import VENV, Trouble, environment, find, run

R_PACKAGES = ["r-base-core", "r-cran-irkernel", "r-cran-randomforest", "r-cran-httr2"]
R_CHECK = "for (p in c('IRkernel', 'randomForest', 'httr2')) if (!nzchar(system.file(package = p))) q(status = 1)"
R_REMEDY = (
    f"apt-get install --no-install-recommends {' '.join(R_PACKAGES)}, or elsewhere: install R, then in R "
    'install.packages(c("IRkernel", "randomForest", "httr2")); IRkernel::installspec()'
)
JULIA_REMEDY = "install Julia 1.5 or later (juliaup brings it) so that `julia` is on the PATH"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def install_r(log: Path) -> None:
    apt.install(R_PACKAGES, log, otherwise=R_REMEDY)


def r_is_there() -> bool:
    return succeeds("Rscript", "--vanilla", "-e", R_CHECK)


def install_julia_here(log: Path) -> None:
    """Julia of Debian 11 in a folder of its own, where this machine is a Debian 12."""
    try:
        install_julia.install(log)
    except install_julia.NotHere as reason:
        raise Trouble(str(reason), JULIA_REMEDY) from reason


def julia_is_there() -> bool:
    """Whether a Julia of 1.5 or later is on the PATH."""
    found = re.search(r"julia version (\d+)\.(\d+)", output("julia", "--version"))
    return found is not None and (int(found[1]), int(found[2])) >= (1, 5)


def install_fence(log: Path) -> None:
    apt.install(
        ["bubblewrap"], log, otherwise="install bubblewrap, or do without: models are fenced by limits alone then"
    )


def fence_is_there() -> bool:
    return bool(find("bwrap"))


def install_browser(log: Path) -> None:
    apt.install(["chromium", "fonts-dejavu-core"], log, otherwise="install Chromium or Chrome")


def browser_is_there() -> bool:
    return any(find(name) for name in BROWSERS)


def set_up_kernels(log: Path) -> None:
    """Helper packages of R and Julia and the Julia kernel, by the package's own command."""
    run([VENV / "bin/jupyter", "kronkers", "languages", "setup"], log)


def succeeds(program: str, *words: str) -> bool:
    path = find(program)
    if not path:
        return False
    done = subprocess.run([path, *words], env=environment(), capture_output=True, check=False, timeout=60)
    return done.returncode == 0


def output(program: str, *words: str) -> str:
    """What the program prints; "" where there is no such program or it fails."""
    path = find(program)
    if not path:
        return ""
    done = subprocess.run([path, *words], env=environment(), capture_output=True, text=True, check=False, timeout=60)
    return done.stdout if done.returncode == 0 else ""
