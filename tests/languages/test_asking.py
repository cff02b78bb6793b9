"""What a live kernel tells before it is registered from, in three languages; and that it does not notice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from queue import Empty
from typing import Any

import pytest

from jupyter_kronkers.errors import Invalid
from jupyter_kronkers.languages import julia, python, r
from jupyter_kronkers.languages.kernels import CaptureRequest, candidates, capture, preview
from tests.languages.test_kernels import Person, run

pytestmark = pytest.mark.slow

PYTHON = """
import numpy as np, pandas as pd
from sklearn.linear_model import LinearRegression, LogisticRegression
hours = pd.DataFrame({"hr": np.arange(6, dtype="int32"), "temp": [0.1, 0.5, 0.9, 0.2, 0.3, 0.4],
                      "holiday": [True, False] * 3, "sky": pd.Categorical(list("abcabc")), "note": list("uvwxyz"),
                      "at": pd.date_range("2026-03-03", periods=6), "gaps": pd.array([1, None, 3, 4, 5, 6], "Int64"),
                      "cnt": [1, 2, 3, 4, 5, 6]})
"""
FITS = """%%time
line = LinearRegression().fit(hours[["hr", "temp"]], hours["cnt"])
kind = LogisticRegression().fit(hours[["temp"]], hours["note"])"""
UNTIMED = FITS.removeprefix("%%time")
R = """
hours <- data.frame(hr = 1:6, temp = c(.1, .5, .9, .2, .3, .4), holiday = c(TRUE, FALSE), sky = factor(letters[1:3]),
                    note = letters[1:6], at = as.Date("2026-03-03") + 0:5, cnt = c(1L, 2L, 3L, 4L, 5L, 7L),
                    stringsAsFactors = FALSE)
hours$odd <- I(lapply(1:6, identity))
line <- lm(cnt ~ hr + temp, data = hours)
"""
JULIA = """
using Dates
struct Line
    slope::Float64
end
predict(model::Line, rows) = model.slope .* rows.hr
hours = (hr = Int32[1, 2, 3], temp = [0.1, 0.5, missing], holiday = [true, false, true], note = ["u", "v", "w"],
         at = Date(2026, 3, 3) .+ Day.(0:2), gaps = [1, missing, 3], odd = Any[1, 2, 3], cnt = [2, 4, 6])
"""
SECOND = "line = Line(2.0)"


def types_of(found: Any, name: str) -> dict[str, str]:
    data = next(data for data in found.data if data.name == name)
    return dict(zip(data.columns, data.types, strict=True))


def test_a_python_notebook_tells_types_and_the_cell_of_each_model() -> None:
    async def story(person: Person) -> None:
        await person.runs(PYTHON)
        await person.runs(FITS)
        await person.runs("print(line, kind)")
        found = await candidates(person.km, "python")
        assert [(model.name, model.defined) for model in found.models] == [("line", "cell 2"), ("kind", "cell 2")]
        assert types_of(found, "hours") == {
            "hr": "integer",
            "temp": "double",
            "holiday": "boolean",
            "sky": "string",
            "note": "string",
            "at": "datetime",
            "gaps": "double",
            "cnt": "long",
        }
        assert found.busy is False

    run("python3", story)


def test_an_r_notebook_tells_types_and_the_call_that_fitted_each_model() -> None:
    async def story(person: Person) -> None:
        await person.runs(R)
        found = await candidates(person.km, "r")
        assert [model.defined for model in found.models] == ["lm(formula = cnt ~ hr + temp, data = hours)"]
        assert types_of(found, "hours") == {
            "hr": "long",
            "temp": "double",
            "holiday": "boolean",
            "sky": "string",
            "note": "string",
            "at": "datetime",
            "cnt": "long",
            "odd": "",
        }

    run("ir", story)


def test_a_julia_notebook_tells_types_and_the_cell_of_each_model() -> None:
    async def story(person: Person) -> None:
        await person.runs(JULIA)
        await person.runs(SECOND)
        await person.runs("predict(line, hours)")
        found = await candidates(person.km, "julia")
        assert [(model.name, model.defined) for model in found.models] == [("line", "cell 2")]
        assert types_of(found, "hours") == {
            "hr": "integer",
            "temp": "double",
            "holiday": "boolean",
            "note": "string",
            "at": "datetime",
            "gaps": "double",
            "odd": "long",
            "cnt": "long",
        }

    run("julia-kronkers", story)


def test_the_types_that_are_told_are_those_of_the_preview() -> None:
    async def story(person: Person) -> None:
        await person.runs(PYTHON)
        await person.runs(FITS + "\nasked = lambda model, rows: rows['hr']")
        found = await candidates(person.km, "python")
        whole = await preview(person.km, "python", CaptureRequest("line", "hours", predict="asked"))
        assert {field.name: field.type for field in whole.inputs} == types_of(found, "hours")

    run("python3", story)


NUMBERS = [("hr", "integer"), ("temp", "double")]


def test_a_python_preview_is_the_signature_of_the_capture(tmp_path: Path) -> None:
    async def story(person: Person) -> None:
        await person.runs(PYTHON)
        await person.runs(FITS)
        asked = CaptureRequest("line", "hours", "cnt")
        seen = await preview(person.km, "python", asked)
        assert [(field.name, field.type) for field in seen.inputs] == NUMBERS
        assert [(field.name, field.type) for field in seen.outputs] == [("prediction", "double")]
        assert any("not fitted on" in note for note in seen.notes)
        assert any("asked when you register" in note for note in seen.notes)
        assert signature(await capture(person.km, "python", asked, tmp_path / "captured")) == names_of(seen)
        labels = await preview(person.km, "python", CaptureRequest("kind", "hours", "note"))
        assert [(field.name, field.type) for field in labels.outputs] == [("prediction", "string")]

    run("python3", story)


def test_an_r_preview_is_the_signature_of_the_capture(tmp_path: Path) -> None:
    async def story(person: Person) -> None:
        await person.runs(R + "hours$odd <- NULL")
        asked = CaptureRequest("line", "hours", "cnt")
        seen = await preview(person.km, "r", asked)
        assert [(field.name, field.type) for field in seen.inputs] == [("hr", "long"), ("temp", "double")]
        assert signature(await capture(person.km, "r", asked, tmp_path / "captured")) == names_of(seen)

    run("ir", story)


def test_a_julia_preview_is_the_signature_of_the_capture(tmp_path: Path) -> None:
    async def story(person: Person) -> None:
        await person.runs(JULIA + SECOND)
        await person.runs("rows = (hr = hours.hr, cnt = [2.0, 4.0, 6.0])")
        asked = CaptureRequest("line", "rows", "cnt")
        seen = await preview(person.km, "julia", asked)
        assert [(field.name, field.type) for field in seen.inputs] == [("hr", "integer")]
        assert signature(await capture(person.km, "julia", asked, tmp_path / "captured")) == names_of(seen)

    run("julia-kronkers", story)


@pytest.mark.parametrize(
    ("language", "kernel", "code"),
    [
        ("python", "python3", PYTHON + FITS.removeprefix("%%time")),
        ("r", "ir", R),
        ("julia", "julia-kronkers", JULIA + SECOND),
    ],
)
def test_without_a_target_the_answer_is_not_guessed_and_a_wrong_name_is_said(
    language: str, kernel: str, code: str
) -> None:
    async def story(person: Person) -> None:
        await person.runs(code.replace("hours$odd", "odd"))
        assert (await preview(person.km, language, CaptureRequest("line", "hours"))).outputs == []
        with pytest.raises(Invalid, match=r"no .houses"):
            await preview(person.km, language, CaptureRequest("line", "houses"))
        with pytest.raises(Invalid, match="counted"):
            await preview(person.km, language, CaptureRequest("line", "hours", "counted"))

    run(kernel, story)


def signature(folder: Path) -> list[list[tuple[str, str]]]:
    facts = json.loads((folder / "capture.json").read_text())
    return [[(field["name"], field["type"]) for field in facts[side]] for side in ("inputs", "outputs")]


def names_of(seen: Any) -> list[list[tuple[str, str]]]:
    return [[(field.name, field.type) for field in side] for side in (seen.inputs, seen.outputs)]


# The kernel is left as it was.

# What a session tells of itself: names, last values, history, state of chance, what is loaded or attached.
PYTHON_STATE = """print(sorted(name for name in globals() if not name.startswith("_i")), _, __, len(Out), len(_ih),
__import__("random").getstate()[1][:3], np.random.get_state()[1][:3], "jupyter_kronkers" in __import__("sys").modules,
__import__("os").getcwd(), __import__("sys").path[:2], __import__("warnings").filters[:2])"""
R_STATE = """cat(sort(ls(all.names = TRUE)), search(), sort(loadedNamespaces()), .Random.seed[1:3], getwd(),
names(options()), length(warnings()), class(.Last.value), sep = " ")"""
JULIA_STATE = """print(string(sort(filter(n -> !startswith(n, '#'), string.(names(Main; all = true)))), ans,
sort([id.name for (id, _) in Base.loaded_modules]), pwd(), LOAD_PATH, Random.default_rng() == chance))"""
STORIES = {
    "python": ("python3", PYTHON + UNTIMED + "\n7 * 6", PYTHON_STATE, ("line", "hours", "cnt")),
    "r": ("ir", R + "hours$odd <- NULL; set.seed(1); invisible(7 * 6)", R_STATE, ("line", "hours", "cnt")),
    "julia": (
        "julia-kronkers",
        JULIA + SECOND + "\nusing Random, Serialization, SHA\nhours = (hr = hours.hr,)\n"
        "chance = copy(Random.default_rng())\n7 * 6",
        JULIA_STATE,
        ("line", "hours", None),
    ),
}


@pytest.mark.parametrize("language", STORIES)
def test_nothing_in_the_kernel_tells_that_it_was_asked(language: str, tmp_path: Path) -> None:
    kernel, code, state, names = STORIES[language]

    async def story(person: Person) -> None:
        await person.runs(code)
        before = await person.runs(state)
        told, history = person.seen[-1], await history_of(person)
        others = await overheard(
            person, lambda: _asked_thrice(person, language, CaptureRequest(*names), tmp_path / "captured")
        )
        after = await person.runs(state)
        assert person.seen[-1] == told
        assert after["execution_count"] == before["execution_count"] + 1
        assert await history_of(person) == ([*history, state] if history else [])
        assert others == []

    run(kernel, story)


async def _asked_thrice(person: Person, language: str, asked: CaptureRequest, folder: Path) -> None:
    await candidates(person.km, language)
    await preview(person.km, language, asked)
    await capture(person.km, language, asked, folder)


async def history_of(person: Person) -> list[str]:
    """The cells of this session as the kernel tells them; R keeps none."""
    asked = person.client.history(hist_access_type="range", session=0, start=1, raw=True, output=False)
    try:
        reply = await asyncio.wait_for(_reply(person, asked), 2)
    except TimeoutError:
        return []
    return [text for _, _, text in reply.get("history", [])]


async def _reply(person: Person, asked: str) -> dict[str, Any]:
    while True:
        message = await person.client.get_shell_msg(timeout=5)
        if message["parent_header"].get("msg_id") == asked:
            return dict(message["content"])


async def overheard(person: Person, act: Callable[[], Awaitable[None]]) -> list[str]:
    """What the person's own client takes for output of its own cells while `act` goes on: parent of a message."""
    own = person.client.session.session
    await act()
    heard: list[str] = []
    try:
        while True:
            message = await person.client.get_iopub_msg(timeout=0.5)
            if message["parent_header"].get("session") == own and message["msg_type"] != "status":
                heard.append(message["msg_type"])
    except Empty:
        return heard


def test_a_busy_python_kernel_says_that_it_was() -> None:
    async def story(person: Person) -> None:
        await person.runs(PYTHON)
        person.client.execute("import time\nfor tick in range(3000): time.sleep(0.01)")
        assert (await candidates(person.km, "python")).busy is True
        await person.km.interrupt_kernel()

    run("python3", story)


@pytest.mark.parametrize(
    ("language", "kernel", "cell"), [("r", "ir", "Sys.sleep(2)"), ("julia", "julia-kronkers", "sleep(2)")]
)
def test_a_kernel_whose_cell_ends_soon_is_waited_for(language: str, kernel: str, cell: str) -> None:
    async def story(person: Person) -> None:
        await person.runs("1 + 1")
        person.client.execute(cell)
        assert (await candidates(person.km, language)).busy is True

    run(kernel, story)


def test_the_probe_of_julia_names_our_own_kernel_only_where_it_reads_its_cells() -> None:
    text = julia.probe_source() + julia.preview_source()
    assert text.count("KronkersKernel") == 1
    assert "IJulia" in text


@pytest.mark.parametrize("language", [python, r, julia])
def test_what_is_sent_to_look_is_small(language: Any) -> None:
    assert len(language.probe_source()) < 25_000
