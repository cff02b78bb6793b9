"""What an exported folder brings along so that it scores without us: `run` and the package `kronkers_run`.

    run ──▶ verifying (ed25519) ──▶ only then: scoring ──▶ the model's own code      score: tables in, tables out
                                                        └─▶ serving                   serve: the same over HTTP

Copied into each export, so it imports nothing of ours: the standard library, NumPy, and from the artifact its
`kronkers_pyfunc`. It is plain Python of 3.10 or later, because an image has the Python that its base brings.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
PACKAGE = "kronkers_run"
_MODULES = ("commands", "ed25519", "scoring", "serving", "tables", "verifying")


def runner_files() -> dict[str, Path]:
    """Path within an export → the file to copy there."""
    modules = {f"{PACKAGE}/{name}.py": _HERE / f"{name}.py" for name in _MODULES}
    return {"run": _HERE / "run.py", f"{PACKAGE}/__init__.py": _HERE / "package.py", **modules}
