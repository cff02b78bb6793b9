"""R: the capture of a model in a live session, the probe, the host and the package kronkers.

The capture is written in several small files that are read as one text, in the order of `CAPTURE`, into an environment
of its own: by the package kronkers, by the server that asks a live kernel, and by the tests.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["CAPTURE", "FOLDER", "PROBE", "capture_source", "preview_source", "probe_source"]

FOLDER = Path(__file__).parent
CAPTURE = ("frames.R", "json.R", "globals.R", "packing.R", "capture.R")
PROBE = ("json.R", "probe.R")
PREVIEW = ("json.R", "capture.R", "preview.R")


def capture_source() -> str:
    """The R text that defines `kronkers_capture` (and `to_json`, `kronkers_frame_read`, …) where it is evaluated."""
    return _text(CAPTURE)


def probe_source() -> str:
    """The R text that defines `kronkers_probe`, which returns JSON text, where it is evaluated."""
    return _text(PROBE)


def preview_source() -> str:
    """The R text that defines `kronkers_preview`, which returns JSON text, where it is evaluated."""
    return _text(PREVIEW)


def _text(names: tuple[str, ...]) -> str:
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)
