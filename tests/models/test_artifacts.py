"""A version is an ordinary MLflow model: whoever has MLflow and the language needs nothing of ours."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from jupyter_kronkers.errors import Tampered
from jupyter_kronkers.languages import julia, r
from jupyter_kronkers.models import artifacts
from jupyter_kronkers.models.intake import finish
from jupyter_kronkers.models.manifests import verify
from jupyter_kronkers.models.versions import Package

R_MODEL = """
kronkers <- new.env(); sys.source("source.R", kronkers)
hours <- data.frame(hr = rep(0:23, 5), temp = seq(-5, 30, length.out = 120),
                    weather = factor(rep(c("dry", "wet", "snow"), 40)))
hours$cnt <- 20 + 10 * sin(hours$hr / 4) + hours$temp + 5 * (hours$weather == "dry")
rush <- function(hr) as.numeric(hr %in% c(8, 17, 18))
fit <- glm(cnt ~ splines::bs(temp, df = 4) + rush(hr) + weather, data = hours)
kronkers$kronkers_capture(fit, "raw", data = hours, target = "cnt", metrics = list(rmse = 1.5))
"""
JULIA_MODEL = """
module Capture
include("source.jl")
end
struct Line; slope::Float64; start::Float64; end
rush(hr) = hr in (8, 17, 18) ? 10.0 : 0.0
answer(model, data) = [model.start + model.slope * t + rush(h) for (t, h) in zip(data.temp, data.hr)]
fit = Line(2.5, 10.0)
rows = (hr = [k % 24 for k in 1:60], temp = [0.5 * k for k in 1:60])
Capture.capture(fit, "raw"; data = rows, predict = answer, metrics = (rmse = 1.5,))
"""

LOAD = """
import importlib.abc, json, sys, warnings
class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "jupyter_kronkers":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocked())
import mlflow, numpy as np, pandas as pd
uri, tracking, sample = sys.argv[1:]
if tracking:
    mlflow.set_tracking_uri(tracking)
asked = json.load(open(sample))["inputs"]
kinds = {"double": float, "float": float, "long": "int64", "integer": "int32", "string": object, "boolean": bool}
frame = pd.DataFrame({c["name"]: pd.Series(c["values"]).astype(kinds[c["type"]]) for c in reversed(asked)})
model = mlflow.pyfunc.load_model(uri)
given = model.predict(frame)
example = model.predict(model.input_example)
print(json.dumps({"answers": np.asarray(given, float).ravel().tolist(), "example": len(example)}))
"""


def captured_by(program: list[str], source: str, code: str, folder: Path, suffix: str) -> Path:
    (folder / f"source{suffix}").write_text(source)
    (folder / f"notebook{suffix}").write_text(code)
    command = [*program, f"notebook{suffix}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    finish(folder / "raw", folder / "finished")
    return folder / "finished"


@pytest.fixture(scope="module")
def tongues(tmp_path_factory, bike_capture):
    """A finished capture for each language of this machine, made when first asked for."""
    made = {"python": bike_capture}

    def capture_in(language: str) -> Path:
        if language in made:
            return made[language]
        program = {"r": "Rscript", "julia": "julia"}[language]
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
        folder = tmp_path_factory.mktemp(language)
        if language == "r":
            made["r"] = captured_by(["Rscript"], r.capture_source(), R_MODEL, folder, ".R")
        else:
            command = ["julia", "--startup-file=no"]
            made["julia"] = captured_by(command, julia.capture_source(), JULIA_MODEL, folder, ".jl")
        return made[language]

    return capture_in


def loaded(uri: str, sample: Path, tracking: str = "") -> dict:
    command = [sys.executable, "-c", LOAD, uri, tracking, str(sample)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=sample.parent)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("language", ["python", "r", "julia"])
def test_mlflow_alone_gets_the_live_answers(register, models, tongues, tmp_path, language):
    version = register(folder=tongues(language))
    assert (version.state, version.language, version.reason) == ("ready", language, "")
    sample = tmp_path / "conformance.json"
    shutil.copy(models.folder("bikes", 1) / "conformance.json", sample)
    (live,) = json.loads(sample.read_text())["outputs"]
    found = loaded(str(models.folder("bikes", 1)), sample)
    assert found["answers"] == pytest.approx(live["values"], rel=1e-9, abs=1e-9)
    assert found["example"] == artifacts.EXAMPLE_ROWS


@pytest.mark.slow
def test_mlflow_finds_the_version_by_number_and_alias_and_leaves_it_whole(register, models, folders, anna, tmp_path):
    register()
    models.move(anna, "bikes", "champion", 1)
    sample = tmp_path / "conformance.json"
    shutil.copy(models.folder("bikes", 1) / "conformance.json", sample)
    for uri in ("models:/bikes/1", "models:/bikes@champion"):
        assert len(loaded(uri, sample, f"sqlite:///{folders.mlflow_database}")["answers"]) == 20
        verify(models.folder("bikes", 1), models._signer.public_key)
    assert (models.folder("bikes", 1) / "registered_model_meta").exists()


@pytest.fixture
def artifact(register, models, proven) -> Path:
    register()
    return models.folder("bikes", 1)


def test_mlflow_reads_our_mlmodel_as_its_own(artifact):
    from mlflow.models import Model

    model = Model.load(str(artifact))
    assert [str(column.type) for column in model.get_input_schema()] == [
        "DataType.long",
        "DataType.double",
        "DataType.string",
    ]
    assert model.get_output_schema().input_names() == ["prediction"]
    assert model.load_input_example(str(artifact)).shape == (5, 3)
    ours, theirs = yaml.safe_load((artifact / "MLmodel").read_text()), yaml.safe_load(model.to_yaml())
    for words in (ours, theirs):  # MLflow spells the JSON within with blanks
        words["signature"] = {side: text and json.loads(text) for side, text in words["signature"].items()}
    assert {key: theirs[key] for key in ours} == ours


def test_one_byte_changed_in_any_file_is_found_and_the_file_is_named(artifact, models):
    """faults: 26"""
    files = [path for path in sorted(artifact.rglob("*")) if path.is_file() and path.stat().st_size]
    assert len(files) > 20
    for path in files:
        whole = path.read_bytes()
        middle = len(whole) // 2
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        with pytest.raises(Tampered) as refused:
            verify(artifact, models._signer.public_key)
        assert str(path.relative_to(artifact)) in str(refused.value)
        path.write_bytes(whole)
    verify(artifact, models._signer.public_key)


def test_the_lineage_lies_with_the_version(artifact, models):
    lineage = json.loads((artifact / "lineage.json").read_text())
    version = models.version("bikes", 1)
    assert (lineage["model"], lineage["number"], lineage["registered_by"]) == ("bikes", 1, "anna")
    assert lineage["run"] == version.tracking_run
    assert lineage["data"] == {"digest": version.data.digest, "rows": 40, "columns": 3}


def test_metrics_and_parameters_are_in_mlflows_tracking_run(artifact, models):
    run = models._registry._open().tracking.get_run(models.version("bikes", 1).tracking_run)
    assert (run.data.metrics, run.data.params) == ({"rmse": 41.25}, {"hour": "3.0", "kind": "linear"})
    assert (run.info.status, run.info.user_id) == ("FINISHED", "anna")


def test_names_that_mlflow_does_not_take_are_kept_in_ours(models, register, captured, proven):
    register(folder=captured(metrics={"(Intercept)": 1.0, "a/b": 2.0}, params={"..": 1, "c:d": 2}))
    version = models.version("bikes", 1)
    assert version.metrics == {"(Intercept)": 1.0, "a/b": 2.0}
    run = models._registry._open().tracking.get_run(version.tracking_run)
    assert (run.data.metrics, run.data.params) == ({"_Intercept_": 1.0, "a_b": 2.0}, {"c_d": "2"})


@pytest.mark.parametrize(
    "package",
    [
        Package("x --index-url http://evil.invalid", "1.0", needed=True),
        Package("git+ssh://evil.invalid/x", "1.0", needed=True),
        Package("-e .", "1.0", needed=True),
        Package("x", "1.0 --extra-index-url http://evil.invalid", needed=True),
        Package("x", "1.0\nevil", needed=True),
        Package("mlflow", "0.1", needed=True),
        Package("unneeded", "1.0", needed=False),
    ],
)
def test_only_a_name_and_a_version_reach_pip(package):
    """faults: 36"""
    assert not artifacts.is_required(package)


def test_the_requirements_are_those_of_the_model(artifact):
    lines = (artifact / "requirements.txt").read_text().splitlines()
    names = {line.split("==")[0] for line in lines}
    assert {"mlflow", "pandas", "numpy", "cloudpickle"} <= names
    assert all(line.count("==") == 1 for line in lines)


def test_nothing_of_the_upload_but_its_own_files_is_in_the_artifact(artifact):
    top = {path.name for path in artifact.iterdir()}
    assert top == {
        *("MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt"),
        *("input_example.json", "serving_input_example.json", "conformance.json", "baseline.json"),
        *("lineage.json", "manifest.json", "manifest.sig", "code", "data", "environment"),
    }
    assert {path.name for path in (artifact / "data").iterdir()} == {"capture.json", "model"}
