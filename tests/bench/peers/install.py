"""`python tests/bench/peers/install.py`: the servers that the gateway is measured beside, in a place of their own.

MLServer goes into the environment .tools/peers, with the scikit-learn of the project, so that both answer with the same
model; `mlflow models serve` is there already, because the tests need it. plumber and wrk are Debian's packages.
The project itself needs none of them.
"""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT))

from scripts import apt  # noqa: E402
from scripts.machine import TOOLS, Trouble, run, say  # noqa: E402
from scripts.python_side import UV, index_settings  # noqa: E402
from scripts.steps import LOGS  # noqa: E402

PEERS = TOOLS / "peers"
LOG = LOGS / "peers.log"
SAME = ("scikit-learn", "numpy", "joblib")
# MLServer 1.7's workers ask uvloop for a loop that is not there yet, which later ones refuse.
OLDER = ("uvloop<0.22",)


def install() -> list[str]:
    """Brings what is missing. What could not be had, in words: its rows are left out of the table."""
    return [words for words in (tried("MLServer", mlserver), tried("plumber", plumber), tried("wrk", wrk)) if words]


def tried(name: str, bring: object) -> str:
    try:
        bring()  # type: ignore[operator]
    except Trouble as trouble:
        return f"{name} is not measured: {str(trouble).splitlines()[0]} {trouble.remedy}"
    return ""


def mlserver() -> None:
    if (PEERS / "bin/mlserver").exists():
        return
    say("Installing MLServer beside the project …")
    run([UV, "venv", "--clear", "--python", sys.executable, PEERS], LOG, extra=index_settings())
    same = [f"{name}=={importlib.metadata.version(name)}" for name in SAME]
    command = [UV, "pip", "install", "--python", PEERS, "mlserver", "mlserver-sklearn", *OLDER, *same]
    run(command, LOG, extra=index_settings())


def plumber() -> None:
    if not has_plumber():
        apt.install(["r-cran-plumber"], LOG, otherwise='In R: install.packages("plumber")')


def has_plumber() -> bool:
    if shutil.which("Rscript") is None:
        raise Trouble("there is no R here", "apt-get install r-base-core")
    code = "q(status = !requireNamespace('plumber', quietly = TRUE))"
    return subprocess.run(["Rscript", "-e", code], capture_output=True, check=False).returncode == 0


def wrk() -> None:
    if shutil.which("wrk") is None:
        apt.install(["wrk"], LOG, otherwise="apt-get install wrk")


if __name__ == "__main__":
    for words in install():
        say(words)
