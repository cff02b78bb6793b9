"""An R session of its own for each test, and a fresh host for what it leaves behind."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jupyter_kronkers.languages import frames
from jupyter_kronkers.languages.process import Process, Runtime
from jupyter_kronkers.languages.r import capture_source

RSCRIPT = shutil.which("Rscript")


@pytest.fixture(scope="session")
def rscript() -> str:
    """The R of this machine."""
    if RSCRIPT is None:
        pytest.skip("R is not installed: apt-get install r-base-core")
    return RSCRIPT


@pytest.fixture
def run_r(tmp_path: Path, rscript: str) -> Callable[[str], str]:
    """Runs R code in a new process, with `capture(model, ...)` writing to `folder`, and returns what it printed."""

    def run(code: str) -> str:
        source = tmp_path / "source.R"
        source.write_text(capture_source(), encoding="utf-8")
        head = f"""
        kronkers <- new.env(); sys.source("{source}", kronkers); folder <- "{tmp_path / "capture"}"
        capture <- function(model, ...) kronkers$kronkers_capture(model, folder, ...)
        said <- function(expr) tryCatch({{ expr; "no error" }}, kronkers_error = function(e) conditionMessage(e))
        """
        script = tmp_path / "notebook.R"
        script.write_text(head + code, encoding="utf-8")
        command = [rscript, str(script)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


class Captured:
    """A capture folder, its facts, and what a fresh host makes of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts: dict[str, Any] = json.loads((folder / "capture.json").read_text(encoding="utf-8"))
        self.size_bytes = (folder / "model" / "model.rds").stat().st_size

    def frame(self, name: str) -> frames.Frame:
        with (self.folder / "frames" / f"{name}.kf").open("rb") as file:
            frame = frames.read(file)
        assert frame is not None
        return frame

    def needed(self) -> list[str]:
        return [package["name"] for package in self.facts["packages"] if package["needed"]]

    def fresh_answers(self) -> list[frames.Column]:
        host = Process.start(self.folder, Runtime("r", "", str(RSCRIPT)))
        try:
            return host.ask(self.frame("sample").columns)
        finally:
            host.stop()

    def proves(self) -> bool:
        """Does a fresh R process give the answers of the live object?"""
        pairs = zip(self.frame("answers").columns, self.fresh_answers(), strict=True)
        return all(_alike(live, fresh) for live, fresh in pairs)


def _alike(live: frames.Column, fresh: frames.Column) -> bool:
    live_missing, fresh_missing = _missing(live), _missing(fresh)
    if live.name != fresh.name or not np.array_equal(live_missing, fresh_missing):
        return False
    here = ~live_missing
    if live.values.dtype == object:
        return bool(np.array_equal(live.values[here], fresh.values[here]))
    return bool(np.allclose(live.values[here], fresh.values[here], rtol=0, atol=1e-9, equal_nan=True))


def _missing(column: frames.Column) -> Any:
    return np.zeros(len(column.values), bool) if column.mask is None else column.mask


@pytest.fixture
def captured(run_r: Callable[[str], str], tmp_path: Path) -> Callable[[str], Captured]:
    """Runs R code that calls `capture`, and returns what was written."""

    def run(code: str) -> Captured:
        run_r(code)
        return Captured(tmp_path / "capture")

    return run
