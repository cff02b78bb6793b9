"""Julia: the capture of a model in a live session, the probe, the host, a kernel and the package Kronkers.

The capture is written in several small files that are read as one text, in the order of `CAPTURE`, inside a private
module: by the package Kronkers, by the server that asks a live kernel, and by the tests.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["CAPTURE", "FOLDER", "capture_source", "preview_source", "probe_source"]

FOLDER = Path(__file__).parent
CAPTURE = (
    "frames.jl",
    "json.jl",
    "words.jl",
    "types.jl",
    "table.jl",
    "cells.jl",
    "session.jl",
    "needs.jl",
    "definitions.jl",
    "capture.jl",
)


def capture_source() -> str:
    """The Julia text that defines `capture` (and `read_frame`, `json`, …) when it is run inside a module."""
    return _text(*CAPTURE)


def probe_source() -> str:
    """The Julia text of the probe; run inside a module, its last value is JSON text."""
    return _text("json.jl", "words.jl", "types.jl", "cells.jl", "probe.jl")


def preview_source() -> str:
    """The Julia text that defines `preview`; less than a capture, because Julia compiles it each time."""
    return _text("json.jl", "words.jl", "types.jl", "table.jl", "preview.jl")


def _text(*names: str) -> str:
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)
