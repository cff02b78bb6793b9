"""Install the R package kronkers, so that a notebook can say `library(kronkers)`.

    r/kronkers/  +  the files of r.CAPTURE  +  inst/command, inst/content  ──▶  R CMD INSTALL  ──▶  a library of R

`command` tells the package how to call this installation's command line; `content` is the digest by which a second
setup sees that there is nothing to do.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_kronkers.errors import Conflict, shorten
from jupyter_kronkers.languages import r
from jupyter_kronkers.languages.process import Runtime

PACKAGE = "kronkers"
LIMIT_S = 300


def setup_r(runtime: Runtime, library: Path | None = None) -> list[str]:
    """Install the package into `library`, else into R's first library that can be written, else into the user's own.

    Returns what was done, in words. Does nothing where the same package is there already. Raises Conflict if R refuses.
    """
    words = command_words()
    content = digest(runtime, words)
    libraries = [library] if library else [Path(path) for path in runtime.library_paths]
    there = next((place for place in libraries if installed_content(place) == content), None)
    if there is not None:
        return [f"The R package {PACKAGE} in {there} is up to date."]
    place = library or writable(libraries) or own_library(runtime)
    place.mkdir(parents=True, exist_ok=True)
    with only_one(place):
        if installed_content(place) != content:
            install(runtime, place, words, content)
    return [f"The R package {PACKAGE} was installed in {place}."]


def command_words() -> list[str]:
    """How the command line of this installation is called."""
    beside = Path(sys.executable).with_name("jupyter-kronkers")
    return [str(beside)] if beside.exists() else [sys.executable, "-m", "jupyter_kronkers.cli"]


def sources() -> dict[str, bytes]:
    """The files of the package by their paths in it, without `command` and `content`."""
    package = r.FOLDER / PACKAGE
    own = {str(path.relative_to(package)): path.read_bytes() for path in package.rglob("*") if path.is_file()}
    return own | {f"R/{name}": (r.FOLDER / name).read_bytes() for name in r.CAPTURE}


def digest(runtime: Runtime, words: list[str]) -> str:
    """What the installed package depends on, as one SHA-256."""
    seen = hashlib.sha256("\0".join([runtime.version, *words]).encode())
    for path, content in sorted(sources().items()):
        seen.update(f"\0{path}\0{len(content)}\0".encode() + content)
    return seen.hexdigest()


def installed_content(library: Path) -> str | None:
    """The digest of the package in a library, None if it is not there."""
    try:
        return (library / PACKAGE / "content").read_text(encoding="utf-8").strip()
    except OSError:
        return None


def writable(libraries: list[Path]) -> Path | None:
    return next((place for place in libraries if place.is_dir() and os.access(place, os.W_OK)), None)


def own_library(runtime: Runtime) -> Path:
    """Where R looks for the packages of this user, which need not be there yet."""
    said = run([runtime.executable, "--no-save", "-e", "cat(path.expand(Sys.getenv('R_LIBS_USER')))"]).strip()
    # A list of places, as all of R's paths; some systems set it to NULL in words.
    first = said.split(os.pathsep)[0]
    if not os.path.isabs(first):
        raise Conflict(
            "R has no library that you can write.",
            code="no_r_library",
            remedy="Make a folder, name it in R_LIBS_USER, and repeat.",
        )
    return Path(first)


@contextmanager
def only_one(library: Path) -> Iterator[None]:
    """Two setups at once take turns."""
    folder = os.open(library, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        # Whoever held it and was killed has left R's own lock behind.
        shutil.rmtree(library / f"00LOCK-{PACKAGE}", ignore_errors=True)
        yield
    finally:
        os.close(folder)


def install(runtime: Runtime, library: Path, words: list[str], content: str) -> None:
    with tempfile.TemporaryDirectory(prefix="kronkers-r-") as folder:
        package = Path(folder) / PACKAGE
        write_package(package, words, content)
        run([program(runtime), "CMD", "INSTALL", "--no-html", "--no-test-load", f"--library={library}", str(package)])


def write_package(package: Path, words: list[str], content: str) -> None:
    """The whole source of the package, as R builds it."""
    files = sources() | {"inst/command": "\n".join([*words, ""]).encode(), "inst/content": content.encode()}
    for name, body in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


def program(runtime: Runtime) -> str:
    """The R beside its Rscript."""
    beside = Path(runtime.executable).with_name("R")
    return str(beside) if beside.exists() else "R"


def run(command: list[str]) -> str:
    """What a command of R prints. Raises Conflict with its last words if it fails."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=LIMIT_S, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Conflict(f"R could not be run: {error}.", code="r_setup_failed") from error
    if done.returncode:
        raise Conflict(
            f"R refused to install {PACKAGE}: {shorten((done.stderr or done.stdout).strip(), 1_500)}",
            code="r_setup_failed",
            remedy="Run jupyter kronkers languages setup r again when that is mended.",
        )
    return done.stdout
