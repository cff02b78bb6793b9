"""One program captures the models of a notebook, with the text that is sent to kernels; another replays them."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jupyter_kronkers.languages import frames, python

pytestmark = pytest.mark.slow

# Runs without our package: the host's own reader of models, and nothing of the notebook.
REPLAY = """
import importlib.util, json, sys
from pathlib import Path
def module(path):
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    made = importlib.util.module_from_spec(spec)
    sys.modules[Path(path).stem] = made
    spec.loader.exec_module(made)
    return made
frames, loaded = module(sys.argv[1] + "/frames.py"), module(sys.argv[1] + "/python/loaded.py")
answers = {}
for name in sys.argv[3:]:
    folder = Path(sys.argv[2], name)
    sample = frames.read((folder / "frames" / "sample.kf").open("rb"))
    try:
        found = loaded.Loaded.from_folder(folder).predict(sample.columns, sample.rows)
        (folder / "replayed.kf").write_bytes(frames.encode(2, 0, [frames.Column(*column) for column in found]))
    except Exception as error:
        answers[name] = f"{type(error).__name__}: {error}"
print(json.dumps(answers))
"""
CAPTURED = [
    "lambda",
    "own_class",
    "predict",
    "pipeline",
    "forest",
    "refuses_gaps",
    "every_type",
    "texts",
    "records",
    "series",
    "heavy",
    "needs",
    "local_module",
]
REFUSED = {
    "class_itself": "RushHour is a class. Give an object of it",
    "no_predict": "a NoPredict has no predict. Give predict=",
    "no_data": "data is missing",
    "no_target": "target 'rentals' is no column of data, which has 'hr', 'temp', 'day'",
    "short_target": "target has 2 values, data has 40 rows",
    "one_answer": "predict answered a ndarray of shape (1,) for 20 rows",
    "answers_twice": "predict must answer columns of different names, not 'hr', 'temp', 'day', 'hr'",
    "odd_column": "column 'waits' holds timedelta64",
    "mixed_column": "column 'mixed' holds int and str values",
    "column_twice": "data has more than one column 'hr'",
    "no_rows": "data has no rows",
    "generator": "cannot pickle 'generator' object",
    "unknown_needs": "needs names 'nothing_like_it'",
    "unfitted": "NotFittedError: This Ridge instance is not fitted yet",
    "bad_metric": "metric 'rmse' is nan",
    "sparse": "data is a dia_",
    "huge_integers": "column 'id' has integers that 64 bits cannot hold",
}


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("captured")
    source = tmp_path_factory.mktemp("source") / "capture.txt"
    source.write_text(python.capture_source())
    here = tmp_path_factory.mktemp("cwd")
    notebook = str(Path(__file__).with_name("notebook_python.py"))
    subprocess.run([sys.executable, "-P", notebook, str(source), str(folder)], cwd=here, check=True, timeout=120)
    return folder


@pytest.fixture(scope="module")
def replayed(captured: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What went wrong as the models were loaded and asked elsewhere, by name."""
    command = [sys.executable, "-I", "-c", REPLAY, str(python.FOLDER.parent), str(captured), *CAPTURED]
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    told = subprocess.run(command, cwd=elsewhere, check=True, timeout=120, capture_output=True, text=True)
    return dict(json.loads(told.stdout))


def facts(captured: Path, name: str) -> dict[str, Any]:
    return dict(json.loads((captured / name / "capture.json").read_text()))


def table(captured: Path, name: str, frame: str) -> frames.Frame:
    with (captured / name / frame).open("rb") as file:
        read = frames.read(file)
    assert read is not None
    return read


@pytest.mark.parametrize("name", CAPTURED)
def test_it_answers_elsewhere_as_it_did_in_the_notebook(name: str, captured: Path, replayed: dict[str, str]) -> None:
    assert name not in replayed, replayed[name]
    lived, again = table(captured, name, "frames/answers.kf"), table(captured, name, "replayed.kf")
    assert [column.name for column in lived.columns] == [column.name for column in again.columns]
    for before, after in zip(lived.columns, again.columns, strict=True):
        if before.values.dtype.kind == "f":
            np.testing.assert_allclose(after.values, before.values, rtol=1e-9, atol=1e-9)
        else:
            assert after.values.tolist() == before.values.tolist()


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_captured_is_refused_in_words(name: str, captured: Path) -> None:
    refused = json.loads((captured / "refused.json").read_text())
    assert REFUSED[name] in refused[name]
    assert refused[name].startswith("CaptureError: ")
    assert not (captured / name / "capture.json").exists()


def test_nothing_else_is_refused(captured: Path) -> None:
    assert sorted(json.loads((captured / "refused.json").read_text())) == sorted(REFUSED)


def test_the_target_is_no_input(captured: Path) -> None:
    told = facts(captured, "pipeline")
    assert (told["target"], [field["name"] for field in told["inputs"]]) == (["cnt"], ["hr", "temp", "day"])


def test_columns_the_model_was_not_fitted_on_are_no_inputs(captured: Path) -> None:
    told = facts(captured, "forest")
    assert [field["name"] for field in told["inputs"]] == ["hr", "temp"]
    assert "not fitted on 'day'" in told["warnings"][0]
    assert (told["target"], told["metrics"], told["notebook"]) == (["cnt"], {"r2": 0.9}, "train.ipynb")
    assert told["params"]["n_estimators"] == 20


def test_types_are_those_of_the_data(captured: Path) -> None:
    fields = {field["name"]: field for field in facts(captured, "every_type")["inputs"]}
    assert {name: (field["type"], field["native"], field["missing"]) for name, field in fields.items()} == {
        "tiny": ("integer", "int8", False),
        "long": ("long", "int64", False),
        "gappy": ("double", "Int64", True),
        "single": ("float", "float32", False),
        "double": ("double", "float64", True),
        "flag": ("boolean", "bool", False),
        "maybe": ("boolean", "boolean", True),
        "text": ("string", "str", True),
        "level": ("string", "category[ordered]", False),
        "day": ("datetime", "datetime64[us]", False),
        "zoned": ("datetime", "datetime64[us, Europe/Berlin]", False),
    }
    assert fields["level"]["levels"] == ["lo", "mid", "hi"]
    outputs = [(field["name"], field["type"]) for field in facts(captured, "every_type")["outputs"]]
    assert outputs == [
        ("number", "double"),
        ("count", "integer"),
        ("late", "boolean"),
        ("word", "string"),
        ("at", "datetime"),
    ]


def test_times_travel_in_utc(captured: Path) -> None:
    data = table(captured, "every_type", "frames/data.kf")
    columns = {column.name: column.values.tolist() for column in data.columns}
    # Summer time ends at 03:00 in Berlin on that day: 01:30 is two hours ahead of UTC, 02:30 the second time one.
    assert columns["zoned"][:3] == ["2026-10-24T23:30:00", "2026-10-25T00:30:00", "2026-10-25T01:30:00"]
    assert columns["day"][0] == "2026-11-23T00:00:00"


def test_matrix_answers_are_one_column_each(captured: Path) -> None:
    assert [field["name"] for field in facts(captured, "predict")["outputs"]] == ["prediction_0", "prediction_1"]
    assert facts(captured, "lambda")["outputs"][0]["name"] == "prediction"


def test_gaps_are_closed_to_a_model_that_refuses_them(captured: Path) -> None:
    told = facts(captured, "refuses_gaps")
    assert not any(field["missing"] for field in told["inputs"])
    assert any("refuses them" in warning for warning in told["warnings"])
    assert not any(column.mask is not None for column in table(captured, "refuses_gaps", "frames/sample.kf").columns)


def test_rows_with_gaps_are_in_the_sample(captured: Path) -> None:
    assert table(captured, "every_type", "frames/sample.kf").rows == 6
    assert table(captured, "records", "frames/sample.kf").columns[1].mask is not None


def test_the_sample_is_evenly_spaced(captured: Path) -> None:
    data, sample = (table(captured, "own_class", f"frames/{name}.kf") for name in ("data", "sample"))
    assert sample.rows == 20
    assert sample.columns[1].values.tolist() == data.columns[1].values[::2].tolist()


def test_what_the_notebook_defines_goes_along_and_is_named(captured: Path) -> None:
    assert facts(captured, "own_class")["definitions"] == ["RushHour", "SCALE", "scaled"]
    assert facts(captured, "needs")["definitions"] == ["OFFSETS", "looked_up"]


def test_large_things_that_go_along_are_named_with_their_size(captured: Path) -> None:
    assert any("HEAVY (16 MB)" in warning for warning in facts(captured, "heavy")["warnings"])
    assert not facts(captured, "own_class")["warnings"]


def test_a_module_beside_the_notebook_goes_along(captured: Path) -> None:
    (warning,) = facts(captured, "local_module")["warnings"]
    assert "rush_features is a module of this folder" in warning


def test_the_packages_that_the_model_refers_to_are_named(captured: Path) -> None:
    packages = {package["name"] for package in facts(captured, "pipeline")["packages"]}
    assert {"scikit-learn", "numpy", "pandas", "cloudpickle"} <= packages
    assert "scikit-learn" not in {package["name"] for package in facts(captured, "lambda")["packages"]}


def test_all_packages_are_pinned_without_an_address(captured: Path) -> None:
    lines = (captured / "lambda" / "environment" / "pip-freeze.txt").read_text().splitlines()
    assert f"numpy=={np.__version__}" in lines
    assert not any("//" in line or "@" in line for line in lines)


def test_the_folder_is_the_persons_own(captured: Path) -> None:
    assert (captured / "lambda").stat().st_mode & 0o777 == 0o700


def test_the_files_that_are_sent_as_one_text_define_each_name_once() -> None:
    for source in (python.capture_source(), python.probe_source()):
        names: list[str] = []
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names.append(node.name)
            elif isinstance(node, ast.Assign):
                names += [name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)]
        assert [name for name, times in Counter(names).items() if times > 1] == []
        assert "jupyter_kronkers" not in source


def test_a_kernel_without_cloudpickle_captures_what_pickle_can(tmp_path: Path) -> None:
    program = """
import sys
sys.modules["cloudpickle"] = None
sent = {"__name__": "sent"}
exec(open(sys.argv[1]).read(), sent)
import numpy
from operator import itemgetter
first = itemgetter((slice(None), 0))
print(sent["capture"](first, sys.argv[2] + "/plain", data=numpy.eye(3))["model"]["loader"])
try:
    sent["capture"](lambda rows: rows[:, 0], sys.argv[2] + "/own", data=numpy.eye(3))
except sent["CaptureError"] as error:
    print(error)
"""
    (tmp_path / "capture.txt").write_text(python.capture_source())
    command = [sys.executable, "-c", program, str(tmp_path / "capture.txt"), str(tmp_path)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path, env={**os.environ}).stdout
    assert told.startswith("pickle\n")
    assert "cloudpickle is not installed in this kernel" in told
