"""Interpreters on the PATH, and what they say of themselves.

Standard library only: the artifacts carry a copy.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys

from .process import Runtime

_PROGRAMS = {"r": "Rscript", "julia": "julia"}
_QUESTIONS = {
    "r": ["--no-save", "-e", "cat(as.character(getRversion()), .libPaths(), sep = '\\n')"],
    "julia": [
        "--startup-file=no",
        "-e",
        'println(VERSION); p = Base.active_project(); p === nothing || println("project:", dirname(p)); '
        "foreach(println, DEPOT_PATH)",
    ],
}


def locate(language: str) -> str | None:
    """The path of the interpreter, None if there is none. Starts nothing."""
    if language == "python":
        return sys.executable
    return shutil.which(_PROGRAMS[language]) if language in _PROGRAMS else None


def ask(language: str, program: str) -> Runtime:
    """Version and package folders, by the interpreter's own word. Raises SubprocessError or OSError if it is broken.

    A host's home folder is private and empty, so what a language would look for there must be known beforehand.
    """
    if language == "python":
        return Runtime("python", platform.python_version(), program)
    question = [program, *_QUESTIONS[language]]
    said = subprocess.run(question, capture_output=True, text=True, timeout=60, check=True, stdin=subprocess.DEVNULL)
    version, *paths = said.stdout.split("\n")
    return Runtime(language, version.strip(), program, tuple(path for path in paths if path))
