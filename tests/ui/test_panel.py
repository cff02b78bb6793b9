"""The side panel in a real JupyterLab, seen through a real browser."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.ui.conftest import SCREENSHOTS, Lab

pytestmark = pytest.mark.slow

REGISTER = """
import numpy, pandas, jupyter_kronkers as kronkers
from sklearn.linear_model import LinearRegression
data = pandas.DataFrame({"temp": [0.1, 0.5, 0.9], "hum": [0.3, 0.6, 0.4]})
model = LinearRegression().fit(data, [10.0, 50.0, 90.0])
kronkers.register(model, "bike-demand", data=data)
"""


@pytest.fixture
def page(browser: Browser, lab: Lab) -> Iterator[Page]:
    """JupyterLab with the panel open. Fails the test if the page threw anything."""
    page = browser.new_page(viewport={"width": 1200, "height": 760})
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    yield page
    page.close()
    assert thrown == []


def open_panel(page: Page, lab: Lab) -> Locator:
    page.goto(f"{lab.url}lab?token={lab.token}&reset")
    page.locator("#jp-main-dock-panel").wait_for()
    page.wait_for_function("() => window.jupyterapp !== undefined")
    # `void`: a promise that gives back a widget cannot be handed over to Python.
    page.evaluate("() => { void jupyterapp.restored.then(() => jupyterapp.commands.execute('kronkers:open')) }")
    panel = page.get_by_role("region", name="Kronkers: models and deployments")
    panel.wait_for()
    return panel


def show(page: Page, theme: str, name: str) -> None:
    """A picture for people to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.evaluate(f"() => {{ void jupyterapp.commands.execute('apputils:change-theme', {{ theme: '{theme}' }}) }}")
    page.wait_for_function(f"() => document.body.dataset.jpThemeName === '{theme}'")
    page.locator("#jupyterlab-splash").wait_for(state="detached")
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def answering(page: Page, noun: str, items: list[dict[str, Any]]) -> None:
    """Lets the server's answer for one noun be this list."""
    body = json.dumps({"items": items, "cursor": None})
    page.route(f"**/kronkers/api/v1/{noun}?*", lambda route: route.fulfill(body=body, content_type="application/json"))


def kronkers(lab: Lab, *words: str) -> None:
    command = [sys.executable, "-m", "jupyter_kronkers.cli", *words]
    subprocess.run(command, env=lab.environment, check=True, capture_output=True)


def test_an_empty_registry_says_how_to_register(page: Page, lab: Lab):
    panel = open_panel(page, lab)
    expect(panel).to_contain_text("No models yet")
    expect(panel).to_contain_text("kronkers.register(model")
    show(page, "JupyterLab Light", "empty-light")


def test_a_registered_model_and_its_deployment_appear(page: Page, lab: Lab):
    subprocess.run([sys.executable, "-c", REGISTER], env=lab.environment, check=True, capture_output=True)
    kronkers(lab, "models", "alias", "bike-demand", "champion", "1")
    kronkers(lab, "deployments", "create", "rides", "bike-demand", "--wait", "60")
    panel = open_panel(page, lab)
    models, deployments = panel.get_by_role("region", name="Models"), panel.get_by_role("region", name="Deployments")
    expect(models).to_contain_text("Python · version 1")
    expect(models).to_contain_text("champion 1")
    expect(deployments).to_contain_text("rides")
    expect(deployments).to_contain_text("answers")
    show(page, "JupyterLab Light", "panel-light")
    show(page, "JupyterLab Dark", "panel-dark")


def test_refresh_shows_what_was_registered_meanwhile(page: Page, lab: Lab):
    answering(page, "models", [])
    panel = open_panel(page, lab)
    expect(panel).to_contain_text("No models yet")
    page.unroute_all()
    answering(page, "models", [model("new-one")])
    panel.get_by_role("button", name="Refresh").click()
    expect(panel).to_contain_text("new-one")


def test_everything_is_reached_by_keyboard(page: Page, lab: Lab):
    answering(page, "models", [model("bike", title="Bikes in the city")])
    panel = open_panel(page, lab)
    expect(panel).to_contain_text("bike")
    panel.get_by_role("button", name="Refresh").focus()
    page.keyboard.press("Tab")
    expect(panel.locator("summary").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.get_by_text("Bikes in the city")).to_be_visible()


def test_states_are_told_in_words_with_reason_and_remedy(page: Page, lab: Lab):
    answering(page, "models", [model("bike", aliases={"champion": 3, "challenger": 4}), model("a" * 63)])
    answering(page, "deployments", [deployment(state) for state in STATES])
    panel = open_panel(page, lab)
    panel.locator("summary", has_text="does not answer").click()
    expect(panel).to_contain_text("needs package splines")
    expect(panel).to_contain_text("install splines")
    show(page, "JupyterLab Light", "states-light")
    show(page, "JupyterLab Dark", "states-dark")


def test_names_and_titles_are_text_and_never_markup(page: Page, lab: Lab):
    answering(page, "models", [model("m", title="<img src=x onerror='throw 1'>")])
    panel = open_panel(page, lab)
    panel.locator("summary").first.click()
    expect(panel.get_by_text("<img src=x")).to_be_visible()
    assert panel.locator("img").count() == 0


def test_a_failing_server_is_told_with_what_to_do(page: Page, lab: Lab):
    refuse(page, 503, {"message": "m", "detail": "The data folder is busy.", "remedy": "Try again in a minute."})
    panel = open_panel(page, lab)
    expect(panel.get_by_role("alert")).to_contain_text("The data folder is busy.")
    expect(panel.get_by_role("alert")).to_contain_text("Try again in a minute.")
    show(page, "JupyterLab Dark", "problem-dark")


STATES = {
    "ready": ("", ""),
    "swapping": ("version 4 is loading", ""),
    "degraded": ("1 of 2 replicas answers", "look at the log"),
    "failed": ("needs package splines", "install splines"),
    "stopped": ("", ""),
}


def refuse(page: Page, status: int, body: dict[str, str]) -> None:
    answer: Callable[[Route], None] = lambda route: route.fulfill(status=status, body=json.dumps(body))  # noqa: E731
    page.route("**/kronkers/api/v1/**", answer)


def model(name: str, **change: Any) -> dict[str, Any]:
    latest = {"model": name, "number": 4, "state": "ready", "language": "r"}
    return {"name": name, "title": "", "description": "", "latest": latest, "version_count": 4, "aliases": {}} | change


def deployment(state: str) -> dict[str, Any]:
    reason, remedy = STATES[state]
    found = {
        "name": f"rides-{state}",
        "model": "bike",
        "alias": "champion",
        "version": None,
        "follows": 3,
        "live": 3,
        "state": state,
    }
    return found | {"reason": reason, "remedy": remedy}
