"""What an artifact carries so that it runs without us: the package `code/kronkers_pyfunc`."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
_FILES = {
    "__init__.py": "pyfunc.py",
    **{
        name: name
        for name in (
            "frames.py",
            "commands.py",
            "fence.py",
            "interpreters.py",
            "launch.py",
            "memory.py",
            "mounts.py",
            "pids.py",
            "pipes.py",
            "process.py",
            "reasons.py",
            "python/loaded.py",
            "python/host.py",
            *(f"python/fast/{file.name}" for file in sorted((_HERE / "python" / "fast").glob("*.py"))),
            "r/host.R",
            "r/frames.R",
            "r/layouts.R",
            "r/seed.R",
            "julia/host.jl",
            "julia/frames.jl",
        )
    },
}


def pyfunc_files(language: str) -> dict[str, Path]:
    """Path within `code/kronkers_pyfunc` → the file to copy there.

    The same for every `language`: a process that loads models of two languages imports the package once, from the
    first, and it must serve both.
    """
    return {name: _HERE / source for name, source in _FILES.items()}
