"""Answers that are served are those of the model called directly, to 1e-12 of their size, batched or not."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from jupyter_kronkers.languages.python.capture import capture
from jupyter_kronkers.serving.gateway.routes import Placed
from tests.serving.plane import Plane

pytestmark = pytest.mark.slow

COUNT, ALONE = 400, 60
PROGRAMS = {"python": ["python"], "r": ["Rscript", "--vanilla"], "julia": ["julia", "--startup-file=no"]}

# The rows are spread over magnitudes. R and Julia read them from text that says each number exactly.
DRAWN = np.random.default_rng(3)
ROWS = pd.DataFrame({"a": DRAWN.normal(0, 1, COUNT), "b": np.exp(DRAWN.normal(0, 3, COUNT))})
TARGET = 3 * ROWS["a"] + np.log(ROWS["b"]) ** 2 + DRAWN.normal(0, 0.1, COUNT)

R = """
source <- commandArgs(TRUE)[1]; folder <- commandArgs(TRUE)[2]
kronkers <- new.env(); sys.source(source, kronkers)
rows <- read.csv(file.path(folder, "rows.csv"), colClasses = "numeric")
fit <- lm(y ~ a * log(b) + I(a^2), rows)
x <- rows[c("a", "b")]
kronkers$kronkers_capture({object}, file.path(folder, "raw"), data = x{predict})
direct <- {direct}
writeLines(sprintf("%.17g", direct), file.path(folder, "direct"))
"""
JULIA = """
module Capture
include(Main.ARGS[1])
end
struct Curve
    slope::Float64
    power::Float64
end
const FOLDER = ARGS[2]
lines = [parse.(Float64, split(line, ",")) for line in readlines(joinpath(FOLDER, "rows.csv"))[2:end]]
x = (a = [line[1] for line in lines], b = [line[2] for line in lines])
curve = Curve(2.5, 0.3)
answers(model, data) = {direct}
Capture.capture(curve, joinpath(FOLDER, "raw"); data = x, predict = answers)
write(joinpath(FOLDER, "direct"), join(string.(answers(curve, x)), "\\n"))
"""


class Told(NamedTuple):
    """A capture, and what the model says of ROWS when it is called directly, all at once."""

    raw: Path
    direct: np.ndarray


def in_python(folder: Path, model: object, predict: Callable | None = None) -> Told:
    (folder / "raw").mkdir()
    capture(model, folder / "raw", data=ROWS, predict=predict)
    direct = predict(model, ROWS) if predict else model.predict(ROWS)
    return Told(folder / "raw", np.asarray(direct))


def in_another(folder: Path, language: str, script: str) -> Told:
    ROWS.assign(y=TARGET).to_csv(folder / "rows.csv", index=False, float_format="%.17g")
    (folder / "source").write_text(import_module(f"jupyter_kronkers.languages.{language}").capture_source())
    (folder / "script").write_text(script)
    command = [*PROGRAMS[language], str(folder / "script"), str(folder / "source"), str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return Told(folder / "raw", np.array([float(line) for line in (folder / "direct").read_text().split()]))


def curve(language: str, folder: Path) -> Told:
    """A model whose answers take some arithmetic."""
    if language == "r":
        script = R.replace("{object}", "fit").replace("{predict}", "").replace("{direct}", "predict(fit, x)")
        return in_another(folder, "r", script)
    return in_another(
        folder, "julia", JULIA.replace("{direct}", "exp.(model.slope .* data.a) .+ data.b .^ model.power")
    )


def centred(language: str, folder: Path) -> Told:
    """A model that subtracts the mean of whatever rows it is given."""
    if language == "python":
        return in_python(folder, {}, lambda model, rows: (rows["a"] - rows["a"].mean()).to_numpy())
    if language == "r":
        predict = ", predict = function(m, d) d$a - mean(d$a)"
        script = R.replace("{object}", "list(1)").replace("{predict}", predict).replace("{direct}", "x$a - mean(x$a)")
        return in_another(folder, "r", script)
    return in_another(folder, "julia", JULIA.replace("{direct}", "data.a .- sum(data.a) / length(data.a)"))


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "made").mkdir()
    return tmp_path / "made"


@pytest.fixture
def spoken(request):
    if shutil.which(PROGRAMS[request.param][0]) is None:
        pytest.skip(f"needs {PROGRAMS[request.param][0]}")
    return request.param


def body(rows: pd.DataFrame) -> dict:
    return {"dataframe_split": {"columns": list(rows), "data": rows.to_numpy().tolist()}}


def alone(gateway, name: str) -> list[list[float]]:
    """Answers to single rows that are asked at once, so that those that come while the host is busy are batched."""
    with ThreadPoolExecutor(16) as callers:
        rows = (body(ROWS[row : row + 1]) for row in range(ALONE))
        return list(callers.map(lambda row: gateway.predict(name, row).predictions, rows))


def served_and_called_directly_agree(gateway, name: str, placed: Placed, direct: np.ndarray) -> None:
    for batched in (True, False):
        deployment = f"{name}-{batched}".lower()
        gateway.serve(deployment, msgspec.structs.replace(placed, batched=batched))
        together = gateway.predict(deployment, body(ROWS)).predictions
        assert together == pytest.approx(direct.tolist(), rel=1e-12, abs=0)
        singly = [answer for (answer,) in alone(gateway, deployment)]
        assert singly == pytest.approx(direct[:ALONE].tolist(), rel=1e-12, abs=0)


MODELS = [
    make_pipeline(StandardScaler(), Ridge()),
    RandomForestRegressor(100, random_state=0),
    HistGradientBoostingRegressor(),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_a_scikit_learn_model_answers_as_when_called_directly(gateway, makes, folder, model):
    raw, direct = in_python(folder, model.fit(ROWS, TARGET))
    name = type(model).__name__.lower()
    served_and_called_directly_agree(gateway, name, makes.placed(name, 1, raw, "python"), direct)


@pytest.mark.parametrize("spoken", ["r", "julia"], indirect=True)
def test_a_model_of_another_language_answers_as_when_called_directly(gateway, makes, folder, spoken):
    raw, direct = curve(spoken, folder)
    name = f"curve-{spoken}"
    served_and_called_directly_agree(gateway, name, makes.placed(name, 1, raw, spoken), direct)


@pytest.mark.parametrize("spoken", PROGRAMS, indirect=True)
def test_a_model_that_looks_at_the_whole_batch_gets_nobody_elses_rows(gateway, makes, folder, spoken):
    """faults: 69"""
    name = f"centred-{spoken}"
    gateway.serve(name, makes.placed(name, 1, centred(spoken, folder).raw, spoken))
    assert alone(gateway, name) == [[0.0]] * ALONE


@pytest.mark.parametrize("spoken", PROGRAMS, indirect=True)
def test_a_model_that_looks_at_the_whole_batch_is_found_when_it_is_registered(tmp_path, folder, spoken):
    plane = Plane.at(tmp_path / "data")
    version = plane.register("centred", centred(spoken, folder).raw)
    assert (version.state, version.proof.batch_safe) == ("ready", False)
    assert "Row 0 alone is answered otherwise" in json.dumps(version.warnings)
    assert plane.models.version("centred", 1).proof.batch_safe is False
