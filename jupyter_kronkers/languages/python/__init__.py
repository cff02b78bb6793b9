"""Python: the capture of a model in a live kernel, the probe and the host.

The capture is written in several small files that are sent as one text, in the order of `CAPTURE`, to kernels where
this package may be absent. What they import from each other is taken out of the text, as they then share one namespace.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

__all__ = ["CAPTURE", "FOLDER", "capture_source", "preview_source", "probe_source"]

FOLDER = Path(__file__).parent
CAPTURE = (
    "../frames.py",
    "columns.py",
    "containers.py",
    "origin.py",
    "pickling.py",
    "capture.py",
    "answer.py",
)
PROBE = ("cells.py", "dtypes.py", "probe.py", "answer.py")
PREVIEW = (*CAPTURE[:-1], "preview.py", "answer.py")
_FUTURE = "from __future__ import annotations\n"


def capture_source() -> str:
    """The Python text that defines `capture`, `by_name` and `Answer` when it is run in a namespace of its own."""
    return _one_text(CAPTURE)


def probe_source() -> str:
    """The Python text that defines `probe` and `Answer`."""
    return _one_text(PROBE)


def preview_source() -> str:
    """The Python text that defines `preview`, `preview_by_name` and `Answer`."""
    return _one_text(PREVIEW)


@cache
def _one_text(names: tuple[str, ...]) -> str:
    return _FUTURE + "\n".join(_without_own_imports((FOLDER / name).read_text(encoding="utf-8")) for name in names)


def _without_own_imports(text: str) -> str:
    lines = text.splitlines()
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("__future__", "jupyter_kronkers")):
            lines[node.lineno - 1 : node.end_lineno] = [""] * ((node.end_lineno or node.lineno) - node.lineno + 1)
    return "\n".join(lines)
