"""What a Julia session hands over must answer alike in a fresh host. One script captures all the models."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jupyter_kronkers.errors import HostFailed
from jupyter_kronkers.languages import Frame, Host, Limits, find
from jupyter_kronkers.languages import frames as frames_module
from jupyter_kronkers.languages.julia import capture_source

pytestmark = [
    pytest.mark.skipif(shutil.which("julia") is None, reason="needs julia"),
    pytest.mark.slow,
    pytest.mark.xdist_group("julia_capture"),
]

MODELS = Path(__file__).with_name("julia_models.jl")
SERVED = ["struct", "globals", "closure", "callable", "kinds", "dict",
          "matrix", "module", "trees", "needs", "given", "lean"]  # fmt: skip


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("captured")
    source = folder / "source.jl"
    source.write_text(capture_source(), encoding="utf-8")
    command = ["julia", "--startup-file=no", str(MODELS), str(source), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def frame(path: Path) -> Frame:
    with path.open("rb") as file:
        found = frames_module.read(file)
    assert found is not None
    return found


def facts(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "capture.json").read_text(encoding="utf-8")))


def answers_of_host(folder: Path) -> tuple[Frame, list[Any]]:
    host = Host.start(folder, find("julia"), Limits(), None)
    try:
        return frame(folder / "frames" / "answers.kf"), host.predict(frame(folder / "frames" / "sample.kf").columns)
    finally:
        host.stop()


@pytest.mark.parametrize("name", SERVED)
def test_a_fresh_host_gives_the_live_answers(captured: Path, name: str) -> None:
    live, fresh = answers_of_host(captured / name)
    assert [column.name for column in fresh] == [column.name for column in live.columns]
    for one, other in zip(fresh, live.columns, strict=True):
        if other.values.dtype == object:
            assert list(one.values) == list(other.values)
        else:
            np.testing.assert_allclose(one.values, other.values, rtol=1e-9)


def test_the_signature_has_every_kind_of_column(captured: Path) -> None:
    fields = facts(captured / "kinds")["inputs"]
    assert [(f["name"], f["type"], f["native"], f["missing"]) for f in fields] == [
        ("age", "double", "Int64", True),
        ("name", "string", "String", False),
        ("born", "datetime", "Date", False),
        ("member", "boolean", "Bool", False),
        ("code", "integer", "Int16", False),
    ]


def test_the_target_is_no_input(captured: Path) -> None:
    assert facts(captured / "kinds")["target"] == ["at"]
    assert [field["name"] for field in facts(captured / "dict")["inputs"]] == ["x"]


def test_names_of_columns_and_answers_are_kept(captured: Path) -> None:
    found = facts(captured / "matrix")
    assert [field["name"] for field in found["inputs"]] == ["hr", "temp", "wind"]
    assert [field["name"] for field in found["outputs"]] == ["prediction_1", "prediction_2"]
    assert [field["name"] for field in facts(captured / "dict")["outputs"]] == ["low", "high"]


def test_the_sample_is_evenly_spaced_and_has_missing_values(captured: Path) -> None:
    column = frame(captured / "kinds" / "frames" / "sample.kf").columns[0]
    assert column.mask is not None
    ages = [None if gone else int(age) for age, gone in zip(column.values, column.mask, strict=True)]
    spaced = [k * 40 // 20 + 1 for k in range(20)]
    assert ages[:20] == [None if age % 9 == 0 else age for age in spaced]
    assert ages[20:] == [None, None]


def test_the_facts_tell_what_was_carried_along(captured: Path) -> None:
    found = facts(captured / "globals")
    assert set(found["definitions"]) == {"@twice", "KEYS", "SCALE", "halved", "offset", "scaled", "score", "shift"}
    needed = {package["name"]: package["version"] for package in found["packages"] if package["needed"]}
    assert set(needed) == {"LinearAlgebra", "Statistics"}
    assert facts(captured / "struct")["metrics"] == {"rmse": 1.5}
    assert facts(captured / "struct")["params"] == {"lambda": 0.1}


def test_the_sessions_data_stay_behind(captured: Path) -> None:
    sizes = [path.stat().st_size for path in (captured / "lean" / "model").iterdir()]
    assert sum(sizes) < 10_000


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no-source", r"`from_nowhere`.*source is not known.*definitions ="),
        ("bad-predict", r"predict failed on the data: no such column\..*x1, x2, x3"),
        ("one-answer", r"single Float64.*one answer per row"),
        ("short-answer", r"1 answers for 20 rows"),
        ("complex", r"column x holds Complex"),
        ("vector", r"one vector.*reshape"),
        ("no-rows", r"no rows"),
        ("unknown-need", r"`nothing_of_that_name`"),
        ("task", r"cannot be written to a file"),
    ],
)
def test_what_cannot_be_captured_is_refused_in_words(captured: Path, name: str, words: str) -> None:
    assert re.search(words, (captured / f"{name}.txt").read_text(encoding="utf-8"))


def changed_copy(folder: Path, target: Path, old: str, new: str) -> Path:
    shutil.copytree(folder, target)
    path = target / "model" / "definitions.jl"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return target


def test_a_struct_changed_after_registration_is_named(captured: Path, tmp_path: Path) -> None:
    """Julia itself would say EOFError, or crash."""
    changed = changed_copy(captured / "lean", tmp_path / "changed", "    a::Float64\n", "    a::Float64\n    b::Int\n")
    with pytest.raises(HostFailed, match=r"struct Affine has changed.*Register the model again"):
        answers_of_host(changed)


def test_another_minor_version_of_julia_is_refused(captured: Path, tmp_path: Path) -> None:
    changed = changed_copy(captured / "lean", tmp_path / "changed", "== (1, 5)", "== (1, 4)")
    with pytest.raises(HostFailed, match=r"captured with Julia.*same minor version"):
        answers_of_host(changed)
