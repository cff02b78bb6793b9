"""A model's page in a real JupyterLab: models that real notebooks of Python, R and Julia registered."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.ui import shelf
from tests.ui.conftest import SCREENSHOTS, Lab

pytestmark = pytest.mark.slow

BIKES = "bike-demand"
PAINTED_MS = 1_500
LONG_MS = 400
HOSTILE = {"markup": "<script>throw 1</script><img src=x>", "bidi": "\u202eevil\u2066 left", "long": "word " * 2_000}


@pytest.fixture(scope="module")
def shop(lab: Lab) -> Lab:
    """JupyterLab with bike-demand (four versions, one rejected, deployed) and a model each in R and Julia."""
    shelf.fill(lab)
    return lab


@pytest.fixture
def page(browser: Browser, lab: Lab) -> Iterator[Page]:
    """JupyterLab without its left side bar. Fails the test if the page threw anything."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.goto(f"{lab.url}lab?token={lab.token}&reset")
    ready(page)
    run(page, "application:toggle-left-area")
    yield page
    page.close()
    assert thrown == []


def ready(page: Page) -> None:
    page.locator("#jp-main-dock-panel").wait_for()
    page.wait_for_function("() => window.jupyterapp !== undefined")
    page.evaluate("() => jupyterapp.restored.then(() => undefined)")
    page.locator("#jupyterlab-splash").wait_for(state="detached")


def run(page: Page, command: str, **words: object) -> None:
    # `void`: a promise that gives back a widget cannot be handed over to Python.
    page.evaluate("([id, args]) => { void jupyterapp.commands.execute(id, args) }", [command, words])


def opened(page: Page, model: str = BIKES, tab: str = "", **words: object) -> Locator:
    """The model's page, once it stands."""
    run(page, "kronkers:open-model", model=model, **words)
    found = page.get_by_role("region", name=f"Model {model}", exact=True)
    found.get_by_role("heading", level=1).wait_for()
    if tab:
        found.get_by_role("tab", name=tab).click()
    return found


def show(page: Page, name: str) -> None:
    """A picture each in light and dark, for people to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    for theme in ("Light", "Dark"):
        run(page, "apputils:change-theme", theme=f"JupyterLab {theme}")
        page.wait_for_function(f"() => document.body.dataset.jpThemeName === 'JupyterLab {theme}'")
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        page.screenshot(path=SCREENSHOTS / f"model-{name}-{theme.lower()}.png")


def asked(lab: Lab, method: str, path: str, body: object = None) -> Any:
    """What the REST interface answers somebody else than the browser."""
    data = None if body is None else json.dumps(body).encode()
    head = {"Authorization": f"token {lab.token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{lab.url}kronkers/api/v1/{path}", data, head, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        content = answer.read()
    return json.loads(content) if content else None


def pointed(lab: Lab, alias: str, version: int, why: str = "") -> None:
    asked(lab, "PUT", f"models/{BIKES}/aliases/{alias}", {"version": version, "why": why})


def answering(page: Page, path: str, body: object, status: int = 200) -> None:
    """Lets the server's answer for one address be this; `path` is a pattern below the API."""
    text = json.dumps(body)

    def answer(route: Route) -> None:
        route.fulfill(status=status, body=text, content_type="application/json")

    page.route(re.compile(rf"/kronkers/api/v1/{path}(\?.*)?$"), answer)


# What each language registered


@pytest.mark.parametrize(
    ("model", "language", "kind", "code"),
    [
        (BIKES, "Python", "Pipeline", "HistGradientBoostingRegressor("),
        ("bike-demand-r", "R", "glm", "rush_hour <- function"),
        ("bike-demand-jl", "Julia", "HourlyRidge", "struct HourlyRidge"),
    ],
)
def test_a_version_shows_its_proof_its_lineage_and_its_notebook(page, shop, model, language, kind, code):
    found = opened(page, model, version=1)
    facts = found.get_by_role("region", name="Version 1")
    expect(facts).to_contain_text(kind)
    expect(facts).to_contain_text("A fresh process gave")
    expect(facts).to_contain_text("4,250 rows")
    expect(found.get_by_role("img", name=re.compile("^rmse"))).to_be_visible()
    found.get_by_role("tab", name="Lineage").click()
    picture = found.get_by_role("img", name=re.compile(r"^Data: 4,250 rows.*Notebook: train_.*ipynb, commit"))
    expect(picture).to_be_visible()
    expect(picture.locator("text", has_text=language).first).to_be_visible()
    if language != "Python":
        show(page, f"lineage-{language.lower()}")
    found.get_by_role("button", name="Open notebook").click()
    expect(found.get_by_role("list", name="Cells of the notebook")).to_contain_text(code)


def test_the_page_shows_who_what_and_where(page, shop):
    pointed(shop, "champion", 2)
    found = opened(page)
    head = found.locator("header")
    expect(head).to_contain_text("Python")
    expect(head).to_contain_text("4 versions")
    expect(head.locator(".kr-Served")).to_have_text(re.compile("rides.*answers with version 2"))
    table = found.get_by_role("table")
    expect(table.get_by_role("row")).to_have_count(5)
    expect(table.get_by_role("row").nth(1)).to_contain_text("rejected")
    show(page, "versions")
    found.get_by_role("tab", name="Lineage").click()
    expect(found.get_by_role("button", name="Open deployment rides")).to_be_visible()
    show(page, "lineage")
    found.get_by_role("tab", name="Notebook").click()
    expect(found.get_by_role("button", name="Restore")).to_be_visible()
    show(page, "notebook")


def test_a_rejected_version_says_why_and_cannot_be_deployed(page, shop):
    facts = opened(page, version=4).get_by_role("region", name="Version 4")
    expect(facts).to_contain_text("gives other answers")
    expect(facts).to_contain_text("fix the seed")
    expect(facts.get_by_role("button", name="Deploy")).to_have_count(0)
    show(page, "rejected")


def test_versions_are_sorted_and_chosen_by_keyboard(page, shop):
    found = opened(page, version=1)
    numbers = found.get_by_role("table").get_by_role("button", name=re.compile("^Version \\d"))
    expect(numbers).to_have_text(["4", "3", "2", "1"])
    found.get_by_role("button", name="rmse").focus()
    page.keyboard.press("Enter")
    expect(numbers.first).to_have_text("4")
    page.keyboard.press("Enter")
    expect(numbers).to_have_text(["1", "3", "2", "4"])
    expect(found.get_by_role("columnheader", name="rmse")).to_have_attribute("aria-sort", "ascending")
    numbers.nth(1).focus()
    page.keyboard.press("Space")
    expect(found.get_by_role("region", name="Version 3")).to_contain_text("A straight line")
    found.get_by_role("tab", name="Versions").focus()
    page.keyboard.press("ArrowRight")
    expect(found.get_by_role("tab", name="Differences")).to_be_focused()
    page.keyboard.press("End")
    expect(found.get_by_role("list", name="Cells of the notebook")).to_be_visible()


# What differs


def test_what_differs_is_told_group_by_group(page, shop):
    run(page, "kronkers:compare", model=BIKES, before=1, after=2)
    found = opened(page)
    metrics = found.get_by_role("region", name="Metrics").get_by_role("row")
    expect(metrics.filter(has_text="rmse")).to_contain_text(re.compile(r"\d higher|\d lower|%\) (higher|lower)"))
    expect(found.get_by_role("region", name="Parameters")).to_contain_text("max_iter")
    code = found.get_by_role("region", name="Code", exact=True)
    expect(code.locator("ins")).to_contain_text("random_state=0, max_iter=40")
    expect(code.locator("del")).to_contain_text("random_state=0)")
    expect(code.locator(".kr-added")).to_contain_text("+")
    show(page, "differences")
    found.get_by_role("button", name="Swap before and after").click()
    expect(code.locator("del")).to_contain_text("max_iter=40")
    found.get_by_role("combobox", name="Before").select_option("3")
    expect(found.get_by_role("region", name="Data")).to_contain_text("4,250")
    expect(found.get_by_role("region", name="Signature")).to_contain_text("weekday (input)")


def test_versions_that_are_alike_are_said_to_be(page, shop):
    nothing = {name: [] for name in ("about", "metrics", "params", "environment", "packages", "data", "signature")}
    answering(page, f"models/{BIKES}/versions/1/diff/2", {"before": 1, "after": 2, "code": []} | nothing)
    found = opened(page, before=1, after=2)
    expect(found).to_contain_text("Nothing differs")
    found.get_by_role("combobox", name="After").select_option("1")
    expect(found).to_contain_text("does not differ from itself")


# Aliases


def test_an_alias_is_set_by_keyboard_and_says_what_will_change(page, shop):
    pointed(shop, "champion", 2)
    found = opened(page, version=3)
    found.get_by_role("button", name="Set alias").first.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("combobox", name="Alias")).to_be_focused()
    expect(dialog.get_by_role("status")).to_contain_text("rides follows champion and changes over")
    show(page, "set-alias")
    dialog.get_by_role("combobox", name="Alias").fill("shadow-test")
    expect(dialog.get_by_role("status")).to_contain_text("No deployment follows shadow-test")
    dialog.get_by_label("Why").fill("to see how it does")
    page.keyboard.press("Enter")
    expect(found.locator("header")).to_contain_text("shadow-test 3")
    found.get_by_role("tab", name="History").click()
    expect(found.get_by_role("row").nth(1)).to_contain_text("to see how it does")
    asked(shop, "DELETE", f"models/{BIKES}/aliases/shadow-test")
    expect(found.get_by_role("row").nth(1)).to_contain_text("none", timeout=5_000)


def test_an_alias_is_put_back_where_it_was(page, shop):
    pointed(shop, "champion", 1)
    pointed(shop, "champion", 2, "a mistake")
    found = opened(page, tab="History")
    show(page, "history")
    found.get_by_role("row", name=re.compile("a mistake")).first.get_by_role("button", name="Put it back").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("champion named version 1")
    expect(dialog.get_by_role("status")).to_contain_text("to version 1 without losing a request")
    dialog.get_by_role("button", name="Put it back").click()
    expect(found.locator("header")).to_contain_text("champion 1")
    assert asked(shop, "GET", f"models/{BIKES}/aliases/champion")["number"] == 1


def test_who_was_faster_is_not_overwritten(page, shop):
    pointed(shop, "champion", 1)
    found = opened(page, version=3)
    found.get_by_role("button", name="Set alias").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("champion names version 1 now")
    pointed(shop, "champion", 2)
    dialog.get_by_role("button", name="Set alias").click()
    expect(page.get_by_role("alert").filter(has_text="Somebody moved champion")).to_be_visible()
    expect(dialog).to_contain_text("champion names version 2 now")
    assert asked(shop, "GET", f"models/{BIKES}/aliases/champion")["number"] == 2
    dialog.get_by_role("button", name="Cancel").click()


# Title and description


def test_title_and_description_are_written_and_kept(page, shop):
    found = opened(page, "bike-demand-r")
    found.get_by_role("button", name="Say what it is for").click()
    found.get_by_role("textbox", name="Title").fill("Bicycles in R")
    found.get_by_role("textbox", name="Description").fill("Rentals of one hour.\nNot for 29 February.")
    found.get_by_role("button", name="Save").click()
    expect(found.get_by_role("heading", level=1)).to_have_text("Bicycles in R")
    expect(found.locator("header")).to_contain_text("Not for 29 February.")
    expect(found.get_by_role("button", name="Edit title and description")).to_be_focused()
    assert asked(shop, "GET", "models/bike-demand-r")["title"] == "Bicycles in R"


def test_words_that_somebody_else_changed_meanwhile_are_shown(page, shop):
    found = opened(page, "bike-demand-jl")
    found.get_by_role("button", name="Say what it is for").click()
    found.get_by_role("textbox", name="Description").fill("mine")
    asked(shop, "PATCH", "models/bike-demand-jl", {"description": "theirs"})
    found.get_by_role("button", name="Save").click()
    expect(found.get_by_role("alert")).to_contain_text("Somebody changed")
    expect(found.locator("form")).to_contain_text("theirs")
    expect(found.get_by_role("textbox", name="Description")).to_have_value("mine")
    show(page, "conflict")
    found.get_by_role("button", name="Save").click()
    expect(found.locator("form")).to_have_count(0)
    assert asked(shop, "GET", "models/bike-demand-jl")["description"] == "mine"
    asked(shop, "PATCH", "models/bike-demand-jl", {"description": ""})


# The notebook as it was


def test_restore_writes_a_copy_beside_the_others_and_overwrites_nothing(page, shop):
    folder = shelf.workshop(shop)
    before = (folder / "train_python.ipynb").read_bytes()
    found = opened(page, version=1, tab="Notebook")
    for name in ("train_python (version 1).ipynb", "train_python (version 1, 2).ipynb"):
        run(page, "kronkers:open-model", model=BIKES)
        found.get_by_role("button", name="Restore").click()
        page.get_by_role("tab", name=name).wait_for()
        cells = json.loads((folder / name).read_text())["cells"]
        assert not any("max_iter" in "".join(cell["source"]) for cell in cells)
        (folder / name).chmod(0o644)
    assert (folder / "train_python.ipynb").read_bytes() == before
    for copy in folder.glob("*(version 1*).ipynb"):
        copy.unlink()


# Live


def test_what_others_do_is_shown_without_a_press(page, shop):
    pointed(shop, "champion", 1)
    found = opened(page)
    expect(found.locator("header")).to_contain_text("champion 1")
    pointed(shop, "champion", 2)
    expect(found.locator("header")).to_contain_text("champion 2", timeout=2_000)


def test_the_page_is_there_again_after_a_reload(page, shop):
    found = opened(page)
    with page.expect_request(lambda request: '"tab":"lineage"' in (request.post_data or "")) as kept:
        found.get_by_role("tab", name="Lineage").click()
    kept.value.response()
    page.goto(f"{shop.url}lab")
    ready(page)
    expect(found.get_by_role("tab", name="Lineage")).to_have_attribute("aria-selected", "true", timeout=20_000)
    expect(found.get_by_role("img", name=re.compile("^Data: "))).to_be_visible()


# Every state


def test_a_model_without_versions_says_how_to_register(page, shop):
    answering(page, "models/new", model("new", version_count=0, latest=None))
    empty(page, "new")
    found = opened(page, "new")
    expect(found).to_contain_text('kronkers.register(model, "new"')
    show(page, "empty")


def test_an_archived_model_says_so(page, shop):
    answering(page, "models/old", model("old", archived_at="2026-03-03T12:00:00Z"))
    empty(page, "old")
    expect(opened(page, "old")).to_contain_text("Archived on 3 Mar 2026")


def test_a_model_that_is_not_there_says_so(page, shop):
    run(page, "kronkers:open-model", model="never-was")
    found = page.get_by_role("region", name="Model never-was")
    expect(found.get_by_role("alert")).to_contain_text("never-was")
    expect(found.get_by_role("button", name="Try again")).to_be_visible()


def test_a_server_that_fails_leaves_what_was_seen_and_is_forgotten_once_it_answers(page, shop):
    found = opened(page)
    refusal = {"message": "m", "detail": "The data folder is busy.", "remedy": "Try again in a minute."}
    answering(page, f"models/{BIKES}", refusal, 503)
    pointed(shop, "champion", 1)
    expect(found.get_by_role("alert")).to_contain_text("The data folder is busy.", timeout=15_000)
    expect(found.get_by_role("alert")).to_contain_text("Try again in a minute.")
    expect(found.get_by_role("table")).to_be_visible()
    show(page, "problem")
    page.unroute_all()
    found.get_by_role("button", name="Try again").click()
    expect(found.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_what_people_write_is_text_and_breaks_nothing(page, shop, words):
    one = asked(shop, "GET", f"models/{BIKES}/versions/2")
    said = {"note": words, "created_by": words, "class": words, "reason": words, "remedy": words, "state": "rejected"}
    params, metrics = {words: words}, {words: 1.5, "rmse": 2.0}
    first = one | said | {"number": 1, "params": params, "metrics": metrics, "warnings": [words], "target": [words]}
    second = first | {"number": 2, "id": "second", "git": {"commit": words, "branch": words, "dirty": True}}
    answering(page, "models/bad", model("bad", title=words[:200], description=words, owner=words, version_count=2))
    move = {"seq": 1, "model": "bad", "alias": "champion", "before": 1, "after": 2, "at": "2026-03-03T12:00:00Z"}
    empty(page, "bad", versions=[second, first], history=[move | {"by": words, "why": words, "origin": "outside"}])
    change = [{"name": words, "before": words, "after": None}]
    told = dict.fromkeys(("about", "params", "environment", "packages", "data", "signature"), change)
    lines = ["--- a", "+++ b", "@@ -1 +1 @@", f"-{words}", f"+{words}"]
    answering(page, "models/bad/versions/1/diff/2", told | {"metrics": [], "code": lines, "before": 1, "after": 2})
    cells = [{"cell_type": kind, "source": words} for kind in ("markdown", "code", "raw")]
    answering(page, r"models/bad/versions/\d/notebook", {"name": words, "content": {"cells": cells}, "digest": ""})
    found = opened(page, "bad")
    for tab in ("Versions", "Differences", "Lineage", "History", "Notebook"):
        found.get_by_role("tab", name=tab).click()
        expect(found).to_contain_text(words[:30])
        assert found.locator("script, img[src]").count() == 0
        assert overflow_px(page) <= 1
        if tab in ("Versions", "Differences") and words == HOSTILE["long"]:
            show(page, f"long-{tab.lower()}")


@pytest.mark.parametrize("width", [250, 1600])
def test_it_fits_a_narrow_and_a_wide_tab(page, shop, width):
    page.set_viewport_size({"width": width + 90, "height": 800})
    found = opened(page)
    for tab in ("Versions", "Differences", "Lineage", "History", "Notebook"):
        found.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(100)
        assert overflow_px(page) <= 1
    found.get_by_role("tab", name="Versions").click()
    show(page, f"versions-{width}")


def test_a_thousand_versions_open_and_scroll_smoothly(page, shop):
    shelf.fill_many(shop, "many", 1_000)
    times = [opened_and_scrolled(page) for _ in range(3)]
    painted_ms, longest_ms = (min(column) for column in zip(*times, strict=True))
    print(f"1,000 versions: painted in {painted_ms:.0f} ms, longest frame of a scroll {longest_ms:.0f} ms")
    assert painted_ms < PAINTED_MS
    assert longest_ms < LONG_MS
    show(page, "thousand")


def opened_and_scrolled(page: Page) -> tuple[float, float]:
    """Milliseconds from the command to the first rows, and of the longest frame while all of them are scrolled by."""
    page.evaluate("() => { jupyterapp.shell.currentWidget?.close(); window.began = performance.now() }")
    found = opened(page, "many")
    found.get_by_role("button", name="Version 1000").wait_for()
    painted_ms = page.evaluate("() => performance.now() - window.began")
    expect(found.get_by_role("table")).to_have_attribute("aria-rowcount", "1001")
    assert found.locator("tbody tr").count() < 80
    longest_ms = page.evaluate(SCROLL)
    found.get_by_role("button", name="Version 1", exact=True).wait_for()
    expect(found.get_by_role("button", name="Version 14", exact=True)).to_be_in_viewport()
    return painted_ms, longest_ms


# Scrolls from the first to the last version in sixty steps; gives the longest time from one frame to the next.
SCROLL = """
async () => {
  const frame = document.querySelector('.kr-VersionsFrame');
  let longest = 0, last = performance.now();
  for (let step = 1; step <= 60; step++) {
    frame.scrollTop = frame.scrollHeight * step / 60;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  await new Promise(requestAnimationFrame);
  return longest;
}
"""


def overflow_px(page: Page) -> int:
    """How much wider the page's content is than the page."""
    found = page.evaluate("() => (it => it.scrollWidth - it.clientWidth)(document.querySelector('.kr-Model'))")
    return int(found)


def empty(page: Page, name: str, **lists: list[dict[str, Any]]) -> None:
    """A model of which the server lists nothing but this."""
    for noun in ("versions", "history", "aliases"):
        answering(page, f"models/{name}/{noun}", {"items": lists.get(noun, []), "cursor": None})


def model(name: str, **change: Any) -> dict[str, Any]:
    known = {"name": name, "title": "", "description": "", "version_count": 1, "aliases": {}, "latest": None}
    made = {"created_at": "2026-03-01T12:00:00Z", "created_by": "anna", "owner": "anna", "archived_at": None}
    return known | made | {"revision": 1, "health": "quiet", "health_words": ""} | change
