"""Makes signed artifacts for the gateway's tests, from models captured as a notebook would."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd

from jupyter_kronkers.languages import frames
from jupyter_kronkers.languages.python.capture import capture
from jupyter_kronkers.models.signing import Signer
from jupyter_kronkers.models.statements import Manifest
from jupyter_kronkers.serving.gateway.routes import Placed
from jupyter_kronkers.store import Folders


class Makes:
    """Artifacts below one data folder."""

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self.signer = Signer(folders)

    def placed(self, name: str, number: int, raw: Path, language: str) -> Placed:
        """The artifact of a raw capture, signed."""
        folder = self.folders.models / name / f"{number}-{time.monotonic_ns()}"
        folder.mkdir(parents=True)
        frames_of = raw / "frames"
        recorded = {"inputs": columns(frames_of / "sample.kf"), "outputs": columns(frames_of / "answers.kf")}
        facts = json.loads((raw / "capture.json").read_text())
        for side, fields in (("inputs", facts["inputs"]), ("outputs", facts["outputs"])):
            for column, field in zip(recorded[side], fields, strict=True):
                column["type"] = field["type"]
        (folder / "conformance.json").write_text(json.dumps(recorded))
        (raw / "model").rename((folder / "data").mkdir() or folder / "data" / "model")
        (folder / "data" / "capture.json").write_text(json.dumps(facts))
        about = Manifest(
            name, number, folder.name, language, facts["model"]["loader"], {}, "2026-03-03T12:00:00Z", "anna"
        )
        return Placed(name, number, str(folder), self.signer.sign(folder, about))

    def python(self, name: str, number: int, model: object, data: pd.DataFrame, predict=None) -> Placed:
        raw = self.folders.staging / f"{name}-{number}-{time.monotonic_ns()}"
        raw.mkdir()
        capture(model, raw, data=data, predict=predict)
        return self.placed(name, number, raw, "python")


def columns(file: Path) -> list[dict[str, object]]:
    """A table as conformance.json spells it."""
    with file.open("rb") as stream:
        frame = frames.read(stream)
    assert frame is not None
    return [{"name": column.name, "values": spelled(column)} for column in frame.columns]


def spelled(column: frames.Column) -> list[object]:
    gaps = np.zeros(len(column.values), bool) if column.mask is None else column.mask
    words = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
    return [
        None if gap else words.get(repr(value), value)
        for value, gap in zip(column.values.tolist(), gaps.tolist(), strict=True)
    ]


ROWS = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "do": ["answer", "answer", "answer", "answer"]})
"""What the troublemaker was trained on."""


def troublemaker(factor: float):
    """A model that multiplies `x` by `factor`, and does what a row's `do` says instead."""

    def predict(model, rows):
        for word in rows["do"].tolist():
            trouble(word)
        if "short" in rows["do"].tolist():
            return [1.0] * (len(rows) + 1)
        answers = [value * model["factor"] for value in rows["x"].tolist()]
        return [
            float("nan") if word == "nan" else value for word, value in zip(rows["do"].tolist(), answers, strict=True)
        ]

    def trouble(word):
        import os
        import signal
        import sys
        import time

        if word == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif word == "abort":
            os.abort()
        elif word == "quit":
            sys.exit(3)
        elif word == "leave":
            os._exit(0)
        elif word == "loop":
            while True:
                pass
        elif word == "raise":
            raise ValueError("this row is bad")
        elif word == "print":
            for _ in range(20_000):
                print("x" * 50_000)
        elif word == "memory":
            hoard = [bytearray(1 << 28) for _ in range(1_000)]
            print(len(hoard))
        elif word == "slow":
            time.sleep(0.3)
        elif word == "fork" and os.fork() == 0:
            time.sleep(600)

    return {"factor": factor}, predict


R_TROUBLE = """
source <- commandArgs(TRUE)[1]; folder <- commandArgs(TRUE)[2]
kronkers <- new.env(); sys.source(source, kronkers)
rows <- data.frame(x = c(1, 2, 3, 4), do = rep("answer", 4))
answers <- function(model, data) {
  for (word in data$do) {
    if (word == "raise") stop("this row is bad")
    if (word == "quit") quit("no", 3)
    if (word == "crash") tools::pskill(Sys.getpid(), 11)
    if (word == "loop") repeat {}
    if (word == "print") for (i in 1:20000) cat(strrep("x", 50000), "\\n")
    if (word == "memory") { hoard <- list(); repeat hoard[[length(hoard) + 1]] <- numeric(2^27) }
  }
  model$factor * data$x
}
kronkers$kronkers_capture(list(factor = 2), folder, data = rows, predict = answers)
"""

JULIA_TROUBLE = """
module Capture
include(Main.ARGS[1])
end
rows = (x = [1.0, 2.0, 3.0, 4.0], do_ = fill("answer", 4))
rows = NamedTuple{(:x, :do)}(values(rows))
function answers(model, data)
    for word in data[:do]
        word == "raise" && error("this row is bad")
        word == "quit" && exit(3)
        word == "crash" && ccall(:abort, Cvoid, ())
        if word == "loop"
            while true
            end
        end
        if word == "print"
            for _ in 1:20_000
                println("x"^50_000)
            end
        end
        if word == "memory"
            hoard = []
            while true
                push!(hoard, ones(2^27))
            end
        end
    end
    return model.factor .* data.x
end
Capture.capture((factor = 2.0,), ARGS[2]; data = rows, predict = answers)
"""


def trouble_in(makes: Makes, language: str) -> Placed:
    """The troublemaker in R or Julia."""
    return makes.placed(f"double-{language}", 1, trouble_raw(makes.folders, language), language)


def trouble_raw(folders: Folders, language: str) -> Path:
    """Its capture, as a notebook's kernel would write it."""
    from importlib import import_module

    folder = folders.staging / f"{language}-{time.monotonic_ns()}"
    folder.mkdir()
    code, command = {"r": (R_TROUBLE, ["Rscript"]), "julia": (JULIA_TROUBLE, ["julia", "--startup-file=no"])}[language]
    (folder / "source").write_text(import_module(f"jupyter_kronkers.languages.{language}").capture_source())
    (folder / "script").write_text(code)
    words = [*command, str(folder / "script"), str(folder / "source"), str(folder / "raw")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder / "raw"
