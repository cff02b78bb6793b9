"""What the panel shows stays true: by events, by a slow look, after a restart. A real JupyterLab and browser."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.ui.conftest import Lab, running_lab
from tests.ui.test_panel import REGISTER, kronkers, models_of, open_panel, panel_of

pytestmark = pytest.mark.slow

SOON_MS = 2_000
SLOWLY_MS = 15_000
EVENTS = "**/api/events/subscribe*"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1200, "height": 760})
    yield page
    page.close()


def test_a_change_is_seen_at_once(page: Page, lab: Lab):
    panel = open_panel(page, lab)
    register(lab, "by-event")
    expect(models_of(panel)).to_contain_text("by-event", timeout=SOON_MS)
    kronkers(lab, "models", "alias", "by-event", "champion", "1")
    expect(models_of(panel)).to_contain_text("champion 1", timeout=SOON_MS)


def test_without_events_it_is_seen_by_and_by(page: Page, lab: Lab):
    page.route_web_socket(EVENTS, lambda line: None)
    panel = open_panel(page, lab)
    register(lab, "by-looking")
    expect(models_of(panel)).to_contain_text("by-looking", timeout=SLOWLY_MS)


def test_what_was_missed_is_seen_when_the_line_is_back(page: Page, lab: Lab):
    lines: list[WebSocketRoute] = []
    page.route_web_socket(EVENTS, lambda line: lines.append(line))  # noqa: PLW0108 (it marks what it is given)
    panel = open_panel(page, lab)
    expect(panel).to_contain_text("Models")
    register(lab, "while-cut-off")
    # JupyterLab's own and ours.
    for line in list(lines):
        line.close()
    expect(models_of(panel)).to_contain_text("while-cut-off", timeout=SOON_MS + 500)


def test_a_server_that_was_restarted_is_followed_again(page: Page, tmp_path: Path):
    port, token = free_port(), "--IdentityProvider.token=again"
    with running_lab(tmp_path, port, token) as lab:
        panel = open_panel(page, lab)
        expect(panel).to_contain_text("No models yet")
    register(lab, "while-away")
    with running_lab(tmp_path, port, token) as lab:
        answers(lab)
        expect(models_of(panel_of(page))).to_contain_text("while-away", timeout=SOON_MS)
        register(lab, "afterwards")
        expect(models_of(panel_of(page))).to_contain_text("afterwards", timeout=SOON_MS)


def register(lab: Lab, name: str) -> None:
    program = REGISTER.replace("bike-demand", name)
    subprocess.run([sys.executable, "-c", program], env=lab.environment, check=True, capture_output=True)


def answers(lab: Lab, patience_s: float = 60.0) -> None:
    """Waits until the server tells its models to anyone."""
    until = time.monotonic() + patience_s
    asked = urllib.request.Request(f"{lab.url}kronkers/api/v1/models", headers={"Authorization": f"token {lab.token}"})
    while True:
        try:
            return urllib.request.urlopen(asked, timeout=5).close()
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
