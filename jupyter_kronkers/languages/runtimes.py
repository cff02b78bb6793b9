"""Which languages this machine has, and which interpreter serves a model.

`find` starts an interpreter once per process to ask where its packages are; `survey` is for people.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import msgspec

from jupyter_kronkers.errors import Fault, Invalid, MissingLanguage
from jupyter_kronkers.languages.interpreters import ask, locate
from jupyter_kronkers.languages.process import Runtime, is_load_path

LANGUAGES = ("python", "r", "julia")
TITLES = {"python": "Python", "r": "R", "julia": "Julia"}

INSTALL = {
    "python": "Install Python 3.11 or later.",
    "r": "Install it: apt-get install --no-install-recommends r-base-core r-cran-irkernel (macOS: brew install r).",
    "julia": "Install it: jupyter kronkers languages setup julia (or juliaup from julialang.org).",
}
KERNEL = {
    "python": "python -m ipykernel install --user",
    "r": "apt-get install --no-install-recommends r-cran-irkernel "
    "(or in R: install.packages('IRkernel'); IRkernel::installspec())",
    "julia": "jupyter kronkers languages setup",
}


@dataclass(frozen=True)
class LanguageFound:
    """One language, for `jupyter kronkers languages`. `missing` and `remedy` are "" if nothing is missing."""

    language: str
    title: str
    version: str
    executable: str
    kernels: tuple[str, ...]
    missing: str
    remedy: str


def find(language: str) -> Runtime:
    """The interpreter that serves models of `language`. Raises MissingLanguage with the command that brings it."""
    program = locate(language)
    if program is None:
        raise MissingLanguage(TITLES.get(language, language), remedy=INSTALL.get(language, ""))
    return asked(language, program, os.stat(program).st_mtime_ns)


@functools.lru_cache(maxsize=32)
def asked(language: str, program: str, changed_at: int) -> Runtime:
    """What the interpreter says of itself. `changed_at` lets a new installation be asked again."""
    try:
        return ask(language, program)
    except (subprocess.SubprocessError, OSError) as error:
        raise MissingLanguage(f"A working {TITLES[language]} ({program})", remedy=INSTALL[language]) from error


class Recorded(msgspec.Struct, frozen=True):
    """What a capture says of the interpreter it was made with."""

    version: str = ""
    executable: str = ""
    library_paths: tuple[str, ...] = ()


class Capture(msgspec.Struct, frozen=True):
    language: str
    runtime: Recorded = Recorded()


def runtime_of(capture: bytes) -> Runtime:
    """The interpreter for a capture: the one it was made with, if this machine offers that one, else what `find` gives.

    capture: the text of a capture.json. An interpreter is believed only if it is this process's own, `find`'s, or a
    kernelspec's: a path in an upload alone starts nothing. Raises MissingLanguage, or Invalid if that is no capture.
    """
    try:
        told = msgspec.json.decode(capture, type=Capture)
    except msgspec.MsgspecError as error:
        raise Invalid(Fault("capture.json", str(error))) from error
    language, recorded = told.language, told.runtime
    executable = _program(language, recorded.executable)
    if not executable or not os.access(executable, os.X_OK):
        return find(language)
    if not _same_file(executable, locate(language)) and not _is_a_kernels(language, executable):
        return find(language)
    return Runtime(language, recorded.version, executable, _library_paths(language, executable, recorded))


def _library_paths(language: str, executable: str, recorded: Recorded) -> tuple[str, ...]:
    """Where the kernel had its packages from, if that is still there; else where the interpreter has them from."""
    paths = tuple(path for path in recorded.library_paths if _is_there(path))
    if language == "python":
        return paths
    own = asked(language, executable, os.stat(executable).st_mtime_ns).library_paths
    if language == "julia" and all(path.startswith("project:") or is_load_path(path) for path in paths):
        # What Julia loads from is found within its depots.
        return (*paths, *(path for path in own if not paths or not path.startswith("project:")))
    return paths or own


def _is_there(path: str) -> bool:
    path = path.removeprefix("project:")
    return os.path.isabs(path) and (os.path.isdir(path) or (is_load_path(path) and os.path.isfile(path)))


def _program(language: str, executable: str) -> str:
    """R's kernels run R itself; hosts run the Rscript beside it."""
    if language != "r" or not executable or Path(executable).name == "Rscript":
        return executable
    beside = Path(executable).with_name("Rscript")
    return str(beside) if beside.exists() else ""


def _same_file(executable: str, trusted: str | None) -> bool:
    """True if `executable` is the interpreter `trusted`. Only the trusted one may be started to find out."""
    if trusted is None:
        return False
    # Not through links: a virtual environment's python links to one that lacks its packages.
    if _place(executable) == _place(trusted):
        return True
    # One R has several Rscripts: that on the PATH, and the one in its own folder, which its kernels name.
    return Path(trusted).name == "Rscript" and _place(executable) == _own_rscript(trusted, os.stat(trusted).st_mtime_ns)


def _place(path: str) -> str:
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


@functools.lru_cache(maxsize=32)
def _own_rscript(trusted: str, changed_at: int) -> str:
    asking = [trusted, "--vanilla", "-e", "cat(R.home('bin'))"]
    said = subprocess.run(asking, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    return _place(os.path.join(said.stdout.strip(), "Rscript"))


def _is_a_kernels(language: str, executable: str) -> bool:
    return any(_same_file(executable, _program(language, command)) for command in _kernel_commands(language).values())


def _kernel_commands(language: str) -> dict[str, str]:
    """Kernelspec name → its program's path, of this language."""
    from jupyter_client.kernelspec import KernelSpecManager

    found = {}
    for name, spec in KernelSpecManager().get_all_specs().items():
        argv = spec["spec"].get("argv") or [""]
        program = shutil.which(argv[0])
        if spec["spec"].get("language", "").lower() == language and program:
            found[name] = program
    return found


def survey() -> list[LanguageFound]:
    """Each language: what is there, what is missing, and the command that brings it."""
    return [_surveyed(language) for language in LANGUAGES]


def _surveyed(language: str) -> LanguageFound:
    title = TITLES[language]
    try:
        runtime = find(language)
    except MissingLanguage as missing:
        return LanguageFound(language, title, "", "", (), missing.message, missing.remedy)
    kernels = tuple(sorted(_kernel_commands(language)))
    missing_words = "" if kernels else f"No {title} kernel is installed, so JupyterLab cannot open {title} notebooks."
    remedy = "" if kernels else f"Install one: {KERNEL[language]}"
    return LanguageFound(language, title, runtime.version, runtime.executable, kernels, missing_words, remedy)
