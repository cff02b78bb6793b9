"""*Deploy* in a real JupyterLab: from a version to an address that answers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.ui.conftest import Lab
from tests.ui.test_register import ask, both_themes, show

pytestmark = pytest.mark.slow

UP_MS = 90_000
REGISTER = """
import sys, pandas, jupyter_kronkers as kronkers
from sklearn.linear_model import LinearRegression
data = pandas.DataFrame({"temp": [0.1, 0.5, 0.9], "hum": [0.3, 0.6, 0.4]})
for slope in (100.0, 110.0):
    model = LinearRegression().fit(data, slope * data["temp"])
    kronkers.register(model, sys.argv[1], data=data)
"""


@pytest.fixture
def page(browser: Browser, lab: Lab) -> Iterator[Page]:
    """JupyterLab. Fails the test if the page threw anything."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.goto(f"{lab.url}lab?token={lab.token}&reset")
    page.wait_for_function("() => window.jupyterapp !== undefined")
    page.evaluate("() => jupyterapp.restored.then(() => true)")
    yield page
    page.close()
    assert thrown == []


def registered(lab: Lab, model: str) -> None:
    """Two versions of a model."""
    command = [sys.executable, "-c", REGISTER, model]
    subprocess.run(command, env=lab.environment, check=True, capture_output=True)


def deploy(page: Page, model: str, version: int) -> Locator:
    args = json.dumps({"model": model, "version": version})
    page.evaluate(f"() => {{ void jupyterapp.commands.execute('kronkers:deploy', {args}) }}")
    dialog = page.get_by_role("dialog", name=f"Deploy {model}")
    dialog.get_by_role("group", name="What it serves").wait_for()
    return dialog


def read(page: Page, path: str) -> Any:
    return page.evaluate(
        """async path => {
            const { serverSettings } = jupyterapp.serviceManager;
            const headers = { Authorization: `token ${serverSettings.token}` };
            return (await fetch(`${serverSettings.baseUrl}kronkers/api/v1/${path}`, { headers })).json();
        }""",
        path,
    )


def test_a_version_gets_an_address_and_a_second_takes_over(page: Page, lab: Lab) -> None:
    registered(lab, "rides")
    dialog = deploy(page, "rides", 1)
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("rides")
    will = dialog.get_by_role("region", name="What will happen")
    expect(will).to_contain_text("champion will be version 1 of rides.")
    expect(will).to_contain_text("rides starts with version 1 in one process.")
    both_themes(page, "deploy-new")
    dialog.get_by_role("button", name="Deploy", exact=True).click()
    expect(dialog.get_by_role("heading", level=2)).to_contain_text("rides answers with version 1", timeout=UP_MS)
    expect(dialog).to_contain_text("/rides")
    both_themes(page, "deployed")
    dialog.get_by_role("button", name="Close", exact=True).last.click()
    expect(dialog).to_have_count(0)

    dialog = deploy(page, "rides", 2)
    expect(dialog.get_by_role("radio").first).to_be_checked()
    will = dialog.get_by_role("region", name="What will happen")
    expect(will).to_contain_text("champion moves from version 1 to version 2 of rides.")
    expect(will).to_contain_text("No request fails.")
    show(page, "JupyterLab Light", "deploy-move-light")
    dialog.get_by_label("Why").fill("better in winter")
    dialog.get_by_role("button", name="Deploy", exact=True).click()
    expect(dialog.get_by_role("heading", level=2)).to_contain_text("rides answers with version 2", timeout=UP_MS)
    assert read(page, "models/rides/history?limit=1")["items"][0]["why"] == "better in winter"
    assert read(page, "deployments/rides")["live"] == 2


def test_a_part_of_the_requests_goes_to_the_new_version_first(page: Page, lab: Lab) -> None:
    registered(lab, "parts")
    ask(page, "models/parts/aliases/champion", "PUT", {"version": 1})
    ask(page, "deployments", "POST", {"name": "parts", "model": "parts"})

    wait_until_it_answers(page, "parts")
    dialog = deploy(page, "parts", 2)
    dialog.get_by_role("radio", name="A part first (canary)").check()
    dialog.get_by_label("Percent of the requests").fill("25")
    expect(dialog.get_by_role("region", name="What will happen")).to_contain_text(
        "25 % of the requests to parts go to version 2, the others to version 1."
    )
    show(page, "JupyterLab Dark", "deploy-canary-dark")
    dialog.get_by_role("button", name="Send 25 % to version 2").click()
    expect(dialog.get_by_role("heading", level=2)).to_contain_text("25 % of the requests", timeout=UP_MS)
    assert read(page, "models/parts")["aliases"] == {"champion": 1}


def wait_until_it_answers(page: Page, name: str) -> None:
    until = time.monotonic() + UP_MS / 1000
    while read(page, f"deployments/{name}")["live"] is None:
        assert time.monotonic() < until, read(page, f"deployments/{name}")
        time.sleep(0.3)


def test_a_name_that_is_taken_and_an_alias_that_is_not_set_are_said_before_anything_is_done(
    page: Page, lab: Lab
) -> None:
    registered(lab, "careful")
    ask(page, "models/careful/aliases/champion", "PUT", {"version": 1})
    ask(page, "deployments", "POST", {"name": "taken", "model": "careful"})
    dialog = deploy(page, "careful", 2)
    dialog.get_by_role("checkbox", name="Set champion to version 2").uncheck()
    expect(dialog.get_by_role("alert")).to_contain_text("Without this, version 1 goes on answering.")
    expect(dialog.get_by_role("button", name="Deploy", exact=True)).to_be_disabled()
    dialog.get_by_role("radio", name="A new one").check()
    dialog.get_by_label("Name", exact=True).fill("taken")
    expect(dialog).to_contain_text("taken is there already; it serves careful.")
    dialog.get_by_label("Name", exact=True).fill("Not Right")
    expect(dialog).to_contain_text("“N” cannot be in it")


def test_a_refusal_is_shown_and_what_was_typed_stays(page: Page, lab: Lab) -> None:
    registered(lab, "refused")
    body = {"detail": "You may not deploy.", "remedy": "Ask an approver.", "code": "denied"}
    refusal = json.dumps(body)
    page.route("**/models/refused/aliases/*", lambda route: route.fulfill(status=403, body=refusal))
    dialog = deploy(page, "refused", 1)
    dialog.get_by_label("Why").fill("for the app")
    dialog.get_by_label("Replicas").fill("2")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("Ask an approver.")
    expect(dialog.get_by_label("Why")).to_have_value("for the app")
    expect(dialog.get_by_label("Replicas")).to_have_value("2")


def test_a_model_that_is_not_there_is_said(page: Page) -> None:
    page.evaluate("() => { void jupyterapp.commands.execute('kronkers:deploy', { model: 'nobody', version: 1 }) }")
    dialog = page.get_by_role("dialog", name="Deploy nobody")
    expect(dialog.get_by_role("alert")).to_contain_text("nobody")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
