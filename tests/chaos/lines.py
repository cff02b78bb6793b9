"""Lines: models whose every answer is factor * x + y, so that each number tells which version and whose row it was."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd

from jupyter_kronkers.languages.python.capture import capture

ROWS = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [0.0, 1.0, 2.0, 3.0]})


def python_line(raw: Path, factor: float) -> Path:
    """Captured as scikit-learn's linear regression. The folder of the capture."""
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit(ROWS, factor * ROWS.x + ROWS.y)
    # To the last bit: what was fitted is off by rounding.
    model.coef_, model.intercept_ = np.array([factor, 1.0]), 0.0
    capture(model, raw, data=ROWS)
    return raw


def slow_line(factor: float, *, row_s: float = 0.0, batch_s: float = 0.0) -> Callable[[object, pd.DataFrame], object]:
    """A predict function that sleeps for each row and for each call."""

    def predict(model, rows):
        import time

        time.sleep(batch_s + row_s * len(rows))
        return (factor * rows["x"] + rows["y"]).tolist()

    return predict


R = """
source <- commandArgs(TRUE)[1]; folder <- commandArgs(TRUE)[2]; factor <- as.numeric(commandArgs(TRUE)[3])
kronkers <- new.env(); sys.source(source, kronkers)
rows <- data.frame(x = c(1, 2, 3, 4), y = c(0, 1, 2, 3))
answers <- function(model, data) model$factor * data$x + data$y
kronkers$kronkers_capture(list(factor = factor), folder, data = rows, predict = answers)
"""

JULIA = """
module Capture
include(Main.ARGS[1])
end
rows = (x = [1.0, 2.0, 3.0, 4.0], y = [0.0, 1.0, 2.0, 3.0])
answers(model, data) = model.factor .* data.x .+ data.y
Capture.capture((factor = parse(Float64, ARGS[3]),), ARGS[2]; data = rows, predict = answers)
"""

PROGRAMS = {"r": (R, ["Rscript"]), "julia": (JULIA, ["julia", "--startup-file=no"])}


def line(raw: Path, language: str, factor: float) -> Path:
    """The capture of a line in any language, in the folder `raw`, which is not there yet."""
    if language == "python":
        raw.mkdir()
        return python_line(raw, factor)
    code, command = PROGRAMS[language]
    script, source = raw.with_name(f"{raw.name}-script"), raw.with_name(f"{raw.name}-source")
    script.write_text(code)
    source.write_text(import_module(f"jupyter_kronkers.languages.{language}").capture_source())
    words = [*command, str(script), str(source), str(raw), str(factor)]
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    return raw


def fresh(place: Path, name: str) -> Path:
    """A path below `place` that nobody has used."""
    return place / f"{name}-{time.monotonic_ns()}"
