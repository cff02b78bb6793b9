"""A raw capture becomes a folder that can be uploaded; one that is not whole is refused in words."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jupyter_kronkers.errors import Invalid
from jupyter_kronkers.languages.frames import REPLY, REQUEST, Column, encode
from jupyter_kronkers.models import captures
from jupyter_kronkers.models.intake import finish

DATA = [
    Column("hr", np.array([0, 1, 2, 3])),
    Column("temp", np.array([0.1, np.nan, np.inf, 0.0]), np.array([False, False, False, True])),
    Column("day", np.array(["Mon", "Tue", "Mon", "Mon"], object)),
]
ANSWERS = [Column("prediction", np.array([0.1 + 0.2, 1e300, -np.inf, 4.0]))]
FIELDS = [("hr", "long", False), ("temp", "double", True), ("day", "string", False)]


def facts(folder: Path) -> dict[str, Any]:
    def field(name: str, type_: str, missing: bool) -> dict[str, Any]:
        return {"name": name, "type": type_, "native": type_, "levels": None, "missing": missing}

    model = {"class": "Ridge", "variable": "fit", "loader": "pickle", "file": "model/model.pkl", "size_bytes": 3}
    return {
        "format": 1,
        "language": "python",
        "runtime": {"version": "3.11.7", "executable": "python", "library_paths": [], "platform": "Linux"},
        "model": model,
        "container": "dataframe",
        "inputs": [field(*about) for about in FIELDS],
        "outputs": [field("prediction", "double", False)],
        "target": ["cnt"],
        "metrics": {"rmse": 41.2},
        "params": {"alpha": 1},
        "packages": [],
        "definitions": [],
        "notebook": None,
        "cwd": str(folder),
        "kernel": "python3",
        "warnings": [],
        "captured_at": "2026-11-23T06:00:00Z",
    }


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    for part in ("model", "frames", "environment"):
        (folder / part).mkdir(parents=True)
    (folder / "model" / "model.pkl").write_bytes(b"abc")
    (folder / "environment" / "pip-freeze.txt").write_text("numpy==2.4.6\n")
    (folder / "frames" / "data.kf").write_bytes(encode(REQUEST, 0, DATA))
    (folder / "frames" / "sample.kf").write_bytes(encode(REQUEST, 0, DATA))
    (folder / "frames" / "answers.kf").write_bytes(encode(REPLY, 0, ANSWERS))
    (folder / "frames" / "baseline_answers.kf").write_bytes(encode(REPLY, 0, ANSWERS))
    (folder / "capture.json").write_text(json.dumps(facts(tmp_path)))
    return folder


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    return tmp_path / "finished"


def loaded(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text())


def change(raw: Path, **facts: Any) -> None:
    (raw / "capture.json").write_text(json.dumps(loaded(raw, "capture.json") | facts))


def test_the_upload_holds_what_a_version_needs_and_no_data(raw: Path, finished: Path) -> None:
    finish(raw, finished)
    files = sorted(str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file())
    assert files == [
        "baseline.json",
        "capture.json",
        "conformance.json",
        "environment/pip-freeze.txt",
        "model/model.pkl",
    ]
    assert captures.read(finished).model.size_bytes == 3


def test_the_sample_and_its_answers_are_written_to_the_last_digit(raw: Path, finished: Path) -> None:
    finish(raw, finished)
    told = loaded(finished, "conformance.json")
    assert [column["values"] for column in told["inputs"]] == [
        [0, 1, 2, 3],
        [0.1, "NaN", "Infinity", None],
        ["Mon", "Tue", "Mon", "Mon"],
    ]
    assert told["outputs"] == [
        {"name": "prediction", "type": "double", "values": [0.30000000000000004, 1e300, "-Infinity", 4.0]}
    ]


def test_the_digest_is_over_all_rows(raw: Path, finished: Path) -> None:
    finish(raw, finished)
    digest = hashlib.sha256((raw / "frames" / "data.kf").read_bytes()).hexdigest()
    assert loaded(finished, "capture.json")["data"] == {"digest": f"sha256:{digest}", "rows": 4, "columns": 3}


def test_each_column_has_a_baseline(raw: Path, finished: Path) -> None:
    finish(raw, finished)
    told = loaded(finished, "baseline.json")
    assert [column["missing_share"] for column in told["inputs"]] == [0.0, 0.5, 0.0]
    assert told["inputs"][2]["categories"] == ["Mon", "Tue"]
    assert told["inputs"][2]["shares"] == [0.75, 0.25]
    assert [column["name"] for column in told["outputs"]] == ["prediction"]


def test_the_notebook_is_copied(raw: Path, finished: Path, tmp_path: Path) -> None:
    (tmp_path / "train.ipynb").write_text('{"cells": []}')
    change(raw, notebook=str(tmp_path / "train.ipynb"))
    finish(raw, finished)
    assert loaded(finished, "notebook.ipynb") == {"cells": []}


def test_a_notebook_that_is_gone_is_told_of(raw: Path, finished: Path, tmp_path: Path) -> None:
    change(raw, notebook=str(tmp_path / "gone.ipynb"))
    finish(raw, finished)
    assert any("notebook" in warning for warning in loaded(finished, "capture.json")["warnings"])


def test_only_notebooks_are_copied(raw: Path, finished: Path, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("secret")
    change(raw, notebook=str(tmp_path / "key.pem"))
    finish(raw, finished)
    assert not (finished / "notebook.ipynb").exists()


def git(folder: Path, *words: str) -> str:
    name = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=trunk"]
    told = subprocess.run(["git", *name, *words], cwd=folder, check=True, capture_output=True, text=True)
    return told.stdout.strip()


def test_the_commit_is_kept_and_whether_there_were_changes(raw: Path, finished: Path, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    git(repository, "init", "-q")
    (repository / "a.txt").write_text("1")
    git(repository, "add", "a.txt")
    git(repository, "commit", "-q", "-m", "first")
    change(raw, cwd=str(repository))
    finish(raw, finished)
    commit = git(repository, "rev-parse", "HEAD")
    assert loaded(finished, "capture.json")["git"] == {"commit": commit, "branch": "trunk", "dirty": False}
    (repository / "a.txt").write_text("2")
    finish(raw, tmp_path / "again")
    assert loaded(tmp_path / "again", "capture.json")["git"]["dirty"] is True


def test_a_repository_cannot_run_a_program_of_its_own(raw: Path, finished: Path, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    git(repository, "init", "-q")
    git(repository, "commit", "-q", "--allow-empty", "-m", "first")
    git(repository, "config", "core.fsmonitor", f"touch {tmp_path / 'ran'};")
    change(raw, cwd=str(repository))
    finish(raw, finished)
    assert not (tmp_path / "ran").exists()


def test_no_repository_is_no_commit(raw: Path, finished: Path, tmp_path: Path) -> None:
    finish(raw, finished)
    assert loaded(finished, "capture.json")["git"] is None


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def rewrite(name: str, kind: int, columns: list[Column]) -> Callable[[Path], None]:
    return lambda raw: (raw / "frames" / name).write_bytes(encode(kind, 0, columns)) and None


TWO = [column._replace(values=column.values[:2], mask=None) for column in ANSWERS]
BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no capture.json": (lambda raw: (raw / "capture.json").unlink(), "did not finish"),
    "not JSON": (lambda raw: (raw / "capture.json").write_text("{"), "capture.json"),
    "another format": (lambda raw: change(raw, format=2), "format"),
    "another language": (lambda raw: change(raw, language="cobol"), "language"),
    "another loader": (lambda raw: change(raw, model=facts(raw)["model"] | {"loader": "rds"}), "does not load"),
    "a model elsewhere": (lambda raw: change(raw, model=facts(raw)["model"] | {"file": "../x"}), "no model file"),
    "no frames": (lambda raw: (raw / "frames" / "sample.kf").unlink(), "frames/sample.kf: is missing"),
    "half a frame": (lambda raw: shorten(raw / "frames" / "data.kf"), "one whole frame"),
    "an empty frame": (lambda raw: (raw / "frames" / "data.kf").write_bytes(b""), "frames/data.kf"),
    "other columns": (rewrite("data.kf", REQUEST, DATA[:2]), "does not hold the columns"),
    "columns in other order": (rewrite("data.kf", REQUEST, DATA[::-1]), "does not hold the columns"),
    "answers as a request": (rewrite("answers.kf", REQUEST, ANSWERS), "does not hold the columns"),
    "fewer answers": (rewrite("answers.kf", REPLY, TWO), "has 2 rows; 4 to 4"),
    "a link": (lambda raw: os.symlink("/dev/zero", raw / "model" / "link"), "link"),
    "a pipe": (lambda raw: os.mkfifo(raw / "environment" / "pipe"), "no plain file"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_not_a_whole_capture_is_refused_in_words(how: str, raw: Path, finished: Path) -> None:
    """faults: 17, 19, 20"""
    spoil, words = BROKEN[how]
    spoil(raw)
    with pytest.raises(Invalid, match=words):
        finish(raw, finished)
    assert not finished.exists()
