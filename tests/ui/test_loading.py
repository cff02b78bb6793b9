"""What our part of JupyterLab costs those who start it, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.ui.conftest import Lab

pytestmark = pytest.mark.slow

ACTIVATION_MS = 5.0
LOADS = 3
AT_START_BYTES = 120_000
OURS = "jupyter-kronkers:"
MEASURES = "() => performance.getEntriesByType('measure').map(({ name, duration }) => [name, duration])"


def test_all_plugins_start_in_five_milliseconds(browser: Browser, lab: Lab):
    """Each at its best of a few loads: other programs use the machine too."""
    loads = [activations_ms(browser, lab) for _ in range(LOADS)]
    best = {name: min(load[name] for load in loads) for name in loads[0]}
    assert {f"{OURS}panel", f"{OURS}start"} <= set(best)
    assert sum(best.values()) <= ACTIVATION_MS, best


def test_nothing_is_asked_of_the_server_before_something_is_opened(browser: Browser, lab: Lab):
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda line: asked.append(line.url))
    opened(page, lab)
    page.close()
    assert [url for url in asked if "/kronkers/api/" in url] == []
    assert sum("/api/events/subscribe" in url for url in asked) <= 1, "JupyterLab's own line is enough"


def test_what_jupyterlab_waits_for_is_small(browser: Browser, lab: Lab):
    """JavaScript with the styles in it, nothing compressed. Pages and dialogs come when they are opened first."""
    page = browser.new_page()
    sizes: dict[str, int] = {}
    page.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}) if is_ours(answer.url) else None)
    opened(page, lab)
    page.close()
    assert 0 < sum(sizes.values()) <= AT_START_BYTES, sizes


def is_ours(url: str) -> bool:
    return "/extensions/jupyter-kronkers/static/" in url and ".js" in url


def activations_ms(browser: Browser, lab: Lab) -> dict[str, float]:
    page = browser.new_page()
    opened(page, lab)
    found = {name: ms for name, ms in page.evaluate(MEASURES) if name.startswith(OURS)}
    page.close()
    return found


def opened(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}lab?token={lab.token}&reset")
    page.locator(".jp-Launcher").wait_for()
    page.evaluate("async () => { await jupyterapp.restored }")
