"""The notebooks as they lie in the project. That they run, and what comes of it, is told in `stories`."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = {"train_python.ipynb": "python3", "train_r.ipynb": "ir", "train_julia.ipynb": "julia-kronkers"}


def read(name: str) -> nbformat.NotebookNode:
    notebook = nbformat.read(FOLDER / name, as_version=4)
    nbformat.validate(notebook)
    return notebook


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_outputs_are_kept(name: str) -> None:
    cells = [cell for cell in read(name).cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_each_begins_with_prose_and_ends_with_one_call_to_register(name: str) -> None:
    cells = read(name).cells
    assert cells[0].cell_type == "markdown"
    assert [cell.source.count("register(") for cell in cells if cell.cell_type == "code"][-1] == 1


@pytest.mark.parametrize(("name", "kernel"), NOTEBOOKS.items())
def test_each_names_its_kernel(name: str, kernel: str) -> None:
    assert read(name).metadata.kernelspec.name == kernel


def test_the_data_are_the_published_ones() -> None:
    lines = (FOLDER / "data" / "bike_sharing_hourly.csv").read_text(encoding="utf-8").splitlines()
    counts = [int(line.rpartition(",")[2]) for line in lines[1:]]
    # As the README beside them says.
    assert (len(counts), sum(counts)) == (17_379, 3_292_679)
    assert "CC BY 4.0" in (FOLDER / "data" / "README.md").read_text(encoding="utf-8")
