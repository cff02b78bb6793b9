"""jupyter-scheduler in a place of its own, with the JupyterLab of the project: ours is measured beside its panel."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT))

from scripts.machine import TOOLS, run, say  # noqa: E402
from scripts.python_side import UV, index_settings  # noqa: E402
from scripts.steps import LOGS  # noqa: E402

PLACE = TOOLS / "scheduler"


def install() -> Path:
    """The Python that has it. Raises Trouble if it could not be had."""
    python = PLACE / "bin/python"
    if not (PLACE / "share/jupyter/labextensions/@jupyterlab/scheduler").exists():
        say("Installing jupyter-scheduler beside the project …")
        log = LOGS / "scheduler.log"
        run([UV, "venv", "--clear", "--python", sys.executable, PLACE], log, extra=index_settings())
        same = [f"{name}=={importlib.metadata.version(name)}" for name in ("jupyterlab", "jupyter-server")]
        command = [UV, "pip", "install", "--python", PLACE, "jupyter_scheduler", *same]
        run(command, log, extra=index_settings())
    return python


if __name__ == "__main__":
    install()
