"""*Register model* in a real JupyterLab, with real kernels of Python, R and Julia."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.ui.conftest import SCREENSHOTS, Lab

pytestmark = pytest.mark.slow

KERNEL_MS, ANSWER_MS = 90_000, 60_000

PYTHON = (
    """import numpy as np, pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
rng = np.random.default_rng(0)
train = pd.DataFrame({"hr": np.arange(120) % 24, "temp": rng.random(120).round(3), "holiday": rng.random(120) < 0.1})
train["cnt"] = (10 * train["hr"] + 100 * train["temp"] + rng.normal(0, 8, 120)).round(1)""",
    """def rush(hours):
    return hours.isin([8, 17])""",
    """features = ["hr", "temp", "holiday"]
forest = RandomForestRegressor(20, random_state=0).fit(train[features], train["cnt"])
line = LinearRegression().fit(train[features], train["cnt"])
rmse = float(np.sqrt(np.mean((line.predict(train[features]) - train["cnt"]) ** 2)))
r2 = 0.98""",
    "7 * 6",
)
R = (
    """train <- data.frame(hr = 0:119 %% 24, temp = round(sin(1:120) / 2 + 0.5, 3))
train$cnt <- 10 * train$hr + 100 * train$temp + cos(1:120)""",
    """fit <- lm(cnt ~ hr + temp, data = train)
rmse <- sqrt(mean(residuals(fit)^2))""",
    "7 * 6",
)
JULIA = (
    """struct Line
    weights::Vector{Float64}
end
predict(model::Line, rows) = model.weights[1] .* rows.hr .+ model.weights[2] .* rows.temp""",
    """train = (hr = collect(1:120) .% 24, temp = abs.(sin.(1:120)), cnt = 10.0 .* (collect(1:120) .% 24))
fit = Line([10.0, 0.0])
rmse = 0.25""",
    "7 * 6",
)
NOTEBOOKS = {"python": ("python3", PYTHON), "r": ("ir", R), "julia": ("julia-kronkers", JULIA)}


@pytest.fixture
def page(browser: Browser, lab: Lab) -> Iterator[Page]:
    """Fails the test if the page threw anything."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    yield page
    page.close()
    assert thrown == []


def write_notebook(lab: Lab, name: str, kernel: str, cells: tuple[str, ...]) -> None:
    content = {
        "metadata": {"kernelspec": {"name": kernel, "display_name": kernel, "language": ""}},
        "nbformat": 4,
        "nbformat_minor": 5,
        "cells": [
            {
                "id": f"c{at}",
                "cell_type": "code",
                "source": source,
                "metadata": {},
                "outputs": [],
                "execution_count": None,
            }
            for at, source in enumerate(cells)
        ],
    }
    (home(lab) / name).write_text(json.dumps(content))


def home(lab: Lab) -> Path:
    return Path(lab.environment["KRONKERS_DATA_DIR"]).parent


def open_notebook(page: Page, lab: Lab, name: str) -> None:
    page.goto(f"{lab.url}lab/tree/{name}?token={lab.token}&reset")
    page.wait_for_function("() => window.jupyterapp !== undefined")
    page.evaluate("() => { void jupyterapp.restored }")
    page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)").wait_for()
    idle(page)


def idle(page: Page) -> None:
    """The kernel is there and has nothing to do."""
    page.wait_for_function(
        "() => jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'", timeout=KERNEL_MS
    )


def run_all(page: Page) -> None:
    page.evaluate("() => { void jupyterapp.commands.execute('notebook:run-all-cells') }")
    page.wait_for_function(
        "() => { const cells = jupyterapp.shell.currentWidget.content.model.toJSON().cells;"
        " return cells.every(cell => cell.execution_count !== null) }",
        timeout=KERNEL_MS,
    )
    idle(page)


def notebook_with(page: Page, lab: Lab, language: str, name: str) -> None:
    kernel, cells = NOTEBOOKS[language]
    write_notebook(lab, name, kernel, cells)
    open_notebook(page, lab, name)
    run_all(page)


def cells_of(page: Page) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = page.evaluate("() => jupyterapp.shell.currentWidget.content.model.toJSON().cells")
    return [{key: cell[key] for key in ("source", "execution_count", "outputs")} for cell in cells]


def press_register(page: Page) -> Locator:
    page.get_by_role("toolbar", name="main area toolbar").or_(page.locator(".jp-NotebookPanel-toolbar")).get_by_text(
        "Register model"
    ).first.click()
    return page.get_by_role("dialog", name="Register model")


def show(page: Page, theme: str, name: str) -> None:
    """A picture for people to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.evaluate(f"() => {{ void jupyterapp.commands.execute('apputils:change-theme', {{ theme: '{theme}' }}) }}")
    page.wait_for_function(f"() => document.body.dataset.jpThemeName === '{theme}'")
    page.wait_for_timeout(300)  # the theme's style sheet is being swapped; there is nothing else to wait for
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def both_themes(page: Page, name: str) -> None:
    show(page, "JupyterLab Dark", f"{name}-dark")
    show(page, "JupyterLab Light", f"{name}-light")


def run_cell(page: Page, code: str) -> dict[str, Any]:
    """Types a cell at the end, runs it, and gives it with its outputs."""
    count = len(cells_of(page))
    page.evaluate(
        "code => { const { content } = jupyterapp.shell.currentWidget;"
        " content.activeCellIndex = content.widgets.length - 1;"
        " void jupyterapp.commands.execute('notebook:insert-cell-below').then(() => {"
        " content.activeCell.model.sharedModel.setSource(code);"
        " return jupyterapp.commands.execute('notebook:run-cell') }) }",
        code,
    )
    page.wait_for_function(
        "count => { const cells = jupyterapp.shell.currentWidget.content.model.toJSON().cells;"
        " return cells.length === count + 1 && cells[count].execution_count !== null }",
        arg=count,
        timeout=KERNEL_MS,
    )
    idle(page)
    return cells_of(page)[-1]


def printed(cell: dict[str, Any]) -> str:
    return json.dumps(cell["outputs"])


# What would tell of a question: the last value, or all names there are.
LAST = {
    "python": ("print(_)", "42"),
    "r": ("cat(setdiff(ls(all.names = TRUE), '.pbd_env'))", '"fit rmse train"'),  # pbdZMQ's own
    "julia": ("print(ans)", "42"),
}


@pytest.mark.parametrize("language", NOTEBOOKS)
def test_one_press_registers_what_the_live_kernel_holds(
    page: Page, lab: Lab, language: str, record_property: Any
) -> None:
    notebook_with(page, lab, language, f"bikes-{language}.ipynb")
    before = cells_of(page)
    dialog = press_register(page)
    pressed = time.monotonic()
    dialog.get_by_role("group", name="Model").wait_for()
    record_property("open_to_candidates_ms", round(1000 * (time.monotonic() - pressed)))
    if language == "julia":  # a struct of one's own does not tell what it was fitted to
        dialog.get_by_label("Target").select_option("cnt")
    signature = dialog.get_by_role("region", name="Signature")
    expect(signature).to_contain_text("prediction double", timeout=ANSWER_MS)
    expect(dialog.get_by_label("Data", exact=True)).to_have_value("train")
    expect(dialog.get_by_label("Target")).to_have_value("cnt")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value(
        "bikes-python-line" if language == "python" else f"bikes-{language}"
    )
    both_themes(page, f"register-{language}")
    dialog.get_by_label("Note").fill("first try")
    dialog.get_by_role("button", name="Register version 1").click()
    pressed = time.monotonic()
    dialog.get_by_role("list").wait_for()
    page.screenshot(path=SCREENSHOTS / f"registering-{language}.png")
    expect(dialog.get_by_role("heading", level=2)).to_contain_text("version 1 is registered", timeout=ANSWER_MS)
    record_property("press_to_card_s", round(time.monotonic() - pressed, 2))
    expect(dialog).to_contain_text("Proven.")
    expect(dialog).to_contain_text("120 rows × ")
    expect(dialog).to_contain_text(f"bikes-{language}.ipynb")
    expect(dialog.get_by_role("button", name="Copy call")).to_be_disabled()
    expect(dialog.get_by_role("button", name="Compare with champion")).to_have_count(0)
    both_themes(page, f"registered-{language}")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert cells_of(page) == before
    code, said = LAST[language]
    last = run_cell(page, code)
    assert last["execution_count"] == before[-1]["execution_count"] + 1
    assert said in printed(last)


def test_a_busy_python_kernel_is_asked_beside_its_cell(page: Page, lab: Lab) -> None:
    notebook_with(page, lab, "python", "busy.ipynb")
    start_long_cell(page, "import time\nfor tick in range(6_000): time.sleep(0.05)")
    dialog = press_register(page)
    expect(dialog).to_contain_text("asked beside it", timeout=ANSWER_MS)
    dialog.get_by_role("button", name="Register version 1").click()
    expect(dialog.get_by_role("heading", level=2)).to_contain_text("is registered", timeout=ANSWER_MS)
    # Not by the kernel's status: JupyterLab takes the end of any question, our own too, for the end of the cell.
    assert cells_of(page)[-1]["execution_count"] is None
    assert page.locator(".jp-InputPrompt").last.text_content() == "[*]:"


@pytest.mark.parametrize(("language", "cell"), [("r", "Sys.sleep(4)"), ("julia", "sleep(4)")])
def test_a_busy_kernel_of_r_or_julia_is_waited_for(page: Page, lab: Lab, language: str, cell: str) -> None:
    notebook_with(page, lab, language, f"waiting-{language}.ipynb")
    start_long_cell(page, cell)
    dialog = press_register(page)
    expect(dialog).to_contain_text("This goes on by itself")
    show(page, "JupyterLab Light", f"register-waiting-{language}")
    dialog.get_by_role("group", name="Model").wait_for(timeout=ANSWER_MS)


def test_waiting_can_be_ended(page: Page, lab: Lab) -> None:
    notebook_with(page, lab, "r", "cancelled.ipynb")
    start_long_cell(page, "Sys.sleep(20)")
    dialog = press_register(page)
    dialog.get_by_role("button", name="Stop waiting").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The kernel was not asked.")
    expect(dialog.get_by_role("button", name="Look again")).to_be_visible()


def start_long_cell(page: Page, code: str) -> None:
    page.evaluate(
        "code => { const { content } = jupyterapp.shell.currentWidget;"
        " content.activeCellIndex = content.widgets.length - 1;"
        " void jupyterapp.commands.execute('notebook:insert-cell-below').then(() => {"
        " content.activeCell.model.sharedModel.setSource(code);"
        " void jupyterapp.commands.execute('notebook:run-cell') }) }",
        code,
    )
    page.wait_for_function("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'")


def test_the_second_version_is_said_while_typing_and_is_compared_with_the_champion(page: Page, lab: Lab) -> None:
    notebook_with(page, lab, "python", "twice.ipynb")
    dialog = press_register(page)
    name = dialog.get_by_label("Name", exact=True)
    expect(name).to_have_value("twice-line")
    name.fill("Twice Line")
    expect(dialog).to_contain_text("“T” cannot be in it")
    expect(dialog.get_by_role("button", name="Register version")).to_be_disabled()
    name.fill("twice")
    expect(dialog).to_contain_text("this becomes version 1 of twice")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("heading", level=2)).to_contain_text("is registered", timeout=ANSWER_MS)
    page.keyboard.press("Escape")
    ask(page, "models/twice/aliases/champion", "PUT", {"version": 1})
    dialog = press_register(page)
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("twice")
    expect(dialog).to_contain_text("Becomes version 2 of twice, which is there already")
    dialog.get_by_label("line LinearRegression").or_(dialog.get_by_role("radio").first).first.check()
    dialog.get_by_role("button", name="Register version 2").click()
    expect(dialog.get_by_role("heading", level=2)).to_contain_text("version 2 is registered", timeout=ANSWER_MS)
    expect(dialog.get_by_role("button", name="Compare with champion")).to_be_enabled()
    dialog.get_by_role("button", name="Compare with champion").click()
    expect(dialog).to_have_count(0)


def ask(page: Page, path: str, method: str, body: Any) -> None:
    status = page.evaluate(
        """async ([path, method, body]) => {
            const { serverSettings } = jupyterapp.serviceManager;
            const headers = { Authorization: `token ${serverSettings.token}`, 'Content-Type': 'application/json' };
            const init = { method, headers, body: JSON.stringify(body) };
            return (await fetch(`${serverSettings.baseUrl}kronkers/api/v1/${path}`, init)).status;
        }""",
        [path, method, body],
    )
    assert status < 300, status


def test_a_rejected_version_says_why_and_what_to_do(page: Page, lab: Lab) -> None:
    moody = "import random\nclass Moody:\n    def predict(self, rows): return [random.random() for _ in rows]"
    write_notebook(
        lab, "moody.ipynb", "python3", (moody, "model, X = Moody(), [[1.0], [2.0]]\nX = __import__('numpy').array(X)")
    )
    open_notebook(page, lab, "moody.ipynb")
    run_all(page)
    dialog = press_register(page)
    dialog.get_by_role("button", name="Register version 1").click()
    expect(dialog.get_by_role("heading", level=2)).to_contain_text("is rejected", timeout=ANSWER_MS)
    expect(dialog.get_by_role("button", name="Deploy")).to_have_count(0)
    both_themes(page, "register-rejected")
    dialog.get_by_role("button", name="Change and register again").click()
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("moody")


def test_a_notebook_without_a_model_says_what_to_do_and_does_it(page: Page, lab: Lab) -> None:
    write_notebook(lab, "fresh.ipynb", "python3", PYTHON)
    open_notebook(page, lab, "fresh.ipynb")
    dialog = press_register(page)
    expect(dialog.get_by_role("alert")).to_contain_text("The kernel holds no fitted model.", timeout=ANSWER_MS)
    both_themes(page, "register-nothing")
    dialog.get_by_role("button", name="Run all cells").click()
    dialog.get_by_role("group", name="Model").wait_for(timeout=ANSWER_MS)


def test_a_notebook_whose_kernel_was_shut_down_says_so(page: Page, lab: Lab) -> None:
    notebook_with(page, lab, "python", "gone.ipynb")
    page.evaluate("() => { void jupyterapp.shell.currentWidget.sessionContext.shutdown() }")
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.sessionContext.session?.kernel")
    dialog = press_register(page)
    expect(dialog.get_by_role("alert")).to_contain_text("has no kernel")
    expect(dialog.get_by_role("button", name="Choose a kernel…")).to_be_visible()


def test_a_refusal_is_shown_and_what_was_typed_stays(page: Page, lab: Lab) -> None:
    notebook_with(page, lab, "python", "kept.ipynb")
    body = {"detail": "The data folder is busy.", "remedy": "Try again in a minute.", "code": "unavailable"}
    page.route("**/captures*", lambda route: route.fulfill(status=503, body=json.dumps(body)))
    dialog = press_register(page)
    dialog.get_by_label("Description").fill("how many bikes")
    dialog.get_by_role("button", name="Register version 1").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Try again in a minute.")
    expect(dialog.get_by_label("Description")).to_have_value("how many bikes")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    dialog = press_register(page)
    expect(dialog.get_by_label("Description")).to_have_value("how many bikes")


def test_what_the_notebook_holds_is_text_and_never_markup(page: Page, lab: Lab) -> None:
    evil = "\n".join(
        [
            "import numpy as np, pandas as pd",
            "Evil = type('<img src=x onerror=throw_1()>', (), {'predict': lambda self, rows: np.zeros(len(rows))})",
            "evil, X = Evil(), pd.DataFrame({'<b>\\u202ex' * 200: [1.0, 2.0]})",
        ]
    )
    write_notebook(lab, "evil.ipynb", "python3", (evil,))
    open_notebook(page, lab, "evil.ipynb")
    run_all(page)
    dialog = press_register(page)
    expect(dialog.get_by_text("<img src=x")).to_be_visible()
    assert dialog.locator("img").count() == 0
    width = dialog.locator(".jp-Dialog-content").bounding_box()
    assert width is not None
    assert width["width"] <= 1200


def test_without_a_notebook_it_says_what_to_open(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}lab?token={lab.token}&reset")
    page.wait_for_function("() => window.jupyterapp !== undefined")
    page.evaluate("() => { void jupyterapp.restored.then(() => jupyterapp.commands.execute('kronkers:register')) }")
    expect(page.get_by_role("dialog")).to_contain_text("Open the notebook that fits the model")
