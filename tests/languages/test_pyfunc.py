"""A version is an ordinary MLflow model: a clean process without jupyter_kronkers loads it and gets the answers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_kronkers.languages import pyfunc_files

HERE = Path(__file__).parent
pytestmark = pytest.mark.slow

LOAD = """
import json, os, sys
sys.modules["jupyter_kronkers"] = None      # as if it were not installed
import mlflow.pyfunc, numpy as np, pandas as pd
answers = []
for path in sys.argv[1:]:
    model = mlflow.pyfunc.load_model(path)
    given = pd.DataFrame({"unused": [0, 0], "x": [1.0, 2.0]})
    answered = [model.predict(given), model.predict(given)][-1]
    answers.append(answered.to_dict("list") if hasattr(answered, "to_dict") else answered.tolist())
print(json.dumps(answers))
"""

MAKERS = {
    "python": [sys.executable, str(HERE / "hosts" / "models.py")],
    "r": ["Rscript", str(HERE / "hosts" / "models.R")],
    "julia": ["julia", "--startup-file=no", str(HERE / "hosts" / "models.jl")],
}
BUILD = """
import sys, mlflow.pyfunc
code, *places = sys.argv[1:]
for artifact, data in zip(places[::2], places[1::2]):
    mlflow.pyfunc.save_model(artifact, loader_module="kronkers_pyfunc", data_path=data, code_paths=[code],
                             pip_requirements=["mlflow"])
"""
MODELS = [(language, "doubles") for language in MAKERS] + [("python", "matrix"), ("r", "matrix"), ("r", "undefined")]


def package(folder: Path, language: str) -> Path:
    """The package that goes along, as `models` copies it."""
    for name, source in pyfunc_files(language).items():
        target = folder / "kronkers_pyfunc" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    return folder / "kronkers_pyfunc"


def data_of(made: Path, target: Path) -> Path:
    """The folder data/ of an artifact: capture.json and what was in model/."""
    shutil.copytree(made / "model", target)
    facts = json.loads((made / "capture.json").read_text())
    facts["inputs"] = [{"name": "x", "type": "double", "native": "float64", "levels": None, "missing": False}]
    (target / "capture.json").write_text(json.dumps(facts))
    return target


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory):
    """MLflow models of some of the hosts' models, by (language, name)."""
    root = tmp_path_factory.mktemp("artifacts")
    for language, maker in MAKERS.items():
        subprocess.run([*maker, str(root / "made" / language)], check=True, capture_output=True, timeout=120)
    places = {}
    for language, name in MODELS:
        data = data_of(root / "made" / language / name, root / "data" / language / name)
        places[language, name] = (root / language / name, data)
    command = [sys.executable, "-c", BUILD, str(package(root / "code", "python"))]
    command += [str(path) for pair in places.values() for path in pair]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return {key: artifact for key, (artifact, _) in places.items()}


def load(*artifacts: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-c", LOAD, *map(str, artifacts)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def loaded(*artifacts: Path) -> list:
    run = load(*artifacts)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def test_models_of_all_languages_answer_in_one_clean_process(artifacts, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert loaded(*(artifacts[language, "doubles"] for language in MAKERS)) == [[2.0, 4.0]] * 3
    assert list(tmp_path.glob("kronkers-*")) == []


def test_several_answers_are_a_data_frame(artifacts):
    assert loaded(artifacts["python", "matrix"], artifacts["r", "matrix"]) == [
        {"prediction_0": [1.0, 2.0], "prediction_1": [2.0, 4.0]},
        {"low": [1.0, 2.0], "high": [2.0, 4.0]},
    ]


def test_an_error_of_the_model_is_told_with_its_remedy(artifacts):
    run = load(artifacts["r", "undefined"])
    assert run.returncode == 1
    assert 'register it with needs = "rush_hour"' in run.stderr


def test_the_package_imports_nothing_of_ours():
    for source in pyfunc_files("python").values():
        if source.suffix == ".py":
            text = source.read_text()
            assert "import jupyter_kronkers" not in text
            assert "from jupyter_kronkers" not in text
