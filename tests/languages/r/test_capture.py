"""What a capture says: types, samples, facts, and refusals in words."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Capture = Callable[[str], Any]
Run = Callable[[str], str]


def test_columns_get_mlflows_types_and_their_own_names(captured: Capture) -> None:
    found = captured(
        "d <- data.frame(i = 1:3, gap = c(1L, NA, 3L), x = c(0.1, NaN, 2), b = c(TRUE, FALSE, TRUE),\n"
        "                s = c('é', '漢', '😀'), o = ordered(c('lo', 'hi', 'lo'), c('lo', 'hi')))\n"
        "capture(list(), data = d, predict = function(m, d) d$i)"
    )
    assert [(f["name"], f["type"], f["native"], f["missing"]) for f in found.facts["inputs"]] == [
        ("i", "long", "integer", False),
        ("gap", "double", "integer", True),
        ("x", "double", "double", False),
        ("b", "boolean", "logical", False),
        ("s", "string", "character", False),
        ("o", "string", "ordered", False),
    ]
    columns = {column.name: column for column in found.frame("data").columns}
    assert columns["s"].values.tolist() == ["é", "漢", "😀"]
    assert str(columns["gap"].values.dtype) == "float64"
    assert columns["gap"].mask.tolist() == [False, True, False]
    assert columns["x"].mask is None


def test_the_target_is_no_input(captured: Capture) -> None:
    found = captured("capture(lm(dist ~ speed, cars), data = cars, target = 'dist', metrics = list(rmse = 15.07))")
    assert [field["name"] for field in found.facts["inputs"]] == ["speed"]
    assert found.facts["target"] == ["dist"]
    assert found.facts["metrics"] == {"rmse": 15.07}
    assert found.facts["model"]["class"] == "lm"


def test_the_answers_are_those_of_r(captured: Capture) -> None:
    found = captured("fit <- lm(dist ~ speed, cars); capture(fit, data = cars, target = 'dist')")
    # coef(lm(dist ~ speed, cars)) as the manual of R prints it: -17.579, 3.932
    speeds, answers = found.frame("sample").columns[0].values, found.frame("answers").columns[0].values
    assert answers == pytest.approx(-17.579 + 3.932 * speeds, abs=0.02)


def test_a_column_no_formula_names_is_no_input_and_this_is_said(captured: Capture) -> None:
    found = captured("fit <- lm(mpg ~ wt, mtcars); capture(fit, data = mtcars[c('mpg', 'wt', 'hp')], target = 'mpg')")
    assert [field["name"] for field in found.facts["inputs"]] == ["wt"]
    assert found.facts["warnings"] == ["The model does not use `hp`: no inputs of the version."]


def test_a_column_that_predict_reads_stays_an_input(captured: Capture) -> None:
    found = captured(
        "fit <- lm(mpg ~ wt, mtcars)\n"
        "capture(fit, data = mtcars[c('wt', 'hp')], predict = function(m, d) predict(m, d) + d$hp)"
    )
    assert [field["name"] for field in found.facts["inputs"]] == ["wt", "hp"]


def test_the_sample_is_spread_evenly_and_shows_missing_values(captured: Capture) -> None:
    found = captured(
        "d <- data.frame(x = c(1:101)); d$x[c(3, 4, 8, 9, 13, 14)] <- NA; capture(function(d) d$x * 2, data = d)"
    )
    sample = found.frame("sample").columns[0]
    evenly = [float(k * 101 // 20 + 1) for k in range(20)]
    assert sample.values[:20].tolist() == evenly
    assert sample.mask.tolist() == [False] * 20 + [True] * 5
    assert found.frame("data").rows == 101


def test_the_baseline_has_at_most_a_thousand_rows(captured: Capture) -> None:
    found = captured("capture(function(d) d$x, data = data.frame(x = 0:2999))")
    assert found.frame("baseline_answers").columns[0].values[:3].tolist() == [0, 3, 6]
    assert found.frame("baseline_answers").rows == 1000


def test_the_environment_names_every_package_of_the_session(captured: Capture) -> None:
    found = captured("library(splines); capture(lm(mpg ~ bs(wt), mtcars), data = mtcars, target = 'mpg')")
    with (found.folder / "environment" / "packages.csv").open(encoding="utf-8") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert rows["splines"]["version"] == rows["stats"]["version"] == found.facts["runtime"]["version"]
    assert "R version" in (found.folder / "environment" / "session-info.txt").read_text(encoding="utf-8")
    splines = next(package for package in found.facts["packages"] if package["name"] == "splines")
    assert splines["needed"]
    assert splines["attached"]


def test_the_notebook_is_the_one_that_jupyter_names(captured: Capture) -> None:
    found = captured("Sys.setenv(JPY_SESSION_NAME = 'work/train.ipynb'); capture(function(d) d$speed, data = cars)")
    assert found.facts["notebook"] == "work/train.ipynb"


def test_packages_are_attached_in_the_order_of_the_session(captured: Capture) -> None:
    found = captured(
        "library(splines); library(randomForest); fit <- lm(dist ~ bs(speed), cars)\n"
        "capture(fit, data = cars, predict = function(m, d) { grow; predict(m, d) })\n"
        "writeLines(readRDS(file.path(folder, 'model', 'model.rds'))$attached, 'attached.txt')"
    )
    assert (found.folder.parent / "attached.txt").read_text().split() == ["splines", "randomForest"]


def test_facts_survive_any_text_and_any_number(captured: Capture) -> None:
    found = captured(
        r"options(OutDec = ',', scipen = -9, digits = 3)"
        "\ncapture(function(d) d$x, data = data.frame(x = 1),\n"
        "metrics = list(mae = 0.1, auc = 1/3, r2 = NA, f1 = 1e-300),\n"
        r"""params = list(text = "a\"b\\c\n\t\u00e9\U0001F600\u0001", many = 1:2, no = NULL, f = mean, on = TRUE))"""
    )
    assert found.facts["metrics"] == {"mae": 0.1, "auc": 1 / 3, "r2": None, "f1": 1e-300}
    assert found.facts["params"]["text"] == 'a"b\\c\n\té😀\x01'
    assert found.facts["params"]["many"] == [1, 2]


def test_capturing_changes_neither_the_object_nor_the_session(run_r: Run) -> None:
    said = run_r(
        "set.seed(1); f <- function() { ballast <- 1:10; lm(mpg ~ wt, mtcars) }; fit <- f()\n"
        "frame <- environment(formula(fit))\n"
        "ask <- function(m, d) predict(m, d) + 0 * runif(nrow(d))\n"
        "before <- serialize(fit, NULL); names <- ls(all.names = TRUE); seed <- .Random.seed; attached <- search()\n"
        "capture(fit, data = mtcars, target = 'mpg', predict = ask)\n"
        "cat(identical(before, serialize(fit, NULL)), identical(frame, environment(formula(fit))), ls(frame),\n"
        "    setdiff(ls(all.names = TRUE), c(names, 'before', 'names', 'seed', 'attached')),\n"
        "    identical(seed, .Random.seed), identical(attached, search()))"
    )
    assert said == "TRUE TRUE ballast  TRUE TRUE"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("capture(structure(list(), class = 'odd'), data = cars)", ["no predict method", "odd", "predict = function"]),
        ("capture(lm(dist ~ speed, cars))", ["`data` is missing"]),
        ("capture(lm(dist ~ speed, cars), data = cars$speed)", ["numeric", "data frame"]),
        ("capture(lm(dist ~ speed, cars), data = list(speed = 1))", ["list", "data frame"]),
        ("capture(lm(dist ~ speed, cars), data = cars, target = 'stop')", ["`stop`", "`speed`, `dist`"]),
        ("capture(lm(dist ~ speed, cars), data = cars, target = 1:3)", ["3 values", "50 rows"]),
        ("capture(lm(dist ~ speed, cars), data = cars[0, ])", ["no rows"]),
        ("capture(lm(dist ~ speed, cars), data = cars['dist'], target = 'dist')", ["no column besides the target"]),
        ("capture(list(), data = cars, predict = function(m, d) 1:3)", ["3 values for 20 rows"]),
        ("capture(list(), data = cars, predict = function(m, d) list(fit = 1))", ["list of `fit`", "$"]),
        ("capture(list(), data = cars, predict = function(m, d) NULL)", ["nothing"]),
        ("capture(list(), data = cars, predict = function(m, d) stop('no luck'))", ["fails", "no luck"]),
        ("capture(list(), data = cars, predict = 3)", ["`predict`", "numeric"]),
        ("capture(list(), data = data.frame(z = 1i), predict = function(m, d) 1)", ["`z`", "complex"]),
        ("d <- data.frame(a = 1); d$l <- list(1); capture(function(d) 1, data = d)", ["`l`", "list"]),
        ("capture(function(d) d[[1]], data = cbind(a = 1, a = 2))", ["more than one column `a`"]),
        ("capture(function(d) d$x, data = cars, metrics = list(rmse = 'low'))", ["`rmse`", "not one number"]),
        ("capture(function(d) d$x, data = cars, metrics = list(3))", ["needs a name"]),
        ("capture(function(d) d$speed, data = cars, needs = 'nowhere')", ["`nowhere`", "neither defined"]),
    ],
)
def test_a_refusal_says_what_is_wrong(run_r: Run, tmp_path: Path, code: str, words: list[str]) -> None:
    said = run_r(f"cat(said({{ {code} }}))")
    assert all(word in said for word in words), said
    assert not (tmp_path / "capture" / "capture.json").exists()


@pytest.mark.parametrize(
    ("code", "warning"),
    [
        ("function(d) d$x + runif(nrow(d))", "differently when asked twice"),
        ("function(d) d$x - mean(d$x)", "depends on the rows asked with it"),
        ("function(d) { warning('take care'); d$x }", "predict warns: take care"),
        ("local({ big <- rnorm(1e6); function(d) d$x + sum(big) })", "`big` (8 MB) goes along"),
    ],
)
def test_what_may_go_wrong_later_is_said_at_once(captured: Capture, code: str, warning: str) -> None:
    found = captured(f"capture({code}, data = data.frame(x = as.numeric(1:50)))")
    assert any(warning in said for said in found.facts["warnings"]), found.facts["warnings"]


def test_a_model_that_keeps_much_data_says_where(captured: Capture) -> None:
    found = captured("d <- data.frame(x = rnorm(1e6), y = 1); capture(lm(y ~ x, d), data = d[1:10, ], target = 'y')")
    assert any(said.startswith("The model keeps") and "`model`" in said for said in found.facts["warnings"])
