"""The models that everybody is measured with, each saved as every server wants it.

lr: StandardScaler and LogisticRegression; rf: RandomForestClassifier, 100 trees of depth 10; both on 10 columns of
floats. line: R's `lm` on the same columns. product: a Julia model on them.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd

COLUMNS = [f"x{i}" for i in range(10)]


@dataclass(frozen=True)
class Saved:
    """Where one model lies: ours as a raw capture; `mlflow` and `joblib` for the peers, `rds` for plumber."""

    name: str
    language: str
    capture: Path
    mlflow: Path | None = None
    joblib: Path | None = None
    rds: Path | None = None


def data(rows: int, seed: int = 7) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(seed).normal(size=(rows, len(COLUMNS))), columns=COLUMNS)


def in_python(place: Path) -> dict[str, Saved]:
    """lr and rf."""
    import joblib
    import mlflow.sklearn
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from jupyter_kronkers.languages.python.capture import capture

    x = data(5_000)
    y = (x.sum(axis=1) + np.random.default_rng(8).normal(size=len(x)) > 0).astype(int)
    found = {}
    for name, model in (
        ("lr", make_pipeline(StandardScaler(), LogisticRegression())),
        ("rf", RandomForestClassifier(n_estimators=100, max_depth=10, random_state=7)),
    ):
        model.fit(x, y)
        saved = Saved(name, "python", place / f"{name}-raw", place / f"{name}-mlflow", place / f"{name}.joblib")
        saved.capture.mkdir()
        capture(model, saved.capture, data=x, target=y)
        options = {"pip_requirements": ["scikit-learn"], "serialization_format": "cloudpickle"}
        mlflow.sklearn.save_model(model, str(saved.mlflow), input_example=x.head(2), **options)
        joblib.dump(model, saved.joblib)
        found[name] = saved
    return found


R = """
words <- commandArgs(TRUE); kronkers <- new.env(); sys.source(words[1], kronkers)
x <- as.data.frame(jsonlite::fromJSON(words[4]))
x$y <- rowSums(x) + sin(seq_len(nrow(x)))
fit <- lm(y ~ ., x)
saveRDS(fit, words[3])
kronkers$kronkers_capture(fit, words[2], data = x, target = "y")
"""

JULIA = """
module Capture
include(Main.ARGS[1])
end
rows = NamedTuple{Tuple(Symbol("x$i") for i in 0:9)}(Tuple([sin(i + j) for j in 1:50] for i in 0:9))
answers(model, data) = sum(model.weights[i] .* column for (i, column) in enumerate(values(data)))
Capture.capture((weights = collect(1.0:10.0),), ARGS[2]; data = rows, predict = answers)
"""


def in_r(place: Path) -> Saved:
    """line; with `rds` for plumber."""
    saved = Saved("line", "r", place / "line-raw", rds=place / "line.rds")
    table = place / "line.json"
    table.write_text(json.dumps(data(500).to_dict("list")))
    run(place, "r", R, ["Rscript"], saved.capture, saved.rds, table)
    return saved


def in_julia(place: Path) -> Saved:
    """product"""
    saved = Saved("product", "julia", place / "product-raw")
    run(place, "julia", JULIA, ["julia", "--startup-file=no"], saved.capture)
    return saved


def run(place: Path, language: str, code: str, command: list[str], *words: Path | None) -> None:
    source, script = place / f"{language}-source", place / f"{language}-script"
    source.write_text(import_module(f"jupyter_kronkers.languages.{language}").capture_source())
    script.write_text(code)
    done = subprocess.run([*command, script, source, *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
