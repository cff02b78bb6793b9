"""What a version shows of itself: the rows it was proven with, and the notebook it came from."""

from __future__ import annotations

import hashlib
import json

import pytest

from jupyter_kronkers.errors import Conflict, NotFound
from jupyter_kronkers.models import notebooks, rows
from jupyter_kronkers.models.examples import example

CELL = {"cell_type": "code", "source": "<script>alert(1)</script>\n\u202e", "outputs": []}
NOTEBOOK = {"cells": [CELL], "nbformat": 4}


def test_the_first_five_rows_are_shown_with_the_live_answers(register, models, proven):
    """bikes = 10 + 3 · hr + 2 · temp, half of it in the wet: the model of tests/models/conftest.py, by hand."""
    register()
    found = models.example("bikes", 1)
    assert found.columns == ("hr", "temp", "weather")
    assert len(found.rows) == len(found.outputs.rows) == 5
    for (hour, temp, weather), (answer,) in zip(found.rows, found.outputs.rows, strict=True):
        assert answer == pytest.approx((10 + 3 * hour + 2 * temp) * (0.5 if weather == "wet" else 1))


def recorded(folder, inputs, outputs=()):
    (folder / "conformance.json").write_text(json.dumps({"inputs": inputs, "outputs": list(outputs)}))
    return folder


def test_what_json_cannot_carry_is_a_text(tmp_path):
    values = [1.5, None, "NaN", "Infinity"]
    found = example("m 1", recorded(tmp_path, [{"name": "x", "type": "double", "values": values}]))
    assert found.rows == ((1.5,), (None,), ("NaN",), ("Infinity",))


def test_without_records_there_are_no_rows(tmp_path):
    found = example("m 1", tmp_path)
    assert (found.columns, found.rows, found.outputs.rows) == ((), (), ())


@pytest.mark.parametrize("text", ["{", "[]", '{"inputs": 1, "outputs": []}', "\xff"])
def test_records_that_cannot_be_read_are_told(tmp_path, text):
    (tmp_path / "conformance.json").write_text(text, "latin-1")
    with pytest.raises(Conflict, match="m 1"):
        example("m 1", tmp_path)


def test_columns_of_unlike_length_are_cut_not_mixed(tmp_path):
    columns = [{"name": name, "type": "long", "values": list(range(n))} for name, n in (("a", 3), ("b", 2))]
    assert example("m 1", recorded(tmp_path, columns)).rows == ((0, 0), (1, 1))


def test_the_notebook_is_as_it_was(register, captured, models, proven, tmp_path):
    path = tmp_path / "train bikes.ipynb"
    path.write_text(json.dumps(NOTEBOOK))
    register(folder=captured(notebook=str(path)))
    path.write_text("{}")
    found = models.notebook("bikes", "latest")
    assert (found.name, found.content) == ("train bikes.ipynb", NOTEBOOK)
    assert found.digest == hashlib.sha256(json.dumps(NOTEBOOK).encode()).hexdigest()


def test_a_version_without_a_notebook_says_so(register, models, proven):
    register()
    with pytest.raises(NotFound, match="console"):
        models.notebook("bikes", 1)
    with pytest.raises(NotFound, match="version"):
        models.notebook("bikes", 2)


@pytest.mark.parametrize("stored", [b"", b"[]", b"{", b"\xff", b'{"cells": 1}', b"[" * 100_000])
def test_what_is_no_notebook_is_told(register, models, proven, tmp_path, stored):
    (tmp_path / notebooks.FILE).write_bytes(stored)
    with pytest.raises(Conflict, match="bikes 1"):
        notebooks.notebook(register(), tmp_path)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/home/anna/a.ipynb", "a.ipynb"),
        ("C:\\work\\a.ipynb", "a.ipynb"),
        ("../../etc/passwd", "passwd"),
        ("a/..", "notebook.ipynb"),
        ("a\n\x1b[2J\u202eb.ipynb", "a[2Jb.ipynb"),
        ("", "notebook.ipynb"),
        (None, "notebook.ipynb"),
        ("x" * 300 + ".ipynb", "x" * 194 + ".ipynb"),
    ],
)
def test_a_notebooks_name_is_a_plain_file_name(path, name):
    """faults: 17. The path was written by another program; who restores the notebook writes a file of this name."""
    assert notebooks.name_of(path) == name


@pytest.mark.parametrize("text", ["", None, "yesterday", "2026-03-03", "2026-03-03T12:00:00", "9" * 40, "<script>"])
def test_a_moment_that_is_none_is_not_told(text):
    assert rows.moment_in(text) is None


def test_a_brief_list_tells_the_same_without_the_versions(register, models, proven, anna):
    register()
    models.create(anna, "empty")
    for brief, whole in zip(models.list(brief=True).items, models.list().items, strict=True):
        assert brief.latest is None
        assert {**vars(brief), "latest": whole.latest} == vars(whole)
    bikes, empty = models.list(brief=True).items
    assert (bikes.owner, bikes.language, bikes.latest_number, bikes.latest_state) == ("anna", "python", 1, "ready")
    assert bikes.trained_at is not None
    assert (empty.owner, empty.language, empty.latest_number, empty.trained_at) == ("anna", None, None, None)
