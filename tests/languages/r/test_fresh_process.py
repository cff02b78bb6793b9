"""What was captured answers in a new R process as the live object did. Each model is one that saveRDS alone breaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.slow

Capture = Callable[[str], Any]


def test_a_random_forest_brings_the_package_that_owns_its_predict_method(captured: Capture) -> None:
    found = captured(
        "library(randomForest); set.seed(1); fit <- randomForest(mpg ~ ., mtcars, ntree = 20)\n"
        "capture(fit, data = mtcars, target = 'mpg')"
    )
    assert found.needed() == ["randomForest"]
    assert found.proves()


def test_a_random_forest_of_a_matrix_is_given_a_matrix(captured: Capture) -> None:
    found = captured(
        "x <- as.matrix(mtcars[, -1]); set.seed(1); fit <- randomForest::randomForest(x, mtcars$mpg, ntree = 20)\n"
        "capture(fit, data = x, target = mtcars$mpg)"
    )
    assert found.facts["container"] == "matrix"
    assert found.proves()


def test_a_matrix_without_column_names_reaches_the_model_without_them(captured: Capture) -> None:
    found = captured(
        "set.seed(1); x <- matrix(rnorm(200), 50); fit <- randomForest::randomForest(x, x[, 1], ntree = 20)\n"
        "capture(fit, data = x)"
    )
    assert [field["name"] for field in found.facts["inputs"]] == ["V1", "V2", "V3", "V4"]
    assert found.proves()


def test_an_object_that_is_an_environment_keeps_what_it_holds(captured: Capture) -> None:
    found = captured(
        "make <- function() { ballast <- rnorm(1e6); self <- new.env(); self$n <- 2\n"
        "                     self$add <- function(x) x + self$n;\n"
        "                     self$me <- self; lockEnvironment(self, TRUE); structure(self, class = 'adder') }\n"
        "predict.adder <- function(object, newdata, ...) object$me$add(newdata$x)\n"
        "capture(make(), data = data.frame(x = c(1, 2)))"
    )
    assert found.size_bytes < 20_000
    assert found.frame("answers").columns[0].values.tolist() == [3.0, 4.0]
    assert found.proves()


@pytest.mark.parametrize("loading", ["", "library(splines);"])
def test_splines_work_with_and_without_being_attached(captured: Capture, loading: str) -> None:
    term = "bs(hp, df = 4)" if loading else "splines::bs(hp, df = 4)"
    found = captured(f"{loading} fit <- lm(mpg ~ {term} + wt, mtcars); capture(fit, data = mtcars, target = 'mpg')")
    assert found.needed() == ["splines"]
    assert [field["name"] for field in found.facts["inputs"]] == ["hp", "wt"]
    assert found.proves()


def test_a_predict_brings_the_functions_and_values_it_uses_along(captured: Capture) -> None:
    found = captured(
        "scale_by <- 10; unused <- rnorm(1e6)\n"
        "shift <- function(x) x * scale_by\n"
        "helper <- function(d) { d$hp <- shift(d$hp); d }\n"
        "fit <- lm(mpg ~ hp, transform(mtcars, hp = hp * 10))\n"
        "capture(fit, data = mtcars, target = 'mpg', predict = function(m, d) predict(m, helper(d)))"
    )
    assert found.facts["definitions"] == ["helper", "scale_by", "shift"]
    assert found.proves()


def test_a_helper_inside_a_formula_goes_along(captured: Capture) -> None:
    found = captured(
        "rush <- 100; rush_hour <- function(h) as.numeric(h > rush)\n"
        "fit <- lm(mpg ~ rush_hour(hp) + wt, mtcars); capture(fit, data = mtcars, target = 'mpg')"
    )
    assert found.facts["definitions"] == ["rush", "rush_hour"]
    assert found.proves()


def test_a_glm_fitted_in_a_function_drags_nothing_of_it_along(captured: Capture) -> None:
    found = captured(
        "train_it <- function() { ballast <- rnorm(1e6); d <- mtcars; glm(am ~ wt + hp, binomial(), d) }\n"
        "fit <- train_it()\n"
        "capture(fit, data = mtcars, target = 'am', predict = function(m, d) predict(m, d, type = 'response'))"
    )
    assert found.size_bytes < 50_000
    assert max(found.frame("answers").columns[0].values) <= 1.0
    assert found.proves()


def test_a_glm_without_data_does_not_keep_the_frame_it_was_made_in(captured: Capture) -> None:
    found = captured(
        "train_it <- function() { ballast <- rnorm(1e6); am <- mtcars$am; wt <- mtcars$wt; glm(am ~ wt, binomial()) }\n"
        "capture(train_it(), data = mtcars['wt'])"
    )
    assert found.size_bytes < 50_000
    assert found.proves()


def test_a_closure_keeps_only_what_its_code_mentions(captured: Capture) -> None:
    found = captured(
        "make <- function(power) { ballast <- rnorm(1e6); base <- 2; function(d) base * d$x^power }\n"
        "capture(make(3), data = data.frame(x = c(1, 2, 3)))"
    )
    assert found.size_bytes < 20_000
    assert found.frame("answers").columns[0].values.tolist() == [2.0, 16.0, 54.0]
    assert found.proves()


def test_a_closure_that_hides_its_names_keeps_its_whole_frame(captured: Capture) -> None:
    found = captured(
        "make <- function() { hidden <- 7; function(d) d$x + eval(parse(text = 'hidden')) }\n"
        "capture(make(), data = data.frame(x = c(1, 2, 3)))"
    )
    assert any("all that surrounds them" in warning for warning in found.facts["warnings"])
    assert found.proves()


def test_needs_brings_what_only_text_names(captured: Capture) -> None:
    found = captured(
        "twice <- function(x) x * 2\n"
        "ask <- function(m, d) do.call(paste0('tw', 'ice'), list(d$x))\n"
        "capture(list(), data = data.frame(x = 1:3), predict = ask, needs = 'twice')"
    )
    assert found.facts["definitions"] == ["twice"]
    assert found.proves()


def test_without_needs_a_fresh_process_says_which_name_is_missing(captured: Capture) -> None:
    found = captured(
        "twice <- function(x) x * 2\n"
        "ask <- function(m, d) do.call(paste0('tw', 'ice'), list(d$x))\n"
        "capture(list(), data = data.frame(x = 1:3), predict = ask)"
    )
    with pytest.raises(Exception, match="twice"):
        found.fresh_answers()


def test_a_class_of_the_notebook_brings_its_methods(captured: Capture) -> None:
    found = captured(
        "score <- function(x, ...) UseMethod('score'); score.mine <- function(x, d) d$x + x$offset\n"
        "predict.mine <- function(object, newdata, ...) score(object, newdata)\n"
        "capture(structure(list(offset = 5), class = 'mine'), data = data.frame(x = c(1, 2)))"
    )
    assert found.facts["definitions"] == ["predict.mine", "score", "score.mine"]
    assert found.proves()


def test_methods_of_the_notebook_are_found_from_inside_other_functions(captured: Capture) -> None:
    found = captured(
        "predict.mine <- function(object, newdata, ...) newdata$x + object$offset\n"
        "one <- function(k) structure(list(offset = k), class = 'mine')\n"
        "ask <- function(m, d) Reduce(`+`, lapply(m, predict, newdata = d))\n"
        "capture(list(one(1), one(2)), data = data.frame(x = c(1, 2)), predict = ask)"
    )
    assert found.proves()


def test_factors_keep_their_levels_and_missing_values_stay_missing(captured: Capture) -> None:
    found = captured(
        "d <- transform(airquality, Month = factor(Month), Windy = Wind > 10)\n"
        "fit <- lm(Ozone ~ Solar.R + Month + Windy, d); capture(fit, data = d, target = 'Ozone')"
    )
    month = next(field for field in found.facts["inputs"] if field["name"] == "Month")
    assert (month["type"], month["native"], month["levels"]) == ("string", "factor", ["5", "6", "7", "8", "9"])
    assert found.facts["outputs"][0]["missing"]
    assert found.proves()


def test_classes_as_answers_are_strings_with_levels(captured: Capture) -> None:
    found = captured(
        "set.seed(1); fit <- randomForest::randomForest(Species ~ ., iris, ntree = 20)\n"
        "capture(fit, data = iris, target = 'Species')"
    )
    assert found.facts["outputs"][0]["levels"] == ["setosa", "versicolor", "virginica"]
    assert found.proves()


def test_a_matrix_of_answers_keeps_its_names(captured: Capture) -> None:
    found = captured(
        "set.seed(1); fit <- randomForest::randomForest(Species ~ ., iris, ntree = 20)\n"
        "capture(fit, data = iris, target = 'Species', predict = function(m, d) predict(m, d, type = 'prob'))"
    )
    assert [field["name"] for field in found.facts["outputs"]] == ["setosa", "versicolor", "virginica"]
    assert found.proves()


def test_dates_and_times_come_back_as_such(captured: Capture) -> None:
    found = captured(
        "d <- data.frame(day = as.Date('2026-01-01') + 0:4)\n"
        "d$at <- as.POSIXct('2026-01-01 23:30', tz = 'Asia/Tokyo') + 3600 * 0:4\n"
        "ask <- function(m, d) as.numeric(format(d$at, '%H')) + as.POSIXlt(d$day)$mday\n"
        "capture(list(), data = d, predict = ask)"
    )
    assert [field["type"] for field in found.facts["inputs"]] == ["datetime", "datetime"]
    assert found.proves()


def test_a_function_is_a_model(captured: Capture) -> None:
    assert captured("capture(function(d) d$x > 2, data = data.frame(x = 1:4))").proves()


def test_a_spline_function_of_a_package_keeps_its_frame(captured: Capture) -> None:
    found = captured(
        "curve <- splinefun(1:10, (1:10)^2); capture(function(d) curve(d$x), data = data.frame(x = c(1.5, 2.5)))"
    )
    assert found.facts["definitions"] == ["curve"]
    assert found.proves()


@pytest.mark.parametrize(
    "fitting",
    [
        "loess(mpg ~ wt, mtcars, control = loess.control(surface = 'direct'))",
        "nls(mpg ~ a + b * wt, mtcars, start = list(a = 37, b = -5))",
        "lm(log(mpg) ~ poly(wt, 2) + I(hp > 120) + offset(qsec), mtcars)",
        "do.call(lm, list(mpg ~ wt, data = mtcars))",
        "step(lm(mpg ~ wt + hp + qsec, mtcars), trace = 0)",
    ],
)
def test_models_of_base_r_answer_the_same(captured: Capture, fitting: str) -> None:
    assert captured(f"fit <- {fitting}; capture(fit, data = mtcars, target = 'mpg')").proves()
