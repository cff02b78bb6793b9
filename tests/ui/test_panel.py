"""The side panel in a real JupyterLab, seen through a real browser."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.ui.conftest import SCREENSHOTS, Lab

pytestmark = pytest.mark.slow

# Others use the machine too; a fact that comes later is as true.
expect.set_options(timeout=20_000)

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
    # It takes the focus when it opens.
    page.locator(".jp-Launcher").wait_for()
    # `void`: a promise that gives back a widget cannot be handed over to Python.
    page.evaluate("() => { void jupyterapp.restored.then(() => jupyterapp.commands.execute('kronkers:open')) }")
    panel = panel_of(page)
    panel.wait_for()
    return panel


def panel_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Kronkers: models and deployments")


def models_of(panel: Locator) -> Locator:
    return panel.get_by_role("region", name=re.compile("^Models"))


def deployments_of(panel: Locator) -> Locator:
    return panel.get_by_role("region", name=re.compile("^Deployments"))


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
    answer: Callable[[Route], None] = lambda route: route.fulfill(body=body, content_type="application/json")  # noqa: E731
    page.route(re.compile(rf"/kronkers/api/v1/{noun}(\?.*)?$"), answer)


def kronkers(lab: Lab, *words: str) -> None:
    command = [sys.executable, "-m", "jupyter_kronkers.cli", *words]
    subprocess.run(command, env=lab.environment, check=True, capture_output=True)


def test_an_empty_registry_says_how_to_register(page: Page, lab: Lab):
    panel = open_panel(page, lab)
    expect(panel).to_contain_text("No models yet")
    expect(panel).to_contain_text("kronkers.register(model")
    show(page, "JupyterLab Light", "panel-empty-light")


def test_a_registered_model_and_its_deployment_appear(page: Page, lab: Lab):
    subprocess.run([sys.executable, "-c", REGISTER], env=lab.environment, check=True, capture_output=True)
    kronkers(lab, "models", "alias", "bike-demand", "champion", "1")
    panel = open_panel(page, lab)
    expect(models_of(panel)).to_contain_text("Python · version 1")
    expect(models_of(panel)).to_contain_text("champion 1")
    kronkers(lab, "deployments", "create", "rides", "bike-demand", "--wait", "60")
    expect(deployments_of(panel)).to_contain_text("rides")
    expect(deployments_of(panel)).to_contain_text("answers")
    expect(models_of(panel)).to_contain_text("rides answers.")
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


def test_search_filters_and_order_leave_what_was_asked_for(page: Page, lab: Lab):
    answering(page, "models", [model("bike", owner="ben"), model("churn", language="julia", health="bad")])
    panel = open_panel(page, lab)
    names = models_of(panel).locator(".kr-Name")
    expect(names).to_have_text(["bike", "churn"])
    panel.get_by_label("Order").select_option("Trouble first")
    expect(names).to_have_text(["churn", "bike"])
    panel.get_by_label("Language").select_option("R")
    expect(names).to_have_text(["bike"])
    panel.get_by_label("Search models and deployments").fill("zebra")
    expect(models_of(panel)).to_contain_text("No model is like that.")
    panel.get_by_role("button", name="Show all 2").click()
    expect(names).to_have_text(["churn", "bike"])


def test_search_filters_and_order_are_there_again_after_a_reload(page: Page, lab: Lab):
    answering(page, "models", [model("bike"), model("churn", language="julia")])
    panel = open_panel(page, lab)
    with page.expect_response("**/api/workspaces/**"):
        panel.get_by_label("Order").select_option("Last trained first")
    with page.expect_response("**/api/workspaces/**"):
        panel.get_by_label("Search models and deployments").fill("churn")
    page.goto(f"{lab.url}lab")
    expect(models_of(panel).locator(".kr-Name")).to_have_text(["churn"], timeout=20_000)
    expect(panel.get_by_label("Order")).to_have_value("trained")


def test_everything_is_reached_by_keyboard(page: Page, lab: Lab):
    answering(page, "models", [model("bike"), model("churn"), model("loans")])
    panel = open_panel(page, lab)
    expect(panel).to_contain_text("bike")
    commands = heard(page)
    panel.get_by_label("Order").focus()
    page.keyboard.press("Tab")
    expect(focused(page)).to_contain_text("bike")
    page.keyboard.press("ArrowDown")
    expect(focused(page)).to_contain_text("churn")
    page.keyboard.press("Enter")
    assert commands() == [["kronkers:open-model", {"model": "churn"}]]
    page.keyboard.press("Tab")
    expect(focused(page)).to_have_attribute("aria-label", "Deploy churn")
    page.keyboard.press("Enter")
    assert commands()[1:] == [["kronkers:deploy", {"model": "churn"}]]


def test_a_thousand_models_are_walked_to_the_last_one(page: Page, lab: Lab):
    answering(page, "models", [model(f"model-{n:04}") for n in range(1_000)])
    panel = open_panel(page, lab)
    expect(panel.get_by_role("heading", name="Models 1,000")).to_be_visible()
    assert models_of(panel).locator("li").count() < 60
    models_of(panel).locator(".kr-Row").first.focus()
    page.keyboard.press("End")
    expect(focused(page)).to_contain_text("model-0999")
    expect(focused(page)).to_be_in_viewport()
    page.keyboard.press("PageUp")
    expect(focused(page)).to_contain_text("model-0989")
    show(page, "JupyterLab Light", "panel-thousand-light")


def test_states_are_told_in_words_with_reason_and_remedy(page: Page, lab: Lab):
    shown = [model("bike", aliases={"champion": 3, "challenger": 4, "shadow": 2}), model("a" * 63, health="bad")]
    answering(page, "models", [*shown, model("rejected-one", latest_state="rejected"), model("empty", **NO_VERSION)])
    answering(page, "deployments", [deployment(state) for state in STATES])
    panel = open_panel(page, lab)
    expect(panel).to_contain_text("does not answer · needs package splines")
    expect(panel).to_contain_text("no version yet")
    show(page, "JupyterLab Light", "panel-states-light")
    show(page, "JupyterLab Dark", "panel-states-dark")


@pytest.mark.parametrize(
    "name", ["<img src=x onerror='throw 1'>", "\u202eevil\u202d", "x" * 10_000], ids=["markup", "bidi", "long"]
)
def test_what_people_write_is_text_and_breaks_nothing(page: Page, lab: Lab, name: str):
    answering(page, "models", [model(name, title=name, owner=name), model("next", owner="ben")])
    answering(page, "deployments", [deployment("failed") | {"name": name, "reason": name, "remedy": name}])
    panel = open_panel(page, lab)
    expect(models_of(panel).locator(".kr-Name").filter(has_text=name[:20])).to_have_text(name)
    assert panel.locator("img").count() == 0
    assert page.evaluate("() => document.querySelector('#jupyter-kronkers-panel').scrollWidth") <= 400


def test_a_failing_server_is_told_with_what_to_do(page: Page, lab: Lab):
    refuse(page, 503, {"message": "m", "detail": "The data folder is busy.", "remedy": "Try again in a minute."})
    panel = open_panel(page, lab)
    expect(panel.get_by_role("alert").first).to_contain_text("The data folder is busy.")
    expect(panel.get_by_role("alert").first).to_contain_text("Try again in a minute.")
    show(page, "JupyterLab Dark", "panel-problem-dark")
    page.unroute_all()
    answering(page, "models", [model("back-again")])
    expect(panel).to_contain_text("back-again", timeout=3_000)
    expect(panel.get_by_role("alert")).to_have_count(0)


STATES = {
    "ready": ("", ""),
    "swapping": ("version 4 is loading", ""),
    "degraded": ("1 of 2 replicas answers", "look at the log"),
    "failed": ("needs package splines", "install splines"),
    "stopped": ("", ""),
}
NO_VERSION = {"language": None, "trained_at": None, "latest_number": None, "latest_state": None}


def refuse(page: Page, status: int, body: dict[str, str]) -> None:
    answer: Callable[[Route], None] = lambda route: route.fulfill(status=status, body=json.dumps(body))  # noqa: E731
    page.route("**/kronkers/api/v1/**", answer)


def heard(page: Page) -> Callable[[], list[Any]]:
    """What the panel asks of the rest of JupyterLab, noted instead of done."""
    page.evaluate(
        """() => {
            window.asked = [];
            jupyterapp.commands.execute = async (id, args) => void window.asked.push([id, args]);
        }"""
    )
    return lambda: page.evaluate("() => window.asked.filter(([id]) => id.startsWith('kronkers:'))")


def focused(page: Page) -> Locator:
    return page.locator(":focus")


def model(name: str, **change: Any) -> dict[str, Any]:
    known = {"name": name, "title": "", "description": "", "version_count": 4, "aliases": {}, "latest": None}
    trained = {"language": "r", "owner": "anna", "trained_at": "2026-03-03T12:00:00Z", "latest_number": 4}
    return (
        known | trained | {"latest_state": "ready", "health": "quiet", "health_words": "It is not deployed."} | change
    )


def deployment(state: str) -> dict[str, Any]:
    reason, remedy = STATES[state]
    wanted = {"name": f"rides-{state}", "model": "bike", "alias": "champion", "version": None, "note": ""}
    return wanted | {"follows": 3, "live": 3, "state": state, "reason": reason, "remedy": remedy, "canary_state": None}
