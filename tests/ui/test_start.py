"""The start page and the launcher's cards: what a newcomer meets, in a real JupyterLab with real kernels."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.ui.conftest import Lab
from tests.ui.test_panel import answering, deployment, focused, heard, model, open_panel, show

pytestmark = pytest.mark.slow

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
KERNELS = [("Python", "rents"), ("R", "rents-r"), ("Julia", "rents-jl")]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1200, "height": 760})
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    yield page
    page.close()
    assert thrown == []


def open_start(page: Page, lab: Lab) -> Locator:
    """The start page, opened as a newcomer does: by its card in the launcher."""
    open_panel(page, lab)
    page.locator(".jp-LauncherCard", has_text="Start with Kronkers").click()
    start = page.locator(".kr-Start")
    expect(start.get_by_role("heading", name="From a notebook to an endpoint")).to_be_visible()
    return start


def test_the_launcher_has_cards_of_ours(page: Page, lab: Lab):
    open_panel(page, lab)
    cards = page.locator(".jp-LauncherCard[data-category=Kronkers]")
    expect(cards).to_have_text(["Start with Kronkers", "Show Models and Deployments"])
    show(page, "JupyterLab Light", "launcher-light")


def test_a_newcomer_is_shown_three_steps(page: Page, lab: Lab):
    start = open_start(page, lab)
    expect(start.get_by_role("heading", level=2)).to_have_text(["Train and register", "Deploy", "Watch and roll back"])
    expect(start.get_by_role("button", name="New notebook in Python")).to_be_visible()
    show(page, "JupyterLab Light", "start-light")
    show(page, "JupyterLab Dark", "start-dark")


def test_what_was_done_is_told_and_the_next_step_is_offered(page: Page, lab: Lab):
    answering(page, "models", [model("bike"), model("broken", latest_state="rejected")])
    answering(page, "deployments", [deployment("ready")])
    start = open_start(page, lab)
    expect(start).to_contain_text("2 models registered")
    show(page, "JupyterLab Light", "start-done-light")
    commands = heard(page)
    start.get_by_role("button", name="Deploy bike").click()
    start.get_by_role("button", name="Open rides-ready").click()
    assert commands() == [
        ["kronkers:deploy", {"model": "bike"}],
        ["kronkers:open-deployment", {"deployment": "rides-ready"}],
    ]
    expect(start.get_by_role("button", name="Deploy broken")).to_have_count(0)


@pytest.mark.parametrize(("language", "name"), KERNELS)
def test_a_first_notebook_trains_and_registers(page: Page, lab: Lab, language: str, name: str):
    """Made by one press, run as it is: the model appears in the panel, which was open all the time."""
    start = open_start(page, lab)
    start.get_by_role("button", name=f"New notebook in {language}").click()
    page.locator(".jp-Notebook .jp-Cell").nth(3).wait_for()
    idle(page)
    page.evaluate("() => { void jupyterapp.commands.execute('notebook:run-all-cells') }")
    panel = page.get_by_role("region", name="Kronkers: models and deployments")
    expect(panel.locator(".kr-Name", has_text=name)).to_have_text([name], timeout=120_000)
    assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0
    show(page, "JupyterLab Light", f"start-first-{language.lower()}-light")


def test_the_demos_notebooks_are_opened_where_they_lie_in_the_folder(page: Page, lab: Lab):
    folder = Path(lab.environment["JUPYTER_CONFIG_DIR"]).parent / "notebooks"
    shutil.copytree(NOTEBOOKS, folder)
    start = open_start(page, lab)
    start.get_by_role("button", name="Open train_r.ipynb").click()
    expect(page.locator(".jp-Notebook")).to_contain_text("Train in R, register with one call")
    shutil.rmtree(folder)


def test_a_language_that_is_missing_is_told_with_what_brings_it(page: Page, lab: Lab):
    told = {"language": "julia", "title": "Julia", "version": "", "executable": "", "kernels": []}
    missing = {"missing": "There is no Julia here.", "remedy": "Install it with juliaup."}
    answering(page, "languages", [told | missing])
    start = open_start(page, lab)
    expect(start).to_contain_text("Julia: There is no Julia here. Install it with juliaup.")


def test_the_page_is_used_by_keyboard(page: Page, lab: Lab):
    answering(page, "models", [model("bike")])
    start = open_start(page, lab)
    start.get_by_role("button", name="New notebook in Julia").focus()
    page.keyboard.press("Tab")
    expect(focused(page)).to_have_text("Deploy bike")


def test_the_page_is_there_again_after_a_reload(page: Page, lab: Lab):
    open_start(page, lab)
    with page.expect_response(lambda answer: "/api/workspaces" in answer.url and answer.request.method == "PUT"):
        pass
    page.goto(f"{lab.url}lab")
    expect(page.locator(".kr-Start").get_by_role("heading", level=1)).to_be_visible()


def test_it_fits_beside_a_notebook(page: Page, lab: Lab):
    start = open_start(page, lab)
    page.set_viewport_size({"width": 620, "height": 760})
    expect(start.get_by_role("button", name="New notebook in Julia")).to_be_visible()
    assert start.evaluate("page => page.scrollWidth - page.clientWidth") == 0
    show(page, "JupyterLab Light", "start-narrow-light")


def idle(page: Page) -> None:
    """The session itself, since the toolbar's mark says idle before there is a kernel."""
    ready = "const found = jupyterapp.shell.currentWidget?.sessionContext; return found?.isReady"
    page.wait_for_function(f"() => {{ {ready} && found.session?.kernel?.status === 'idle' }}", timeout=60_000)


def test_each_first_notebook_is_a_notebook(lab: Lab):
    """Written by the tests above; nbformat's own rules."""
    import nbformat

    home = Path(lab.environment["JUPYTER_CONFIG_DIR"]).parent
    found = sorted(home.glob("first-model-*.ipynb"))
    assert [file.name for file in found] == [f"first-model-{language}.ipynb" for language in ("julia", "python", "r")]
    for file in found:
        nbformat.validate(json.loads(file.read_text()))
