"""`jupyter kronkers languages setup julia`: the package Kronkers for Julia, and a kernel where there is none.

    <depot>/kronkers/Kronkers/        the package, with the capture's sources and the command it calls
    <depot>/environments/v1.N/        knows the package, so that every session finds it
    <prefix>/share/jupyter/kernels/julia-kronkers/     only if IJulia has no kernel

Nothing is fetched, and a second time nothing is changed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from jupyter_kronkers.errors import MissingLanguage
from jupyter_kronkers.languages import Runtime, julia

__all__ = ["KERNEL", "install_kernel", "install_package", "setup_julia"]

KERNEL = "julia-kronkers"
SETUP_S = 300.0


def setup_julia(runtime: Runtime) -> list[str]:
    """Install what Julia notebooks need; gives in words what was changed, nothing if all was there.

    Needs no network. Raises MissingLanguage with Julia's own words if Julia cannot load the package.
    """
    return [*install_package(runtime), *install_kernel(runtime)]


def install_package(runtime: Runtime) -> list[str]:
    """Write the package into Julia's depot and make it known."""
    package = _depot(runtime) / "kronkers" / "Kronkers"
    written = _write_package(package)
    said = _julia(runtime, str(julia.FOLDER / "setup.jl"), str(package))
    return [*([f"The package Kronkers is in {package}."] if written else []), *said]


def install_kernel(runtime: Runtime) -> list[str]:
    """Install our kernelspec, unless Jupyter has another kernel for Julia."""
    from jupyter_client.kernelspec import KernelSpecManager

    specs = KernelSpecManager().get_all_specs()
    others = [name for name, spec in specs.items() if spec["spec"]["language"] == "julia" and name != KERNEL]
    if others:
        return []
    path = Path(sys.prefix) / "share" / "jupyter" / "kernels" / KERNEL / "kernel.json"
    text = json.dumps(_kernelspec(runtime), indent=1)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return []
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return [f"The kernel {_title(runtime)} is installed ({path.parent})."]


def _kernelspec(runtime: Runtime) -> dict[str, object]:
    return {
        "argv": [sys.executable, "-m", "jupyter_kronkers.languages.julia.kernel", "-f", "{connection_file}"],
        "display_name": _title(runtime),
        "language": "julia",
        "env": {"KRONKERS_JULIA": runtime.executable},
        "interrupt_mode": "signal",
        "metadata": {"debugger": False},
    }


def _title(runtime: Runtime) -> str:
    return "Julia " + ".".join(runtime.version.split(".")[:2])


def _depot(runtime: Runtime) -> Path:
    (path,) = _julia(runtime, "-e", "print(first(DEPOT_PATH))")
    return Path(path)


def _write_package(target: Path) -> bool:
    """The package as it should be, put in place in one step. False if it is there already."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / "Kronkers"
        shutil.copytree(julia.FOLDER / "Kronkers", made)
        sources = made / "src" / "capture"
        sources.mkdir()
        for name in julia.CAPTURE:
            shutil.copyfile(julia.FOLDER / name, sources / name)
        (sources / "order").write_text("\n".join(julia.CAPTURE) + "\n", encoding="utf-8")
        (made / "command").write_text("\n".join(_command()) + "\n", encoding="utf-8")
        if _contents(made) == _contents(target):
            return False
        if target.exists():
            target.rename(Path(folder) / "before")
        made.rename(target)
    return True


def _command() -> list[str]:
    """The command line as Julia is to call it, one word per line."""
    return [sys.executable, "-m", "jupyter_kronkers.cli"]


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _julia(runtime: Runtime, *arguments: str) -> list[str]:
    """The lines Julia prints. Raises MissingLanguage with its words if it fails."""
    ours = {name: value for name, value in os.environ.items() if name not in ("JULIA_PROJECT", "JULIA_LOAD_PATH")}
    command = [runtime.executable, "--startup-file=no", "--color=no", *arguments]
    try:
        done = subprocess.run(
            command, env=ours, capture_output=True, text=True, timeout=SETUP_S, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingLanguage("A working Julia", remedy=f"{runtime.executable} could not be run: {error}") from error
    if done.returncode != 0:
        raise MissingLanguage("A working Julia", remedy=f"It said: {done.stderr.strip()[-2000:]}")
    return [line for line in done.stdout.splitlines() if line]
