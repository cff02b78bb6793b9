"""The page of a deployment in a browser: a person without a program gets a prediction."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from jupyter_kronkers.store import Folders
from tests.serving.artifacts import Makes
from tests.serving.bikes import BIKES, recipe
from tests.serving.conftest import SECRET, Gateway

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="krk", ignore_cleanup_errors=True) as folder:
        makes = Makes(Folders(Path(folder) / "data").prepare())
        gateway = Gateway(makes.folders, Path(folder))
        gateway.start()
        gateway.serve("bikes", makes.python("bikes", 3, {}, BIKES, recipe()))
        yield f"http://127.0.0.1:{gateway.port}/bikes/docs"
        gateway.stop()
        gateway.socket.close()


@pytest.fixture
def page(browser, address: str) -> Iterator[Page]:
    """The page, opened by a browser that was asked for the token."""
    context = browser.new_context(http_credentials={"username": "me", "password": SECRET})
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def test_the_example_is_predicted_by_one_press(page):
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#answer")).to_contain_text('"count": 3.9')
    expect(page.get_by_role("status")).to_have_text("Answered by bikes/3")


def test_other_values_and_a_typed_token_are_sent_as_they_are(page):
    page.get_by_label("hr").fill("12")
    page.get_by_label("season").fill("summer")
    page.get_by_label("Token").fill(SECRET)
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#answer")).to_contain_text('"count": 1205.9')


def test_what_does_not_fit_is_told_beside_the_form(page):
    page.get_by_label("hr").fill("12345678901234567890")
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_role("status")).to_contain_text("out of range")
    page.get_by_label("hr").fill("noon")
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_role("status")).to_have_text("hr must be a number.")


def test_the_calls_name_this_gateway(page, address):
    expect(page.locator("pre").filter(has_text="curl").first).to_contain_text(address.replace("docs", "invocations"))
