"""What our part of JupyterLab costs those who start it, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.ui.conftest import Lab

pytestmark = pytest.mark.slow

ACTIVATION_MS = 5.0
LOADS = 3
OURS = "jupyter-kronkers:"
MEASURES = "() => performance.getEntriesByType('measure').map(({ name, duration }) => [name, duration])"


def test_all_plugins_start_in_five_milliseconds(browser: Browser, lab: Lab):
    """The best of a few loads: other programs use the machine too."""
    assert min(activation_ms(browser, lab) for _ in range(LOADS)) <= ACTIVATION_MS


def test_nothing_is_asked_of_the_server_before_something_is_opened(browser: Browser, lab: Lab):
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda line: asked.append(line.url))
    opened(page, lab)
    page.close()
    assert [url for url in asked if "/kronkers/api/" in url] == []
    assert sum("/api/events/subscribe" in url for url in asked) <= 1, "JupyterLab's own line is enough"


def activation_ms(browser: Browser, lab: Lab) -> float:
    page = browser.new_page()
    opened(page, lab)
    found = {name: ms for name, ms in page.evaluate(MEASURES) if name.startswith(OURS)}
    page.close()
    assert {f"{OURS}panel", f"{OURS}start"} <= set(found)
    print(found)
    return sum(found.values())


def opened(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}lab?token={lab.token}&reset")
    page.locator(".jp-Launcher").wait_for()
    page.evaluate("async () => { await jupyterapp.restored }")
