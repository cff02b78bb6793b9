"""uv, the virtual environment, the package itself."""

from __future__ import annotations

import configparser
import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts import apt
from scripts.machine import ROOT, TOOLS, VENV, Command, run

UV = TOOLS / "bin" / "uv"
CONSTRAINTS = ROOT / "constraints.txt"
UV_VERSION = "uv>=0.9,<1"


def install_uv(log: Path) -> None:
    """Brings uv into `.tools` by whatever this Python has: pip, or a virtual environment with pip."""
    if importlib.util.find_spec("pip"):
        run([sys.executable, "-m", "venv", "--without-pip", TOOLS], log)
        pip: Command = [sys.executable, "-m", "pip", "--python", TOOLS / "bin/python"]
    else:
        bring_ensurepip(log)
        run([sys.executable, "-m", "venv", TOOLS], log)
        pip = [TOOLS / "bin/python", "-m", "pip"]
    run([*pip, "install", "--disable-pip-version-check", "--no-input", "-q", UV_VERSION], log)


def bring_ensurepip(log: Path) -> None:
    """Debian's bare python3 can make no environment with pip in it."""
    if not importlib.util.find_spec("ensurepip"):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        apt.install([f"python{version}-venv"], log, otherwise=f"apt-get install python{version}-venv")


def install_packages(log: Path, extras: tuple[str, ...]) -> None:
    """Everything the package depends on, in the versions of constraints.txt."""
    if not environment_works():
        run([UV, "venv", "--seed", "--clear", "--python", sys.executable, VENV], log, extra=index_settings())
    chosen = [part for extra in extras for part in ("--extra", extra)]
    uv_pip("install", "-c", CONSTRAINTS, "-r", "pyproject.toml", *chosen, log=log)


def environment_works() -> bool:
    """Whether `.venv` has a Python that starts and is new enough."""
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([VENV / "bin/python", "-S", "-c", check], check=False).returncode == 0
    except OSError:
        return False


def tests_can_run() -> bool:
    return (VENV / "bin/pytest").exists()


def install_package(log: Path) -> None:
    """The package from this clone, editable: what you change here is what runs after a restart.

    The front end is a step of its own and is there already, so the build hook need not run npm again. An editable
    wheel copies `_labextension` into the environment, which is where JupyterLab looks; this step is made anew when
    the front end is.
    """
    without_npm = {"HATCH_JUPYTER_BUILDER_SKIP_NPM": "1"}
    uv_pip("install", "--no-deps", "--reinstall-package", "jupyter-kronkers", "-e", ".", log=log, extra=without_npm)


def uv_pip(verb: str, *words: str | Path, log: Path, extra: Mapping[str, str] | None = None) -> None:
    """`uv pip …` on the project's environment, at the package index this machine is set to."""
    run([UV, "pip", verb, "--python", VENV, *words], log, extra=index_settings() | dict(extra or {}))


def package_is_there() -> bool:
    lab = VENV / "share/jupyter/labextensions/jupyter-kronkers/install.json"
    return (VENV / "bin/jupyter-kronkers").exists() and lab.exists()


def index_settings() -> dict[str, str]:
    """uv does not read pip's settings: a machine that has its own package index or certificates keeps them."""
    asked = pip_settings()
    found = {}
    if "index-url" in asked:
        found["UV_DEFAULT_INDEX"] = asked["index-url"]
    if "cert" in asked and "SSL_CERT_FILE" not in os.environ:
        found["SSL_CERT_FILE"] = asked["cert"]
    return {name: value for name, value in found.items() if name not in os.environ}


def pip_settings() -> dict[str, str]:
    """What pip would use: its files from the machine's to the user's, then its environment variables."""
    parser = configparser.RawConfigParser(strict=False)
    home = Path.home()
    files = [
        Path("/etc/xdg/pip/pip.conf"),
        Path("/etc/pip.conf"),
        home / ".pip/pip.conf",
        home / ".config/pip/pip.conf",
    ]
    parser.read([*files, os.environ.get("PIP_CONFIG_FILE", os.devnull)], encoding="utf-8")
    found: dict[str, str] = {}
    for section in ("global", "install"):
        found |= dict(parser[section]) if parser.has_section(section) else {}
    variables = {"index-url": "PIP_INDEX_URL", "cert": "PIP_CERT"}
    return found | {name: os.environ[variable] for name, variable in variables.items() if variable in os.environ}
