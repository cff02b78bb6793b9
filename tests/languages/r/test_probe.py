"""What the probe sees of a notebook, and that it leaves no trace: in plain R, and in a real kernel."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import AsyncKernelManager

from jupyter_kronkers.languages.kernels import Candidates, candidates
from jupyter_kronkers.languages.r import probe_source

Look = Callable[..., dict[str, Any]]

TRAPS = """
delayedAssign("lazy", { cat("FORCED"); lm(dist ~ speed, cars) }, assign.env = globalenv())
makeActiveBinding("active", function() { cat("ACTIVE"); lm(dist ~ speed, cars) }, globalenv())
trap <- structure(list(x = 1), class = c("trapped", "lm"))
for (generic in c("length", "names", "dim", "$", "[[", "print", "format", "as.list", "is.numeric"))
  registerS3method(generic, "trapped", function(x, ...) stop("TOUCHED"))
"""


@pytest.fixture
def look(tmp_path: Path, rscript: str) -> Look:
    """What the probe finds after `code` ran in a new R, and everything else that was printed meanwhile as `printed`."""

    def run(code: str, after: str = "") -> dict[str, Any]:
        (tmp_path / "probe.R").write_text(probe_source(), encoding="utf-8")
        script = tmp_path / "notebook.R"
        asked = f'local({{ home <- new.env(parent = baseenv()); sys.source("{tmp_path}/probe.R", home)\n'
        script.write_text(f"{code}\n{asked} cat('<mark>', home$kronkers_probe(), '<mark>', sep = '') }})\n{after}")
        done = subprocess.run([rscript, str(script)], check=False, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        before, found, later = done.stdout.split("<mark>")
        return {**json.loads(found), "printed": before + later}

    return run


def test_fitted_models_are_found_with_their_features_and_their_package(look: Look) -> None:
    found = look(
        "fit <- lm(log(mpg) ~ poly(wt, 2) + hp, mtcars)\n"
        "forest <- randomForest::randomForest(mtcars[2:4], mtcars[[1]])\n"
        "predict.mine <- function(object, newdata, ...) 1; own <- structure(list(), class = 'mine')\n"
        "test <- t.test(1:10); number <- 3; text <- 'a'; when <- Sys.Date(); f <- function(x) x; parts <- factor('a')"
    )
    seen = [(model["name"], model["class"], model["features"], model["module"]) for model in found["models"]]
    assert seen == [
        ("fit", "lm", ["wt", "hp"], "stats"),
        ("forest", "randomForest", ["cyl", "disp", "hp"], "randomForest"),
        ("own", "mine", None, ".GlobalEnv"),
    ]


def test_data_frames_and_matrices_are_found_with_their_columns(look: Look) -> None:
    found = look("d <- cars; m <- as.matrix(cars[1:3, ]); v <- 1:3")
    columns = {"columns": ["speed", "dist"], "types": ["double", "double"]}
    assert found["data"] == [
        {"name": "d", "class": "data.frame", "rows": 50, **columns},
        {"name": "m", "class": "matrix", "rows": 3, **columns},
    ]


def test_metrics_are_known_by_their_names(look: Look) -> None:
    found = look("rmse <- 1.5; test.auc <- 0.9; n <- 3; mae <- NA_real_; metrics <- list(r2 = 0.7, note = 'x')")
    assert found["metrics"] == {"rmse": 1.5, "test.auc": 0.9, "r2": 0.7}


def test_the_likely_choice_is_the_model_whose_data_is_there(look: Look) -> None:
    found = look("old <- lm(mpg ~ wt, mtcars); train <- mtcars; other <- cars; fit <- lm(log(mpg) ~ wt, data = train)")
    assert found["likely"] == {"model": "fit", "data": "train", "target": "mpg"}


def test_an_empty_notebook_has_nothing_to_register(look: Look) -> None:
    found = look("")
    assert (found["models"], found["data"], found["metrics"], found["likely"]) == ([], [], {}, None)


def test_nothing_is_forced_called_or_left_behind(look: Look) -> None:
    found = look(
        TRAPS + "set.seed(1); x <- 1; before <- ls(all.names = TRUE); seen <- c(search(), loadedNamespaces())",
        "cat(setdiff(ls(all.names = TRUE), c(before, 'before', 'seen')),\n"
        "    identical(seen, c(search(), loadedNamespaces())), identical(runif(1), {set.seed(1); runif(1)}))",
    )
    assert found["printed"].strip() == "TRUE TRUE"
    assert [model["name"] for model in found["models"]] == ["trap"]


def test_a_crowded_notebook_is_shown_in_part(look: Look) -> None:
    found = look("for (i in 1:500) assign(paste0('d', i), cars); wide <- as.data.frame(matrix(0, 1, 2000))")
    assert len(found["data"]) == 200
    assert all(len(data["columns"]) <= 500 for data in found["data"])


@pytest.mark.slow
def test_a_live_kernel_does_not_notice(r_kernel: Callable[[Any], Any]) -> None:
    async def story(km: AsyncKernelManager, runs: Callable[[str], Any]) -> None:
        await runs(TRAPS + "fit <- lm(dist ~ speed, cars); train <- cars; set.seed(7)")
        count, _ = await runs("before <- ls(all.names = TRUE)")
        found: Candidates = await candidates(km, "r")
        after, printed = await runs(
            "cat(setdiff(ls(all.names = TRUE), before), identical(runif(1), {set.seed(7); runif(1)}))"
        )
        assert [model.name for model in found.models] == ["fit", "trap"]
        assert (printed, after) == ("before TRUE", count + 1)

    r_kernel(story)


@pytest.fixture
def r_kernel() -> Callable[[Any], Any]:
    """Runs a story with a real R kernel and with a person who runs cells in it."""

    def run(story: Any) -> None:
        asyncio.run(asyncio.wait_for(_with_kernel(story), 90))

    return run


async def _with_kernel(story: Any) -> None:
    km = AsyncKernelManager(kernel_name="ir", transport="ipc")
    await km.start_kernel()
    client = km.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=60)
        await story(km, lambda code: _runs(client, code))
    finally:
        client.stop_channels()
        await km.shutdown_kernel(now=True)


async def _runs(client: Any, code: str) -> tuple[int, str]:
    printed: list[str] = []

    def hears(message: dict[str, Any]) -> None:
        printed.append(message["content"].get("text", ""))

    reply = await client.execute_interactive(code, output_hook=hears, timeout=60)
    assert reply["content"]["status"] == "ok", reply["content"]
    return reply["content"]["execution_count"], "".join(printed)
