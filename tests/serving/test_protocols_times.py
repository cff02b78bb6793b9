"""Dates and times: an instant is the same in Python, R and Julia, or it is refused in all three."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import time
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from tests.serving.bikes import split

pytestmark = pytest.mark.slow

DATA = pd.DataFrame(
    {
        "at": np.array(["2026-03-03T12:00:00.25", "1969-12-31T23:59:59", "2024-02-29T00:00:00"], "datetime64[ns]"),
        "day": [dt.date(2026, 3, 3), dt.date(1969, 12, 31), dt.date(2024, 2, 29)],
    }
)

R = """
source <- commandArgs(TRUE)[1]; folder <- commandArgs(TRUE)[2]
kronkers <- new.env(); sys.source(source, kronkers)
rows <- data.frame(
  at = as.POSIXct(c("2026-03-03 12:00:00", "1969-12-31 23:59:59", "2024-02-29 00:00:00"), tz = "UTC") + c(0.25, 0, 0),
  day = as.Date(c("2026-03-03", "1969-12-31", "2024-02-29")))
counts <- function(model, data) data.frame(seconds = as.numeric(data$at), days = as.numeric(data$day))
kronkers$kronkers_capture(list(a = 1), folder, data = rows, predict = counts)
"""

JULIA = """
using Dates
module Capture
include(Main.ARGS[1])
end
rows = (at = [DateTime("2026-03-03T12:00:00.25"), DateTime("1969-12-31T23:59:59"), DateTime("2024-02-29")],
        day = [Date("2026-03-03"), Date("1969-12-31"), Date("2024-02-29")])
counts(model, data) = (seconds = datetime2unix.(data.at), days = Float64.(Dates.value.(data.day .- Date(1970))))
Capture.capture((a = 1.0,), ARGS[2]; data = rows, predict = counts)
"""


def counts():
    def predict(model, rows):
        import datetime

        import pandas as pd

        seconds = (rows["at"] - pd.Timestamp("1970-01-01")).dt.total_seconds()
        days = [float((day - datetime.date(1970, 1, 1)).days) for day in rows["day"]]
        return pd.DataFrame({"seconds": seconds, "days": days})

    return predict


def captured(makes, language: str):
    """The counter of seconds and days, as a notebook of this language captures it."""
    if language == "python":
        return makes.python("counts-python", 1, {}, DATA, counts())
    program, code = {"r": (["Rscript"], R), "julia": (["julia", "--startup-file=no"], JULIA)}[language]
    if shutil.which(program[0]) is None:
        pytest.skip(f"needs {program[0]}")
    folder = makes.folders.staging / f"{language}-{time.monotonic_ns()}"
    folder.mkdir()
    (folder / "source").write_text(import_module(f"jupyter_kronkers.languages.{language}").capture_source())
    (folder / "script").write_text(code)
    command = [*program, str(folder / "script"), str(folder / "source"), str(folder / "raw")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return makes.placed(f"counts-{language}", 1, folder / "raw", language)


@pytest.fixture(scope="module", params=["python", "r", "julia"])
def ask(request, gateway, makes):
    name = f"counts-{request.param}"
    gateway.serve(name, captured(makes, request.param))
    return lambda at, day="2026-03-03": gateway.predict(name, split([[at, day]], ["at", "day"]))


def seconds(*moment: int, micro: int = 0) -> float:
    return dt.datetime(*moment, microsecond=micro, tzinfo=dt.UTC).timestamp()


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-03-03T12:00:00", seconds(2026, 3, 3, 12)),
        ("2026-03-03 12:00", seconds(2026, 3, 3, 12)),
        ("2026-03-03", seconds(2026, 3, 3)),
        ("2026-03-03T12:00:00.250", seconds(2026, 3, 3, 12, micro=250_000)),
        ("2026-03-03T12:00:00Z", seconds(2026, 3, 3, 12)),
        ("2026-03-03T12:00:00+05:30", seconds(2026, 3, 3, 6, 30)),
        ("2026-10-25T02:30:00+02:00", seconds(2026, 10, 25, 0, 30)),
        ("2026-10-25T02:30:00+01:00", seconds(2026, 10, 25, 1, 30)),
        ("2024-02-29T23:59:59.999", seconds(2024, 2, 29, 23, 59, 59, micro=999_000)),
        ("1969-07-20T20:17:40Z", seconds(1969, 7, 20, 20, 17, 40)),
    ],
)
def test_an_instant_is_the_same_in_all_languages(ask, at, expected):
    """faults: 47"""
    assert ask(at).predictions[0]["seconds"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("day", "days"), [("2026-03-03", 20515), ("1969-12-31", -1), ("2026-03-03T00:00:00Z", 20515)])
def test_a_day_is_the_same_in_all_languages(ask, day, days):
    """faults: 47"""
    assert ask("2026-03-03", day).predictions[0]["days"] == days


@pytest.mark.parametrize(
    "at",
    ["2026-02-30", "2016-12-31T23:59:60Z", "10000-01-01", "2026-W10-2", "2026-03-29T02:30 Europe/Berlin", "now", ""],
)
def test_what_is_no_instant_is_refused_in_all_languages(ask, at):
    """faults: 47"""
    answer = ask(at)
    assert (answer.status, answer.json["faults"][0]["field"]) == (422, "columns.at[0]")


def test_a_time_is_never_cut_to_a_day(ask):
    """faults: 47"""
    answer = ask("2026-03-03", "2026-03-03T23:30:00-05:00")
    assert (answer.status, answer.json["faults"][0]["field"]) == (422, "columns.day[0]")


def test_a_fraction_is_exact_or_refused(ask):
    """faults: 42, 47. Julia counts milliseconds, R and pandas more."""
    answer = ask("2026-03-03T12:00:00.123456")
    exact = answer.status == 200 and answer.predictions[0]["seconds"] == pytest.approx(
        seconds(2026, 3, 3, 12, micro=123_456), abs=5e-7
    )
    assert exact or (answer.status, answer.json["code"]) == (422, "out_of_range")


def test_the_far_future_is_exact_or_refused(ask):
    """faults: 47. Nanoseconds since 1970 end in the year 2262, and wrap around there."""
    answer = ask("9999-12-31T23:59:59")
    exact = answer.status == 200 and answer.predictions[0]["seconds"] == seconds(9999, 12, 31, 23, 59, 59)
    assert exact or (answer.status, answer.json["code"]) == (422, "out_of_range")
