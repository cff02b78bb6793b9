"""Live kernels are asked from outside, as the server asks those of a person."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import AsyncKernelManager

from jupyter_kronkers.errors import Conflict, Invalid, ModelFailed
from jupyter_kronkers.languages import frames
from jupyter_kronkers.languages.kernels import CaptureRequest, candidates, capture, language_of

pytestmark = pytest.mark.slow
LIMIT_S = 90

PYTHON = """
import numpy as np
class Doubling:
    def __init__(self, factor):
        self.factor = factor
    def predict(self, rows):
        return rows[:, 0] * self.factor
    @property
    def trap(self):
        raise SystemExit
model = Doubling(2.0)
X = np.array([[1.0], [2.5], [4.0]])
y = [2.0, 5.0, 8.0]
rmse = 0.25
7 * 6
"""
R = """
train <- data.frame(hr = c(1, 2, 3, 4), cnt = c(3, 5, 7, 9.5))
fit <- lm(cnt ~ hr, train)
rmse <- 0.25
"""
JULIA = """
struct Doubling
    factor::Float64
end
predict(model::Doubling, rows) = model.factor .* rows.hr
model = Doubling(2.0)
rows = (hr = [1.0, 2.5, 4.0], cnt = [2.0, 5.0, 8.0])
7 * 6
"""
PEOPLE = {"python": ("python3", PYTHON), "r": ("ir", R), "julia": ("julia-kronkers", JULIA)}


class Person:
    """Someone who works in a kernel: runs cells with a client of their own and sees what they print."""

    def __init__(self, km: AsyncKernelManager, client: Any) -> None:
        self.km, self.client = km, client
        self.seen: list[str] = []

    async def runs(self, code: str) -> dict[str, Any]:
        self.seen = []

        def hears(message: dict[str, Any]) -> None:
            self.seen.append(str(message["content"]))

        reply = await self.client.execute_interactive(code, output_hook=hears, timeout=LIMIT_S)
        assert reply["content"]["status"] == "ok", reply["content"]
        return dict(reply["content"])


@asynccontextmanager
async def working_in(kernel: str) -> AsyncIterator[Person]:
    km = AsyncKernelManager(kernel_name=kernel, transport="ipc" if kernel == "python3" else "tcp")
    try:
        _ = km.kernel_spec
    except NoSuchKernel:
        pytest.skip(f"the kernel {kernel} is not installed")
    await km.start_kernel()
    client = km.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=LIMIT_S)
        yield Person(km, client)
    finally:
        client.stop_channels()
        await km.shutdown_kernel(now=True)


def run(kernel: str, story: Callable[[Person], Any]) -> Any:
    async def told() -> Any:
        async with working_in(kernel) as person:
            return await asyncio.wait_for(story(person), LIMIT_S)

    return asyncio.run(told())


def answers(folder: Path) -> list[float]:
    with (folder / "frames" / "answers.kf").open("rb") as file:
        frame = frames.read(file)
    assert frame is not None
    return [float(value) for value in frame.columns[0].values]


def test_the_models_and_rows_of_a_python_notebook_are_found() -> None:
    async def story(person: Person) -> None:
        await person.runs(PYTHON)
        found = await candidates(person.km, "python")
        assert [(model.name, model.class_) for model in found.models] == [("model", "Doubling")]
        assert [(rows.name, rows.rows, rows.columns) for rows in found.data] == [("X", 3, ["x0"])]
        assert found.metrics == {"rmse": 0.25}
        assert found.likely is not None
        assert (found.likely.model, found.likely.data) == ("model", "X")

    run("python3", story)


def test_the_models_and_rows_of_an_r_notebook_are_found() -> None:
    async def story(person: Person) -> None:
        await person.runs(R)
        found = await candidates(person.km, "r")
        assert [(model.name, model.class_) for model in found.models] == [("fit", "lm")]
        assert [(rows.name, rows.rows, rows.columns) for rows in found.data] == [("train", 4, ["hr", "cnt"])]
        assert found.metrics == {"rmse": 0.25}

    run("ir", story)


def test_the_models_and_rows_of_a_julia_notebook_are_found() -> None:
    async def story(person: Person) -> None:
        await person.runs(JULIA)
        found = await candidates(person.km, "julia")
        assert [(model.name, model.class_) for model in found.models] == [("model", "Doubling")]
        assert [(rows.name, rows.rows) for rows in found.data] == [("rows", 3)]

    run("julia-kronkers", story)


def test_a_python_model_is_captured_without_a_trace_in_the_notebook(tmp_path: Path) -> None:
    async def story(person: Person) -> None:
        await person.runs(PYTHON)
        await person.runs("before = sorted(globals())")
        await candidates(person.km, "python")
        asked = CaptureRequest("model", "X", "y", metrics={"rmse": 0.25}, notebook="a.ipynb")
        folder = await capture(person.km, "python", asked, tmp_path / "captured")
        after = await person.runs("print(_, sorted(set(globals()) - set(before) - {'before', '_i2', '_i3'}))")
        assert "42 []" in "".join(person.seen)
        assert after["execution_count"] == 3
        facts = json.loads((folder / "capture.json").read_text())
        assert (facts["kernel"], facts["target"], facts["definitions"]) == ("python3", ["y"], ["Doubling"])
        assert answers(folder) == [2.0, 5.0, 8.0]

    run("python3", story)


def test_an_r_model_is_captured_without_a_trace_in_the_notebook(tmp_path: Path) -> None:
    async def story(person: Person) -> None:
        count = (await person.runs(R))["execution_count"]
        await candidates(person.km, "r")
        asked = CaptureRequest("fit", "train", "cnt", metrics={"rmse": 0.25})
        folder = await capture(person.km, "r", asked, tmp_path / "captured")
        after = await person.runs("cat(ls(all.names = TRUE))")
        assert "fit rmse train" in "".join(person.seen)
        assert after["execution_count"] == count + 1
        # The least squares line through (1, 3), (2, 5), (3, 7), (4, 9.5) is 0.75 + 2.15 hr.
        assert answers(folder) == pytest.approx([2.9, 5.05, 7.2, 9.35], abs=1e-12)

    run("ir", story)


def test_a_julia_model_is_captured_without_a_trace_in_the_notebook(tmp_path: Path) -> None:
    async def story(person: Person) -> None:
        await person.runs(JULIA)
        names = "join(filter(n -> occursin(\"ronkers\", n), string.(names(Main; all = true, imported = true))), ' ')"
        await person.runs(f"before = {names}; 7 * 6")
        await candidates(person.km, "julia")
        folder = await capture(person.km, "julia", CaptureRequest("model", "rows", "cnt"), tmp_path / "captured")
        await person.runs(f"print(string(ans, ' ', {names} == before))")
        assert "42 true" in "".join(person.seen)
        assert answers(folder) == [2.0, 5.0, 8.0]

    run("julia-kronkers", story)


def test_a_busy_python_kernel_answers_while_its_cell_runs_on(tmp_path: Path) -> None:
    async def story(person: Person) -> None:
        await person.runs(PYTHON)
        person.client.execute("import time\nfor tick in range(3000): time.sleep(0.01)")
        found = await candidates(person.km, "python")
        folder = await capture(person.km, "python", CaptureRequest("model", "X"), tmp_path / "captured")
        assert found.models[0].name == "model"
        assert answers(folder) == [2.0, 5.0, 8.0]
        await person.km.interrupt_kernel()

    run("python3", story)


@pytest.mark.parametrize(("language", "cell"), [("r", "Sys.sleep(30)"), ("julia", "sleep(30)")])
def test_a_busy_kernel_of_another_language_is_refused_in_words(language: str, cell: str) -> None:
    async def story(person: Person) -> None:
        person.client.execute(cell)
        with pytest.raises(Conflict, match="busy") as refusal:
            await candidates(person.km, language)
        assert refusal.value.code == "kernel_busy"

    run(PEOPLE[language][0], story)


def test_a_dead_kernel_is_refused_in_words() -> None:
    async def story(person: Person) -> None:
        await person.km.shutdown_kernel(now=True)
        with pytest.raises(Conflict, match="not running") as refusal:
            await candidates(person.km, "python")
        assert refusal.value.code == "kernel_dead"

    run("python3", story)


def test_a_kernel_that_dies_while_it_is_asked_is_refused_in_words(tmp_path: Path) -> None:
    async def story(person: Person) -> None:
        await person.runs("import os\nmodel = lambda rows: os._exit(1)\nX = [1.0, 2.0]")
        with pytest.raises(Conflict, match="not running"):
            await capture(person.km, "python", CaptureRequest("model", "X"), tmp_path / "captured")

    run("python3", story)


@pytest.mark.parametrize("language", PEOPLE)
def test_what_cannot_be_captured_is_said_and_later_cells_still_run(language: str, tmp_path: Path) -> None:
    kernel, code = PEOPLE[language]

    async def story(person: Person) -> None:
        await person.runs(code)
        with pytest.raises(Invalid, match=r"no .modell"):
            await capture(person.km, language, CaptureRequest("modell", "X"), tmp_path / "captured")
        await person.runs("1 + 1")

    run(kernel, story)


def test_an_error_of_the_model_itself_is_told(tmp_path: Path) -> None:
    async def story(person: Person) -> None:
        await person.runs("def model(rows): raise RuntimeError('no such hour')\nX = [1.0, 2.0]")
        with pytest.raises((Invalid, ModelFailed), match="RuntimeError: no such hour"):
            await capture(person.km, "python", CaptureRequest("model", "X"), tmp_path / "captured")

    run("python3", story)


def test_names_are_never_code(tmp_path: Path) -> None:
    async def story(person: Person) -> None:
        await person.runs(PYTHON)
        evil = f"__import__('pathlib').Path({str(tmp_path / 'evil')!r}).touch()"
        with pytest.raises(Invalid):
            await capture(person.km, "python", CaptureRequest(evil, "X"), tmp_path / "captured")
        assert not (tmp_path / "evil").exists()

    run("python3", story)


def test_the_language_comes_from_the_kernelspec() -> None:
    assert language_of(AsyncKernelManager(kernel_name="python3")) == "python"
    assert language_of(AsyncKernelManager(kernel_name="ir")) == "r"
