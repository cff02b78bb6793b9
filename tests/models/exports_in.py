"""Exports of real models of each language, and a machine that has never heard of us to run them on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from jupyter_kronkers.models.intake import finish

ROWS_CSV = "x,kind\n1.5,wide\n4,narrow\n"
EXPECTED = [4.0, 4.0]
"""answer = 1 + 2 · x, half of that less half in the narrow: see the models below."""

R_MODEL = """
source <- commandArgs(TRUE)[1]; folder <- commandArgs(TRUE)[2]
kronkers <- new.env(); sys.source(source, kronkers)
rows <- data.frame(x = c(1, 2, 3, 4), kind = c("wide", "narrow", "wide", "narrow"))
answers <- function(model, data) ifelse(data$kind == "narrow", data$x, model$start + model$slope * data$x)
kronkers$kronkers_capture(list(start = 1, slope = 2), folder, data = rows, predict = answers)
"""

JULIA_MODEL = """
module Capture
include(Main.ARGS[1])
end
rows = (x = [1.0, 2.0, 3.0, 4.0], kind = ["wide", "narrow", "wide", "narrow"])
answers(model, data) = [k == "narrow" ? x : model.start + model.slope * x for (x, k) in zip(data.x, data.kind)]
Capture.capture((start = 1.0, slope = 2.0), ARGS[2]; data = rows, predict = answers)
"""


def captured_in(language: str, folder: Path) -> Path:
    """The finished capture of the model above, made by R or Julia itself."""
    code, command = {"r": (R_MODEL, ["Rscript"]), "julia": (JULIA_MODEL, ["julia", "--startup-file=no"])}[language]
    folder.mkdir(parents=True)
    (folder / "source").write_text(import_module(f"jupyter_kronkers.languages.{language}").capture_source())
    (folder / "script").write_text(code)
    words = [*command, str(folder / "script"), str(folder / "source"), str(folder / "raw")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    finish(folder / "raw", folder / "finished")
    return folder / "finished"


BLOCKED = """
import sys
for name in ("jupyter_kronkers", "mlflow", "msgspec", "cryptography", "uvloop", "yaml"):
    sys.modules[name] = None
"""


class Elsewhere:
    """An interpreter for which neither our package nor what only we need is installed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(BLOCKED)
        self.env = os.environ | {
            "PYTHONPATH": str(folder),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }

    def run(self, export: Path, *words: object, text: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(export / "run"), *map(str, words)]
        return subprocess.run(
            command, env=self.env, input=text, capture_output=True, text=True, check=False, timeout=120
        )

    @contextmanager
    def serving(self, export: Path) -> Iterator[int]:
        """The port of `run serve`, ended by SIGTERM."""
        command = [str(export / "run"), "serve", "--port", "0"]
        with subprocess.Popen(command, env=self.env, stdout=subprocess.PIPE, text=True) as process:
            self.process = process
            try:
                line = process.stdout.readline() if process.stdout else ""
                yield int(line.rpartition(":")[2].partition("/")[0])
            finally:
                process.terminate()
                assert process.wait(20) == 0


def predictions(done: subprocess.CompletedProcess[str]) -> list:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["predictions"]
