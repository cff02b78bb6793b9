"""What changed from one version to the next, in words."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from jupyter_kronkers.errors import NotFound
from jupyter_kronkers.models.diffs import Change, MetricChange
from jupyter_kronkers.models.versions import Package


def notebook(path, *cells: str) -> str:
    code = [{"cell_type": "code", "source": source.splitlines(keepends=True)} for source in cells]
    path.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": "# Title"}, *code]}))
    return str(path)


@pytest.fixture
def two(register, captured, tmp_path, proven):
    first = notebook(tmp_path / "first.ipynb", "import math", "rate = 3")
    second = notebook(tmp_path / "second.ipynb", "import math", "rate = 4\nprint(rate)")
    register(folder=captured(hour=3.0, metrics={"rmse": 41.0, "mae": 9.0}, params={"rate": 3}, notebook=first))
    register(folder=captured(hour=4.0, metrics={"rmse": 38.5, "r2": 0.9}, params={"rate": 4}, notebook=second))


def test_metrics_and_parameters_that_changed_are_named(models, two):
    diff = models.diff("bikes", 1, 2)
    assert diff.metrics == (
        MetricChange("rmse", 41.0, 38.5),
        MetricChange("mae", 9.0, None),
        MetricChange("r2", None, 0.9),
    )
    assert diff.params == (Change("rate", "3", "4"),)
    assert (diff.packages, diff.signature) == ((), ())


def test_the_cells_of_the_notebook_are_compared(models, two):
    assert models.diff("bikes", 1, 2).code == (
        "--- version 1",
        "+++ version 2",
        "@@ -1,4 +1,5 @@",
        " # cell 1",
        " import math",
        " # cell 2",
        "-rate = 3",
        "+rate = 4",
        "+print(rate)",
    )


def test_a_version_does_not_differ_from_itself(models, two):
    diff = models.diff("bikes", 2, "latest")
    alike = replace(diff, model="", before=0, after=0)
    assert not any(asdict(alike).values())


def test_columns_and_packages_that_changed_are_named(models, two):
    from jupyter_kronkers.models import diffs

    one = models.version("bikes", 1)
    inputs = one.signature.inputs
    wider = type(one.signature)((*inputs[:2], type(inputs[0])("wind", "double", missing=True)), one.signature.outputs)
    other = replace(one, signature=wider, packages=one.packages[1:])
    diff = diffs.diff(one, other, models.folder("bikes", 1), models.folder("bikes", 1))
    assert diff.signature == (
        Change("inputs.weather", "string", None),
        Change("inputs.wind", None, "double, may be missing"),
    )
    assert diff.packages == (Change(one.packages[0].name, one.packages[0].version, None),)


def test_other_data_is_named_by_rows_columns_and_digest(models, register, captured, proven):
    from tests.models.conftest import rows

    register(folder=captured(data=rows(40)))
    register(folder=captured(data=rows(41)))
    one, other = models.version("bikes", 1).data, models.version("bikes", 2).data
    assert models.diff("bikes", 1, 2).data == (
        Change("rows", "40", "41"),
        Change("digest", one.digest, other.digest),
    )
    assert one.digest != other.digest


def test_another_environment_is_named_by_interpreter_platform_and_what_r_attached(models, two):
    from jupyter_kronkers.models import diffs

    one = models.version("bikes", 1)
    bare = replace(one, packages=())
    splines = Package("splines", "4.2.2", attached=True)
    other = replace(one, runtime=replace(one.runtime, version="4.2.2", platform="moon"), packages=(splines,))
    folder = models.folder("bikes", 1)
    assert diffs.diff(bare, other, folder, folder).environment == (
        Change("interpreter", one.runtime.version, "4.2.2"),
        Change("platform", one.runtime.platform, "moon"),
        Change("attached", None, "splines"),
    )


def test_a_version_that_is_not_there_cannot_be_compared(models, two):
    with pytest.raises(NotFound):
        models.diff("bikes", 1, 3)
