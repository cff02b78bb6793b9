"""The page of a deployment in a real JupyterLab: deployments of real Python, R and Julia models, in a real browser."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.serving.calls import PROGRAMS, STAND_IN, runs
from tests.ui.conftest import SCREENSHOTS, Lab
from tests.ui.shelf import ask, kronkers, train

pytestmark = pytest.mark.slow

# Others use the machine too; a fact that comes later is as true.
expect.set_options(timeout=30_000)

# Three versions that differ by what they start from. Names and texts are such as nobody should trust.
REGISTER = """
import sys
import numpy, pandas
import jupyter_kronkers as kronkers

place = numpy.arange(40)
data = pandas.DataFrame({
    "hr": place % 24,
    "temp": numpy.where(place % 7 == 6, numpy.nan, 0.25),
    "weather": pandas.Categorical(["clear", "mist", "<img src=x onerror='throw 1'>", "rain \\u202egnilaes"] * 10),
    "holiday": place % 2 == 0,
    "note": ["plain", "<script>throw 1</script>"] * 20,
})


def predict(model, data):
    print("asked for", len(data), "rows", flush=True)
    if (data["hr"] > 1000).any():
        raise ValueError("hr is beyond <b>what</b> I know")
    return (model["base"] + data["hr"] * 2.0 + data["temp"].fillna(0)).to_numpy()


for base in (10.0, 12.0, 14.0):
    kronkers.register({"base": base}, "rides-model", data=data, predict=predict)
"""
LANGUAGES = {"rides": "Python", "rides-r": "R", "rides-jl": "Julia"}


@pytest.fixture(scope="module")
def served(lab: Lab) -> Lab:
    """JupyterLab with one deployment in each language: rides, rides-r, rides-jl."""
    script = Path(lab.environment["KRONKERS_DATA_DIR"]).parent / "register.py"
    script.write_text(REGISTER)
    subprocess.run([sys.executable, str(script)], env=lab.environment, check=True, capture_output=True)
    kronkers(lab, "models", "alias", "rides-model", "champion", 1)
    kronkers(lab, "models", "alias", "rides-model", "champion", 2, "--why", "fewer trees are enough")
    kronkers(lab, "models", "alias", "rides-model", "challenger", 3)
    kronkers(lab, "deployments", "create", "rides", "rides-model", "--wait", 90)
    for language, short in (("r", "r"), ("julia", "jl")):
        train(lab, language)
        model = f"bike-demand-{short}"
        kronkers(lab, "models", "alias", model, "champion", 1)
        kronkers(lab, "deployments", "create", f"rides-{short}", model, "--wait", 90)
    return lab


@pytest.fixture
def page(browser: Browser, lab: Lab) -> Iterator[Page]:
    """JupyterLab. Fails the test if the page threw anything."""
    allowed = ["clipboard-read", "clipboard-write"]
    page = browser.new_page(viewport={"width": 1400, "height": 900}, permissions=allowed)
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    yield page
    page.close()
    assert thrown == []


def start(page: Page, lab: Lab, *, reset: bool = True) -> None:
    page.goto(f"{lab.url}lab?token={lab.token}{'&reset' if reset else ''}")
    page.wait_for_function("() => window.jupyterapp !== undefined")
    page.evaluate("() => { void jupyterapp.restored.then(() => { window.isRestored = true }) }")
    page.wait_for_function("() => window.isRestored === true")
    page.locator("#jupyterlab-splash").wait_for(state="detached")


def run(page: Page, command: str, **args: Any) -> None:
    # `void`: a promise that gives back a widget cannot be handed over to Python.
    words = f"'{command}', {json.dumps(args)}"
    page.evaluate(f"() => {{ void jupyterapp.commands.execute({words}) }}")


def opened(page: Page, lab: Lab, name: str = "rides", tab: str = "overview") -> Locator:
    start(page, lab)
    run(page, "kronkers:open-deployment", deployment=name, tab=tab)
    return shown(page, name)


def shown(page: Page, name: str = "rides") -> Locator:
    found = page.get_by_role("region", name=f"Deployment {name}", exact=True)
    found.wait_for()
    return found


def part(found: Locator, name: str) -> Locator:
    return found.get_by_role("region", name=name, exact=True)


def picture(page: Page, name: str) -> None:
    """One light and one dark, for people to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    for theme in ("Light", "Dark"):
        run(page, "apputils:change-theme", theme=f"JupyterLab {theme}")
        page.wait_for_function(f"() => document.body.dataset.jpThemeName === 'JupyterLab {theme}'")
        page.wait_for_timeout(300)  # the theme's stylesheet is being applied
        page.screenshot(path=SCREENSHOTS / f"{name}-{theme.lower()}.png")
    run(page, "apputils:change-theme", theme="JupyterLab Light")


def copied(page: Page) -> str:
    return str(page.evaluate("() => navigator.clipboard.readText()"))


def answering(page: Page, path: str, body: object, status: int = 200) -> None:
    """Lets the server's answer for one path below the API be this."""
    answer: Callable[[Route], None] = lambda route: route.fulfill(  # noqa: E731
        status=status, body=json.dumps(body), content_type="application/json"
    )
    page.route(re.compile(rf"/kronkers/api/v1/{path}(\?.*)?$"), answer)


def told(lab: Lab, name: str = "rides") -> dict[str, Any]:
    found = ask(lab, "deployments", "show", name)
    assert isinstance(found, dict)
    return dict(found.get("deployment", found))


def secret_for(lab: Lab, name: str) -> str:
    found = ask(lab, "tokens", "create", "test", "--deployment", name)
    assert isinstance(found, dict)
    return str(found["secret"])


@contextmanager
def callers(lab: Lab, name: str) -> Iterator[list[int]]:
    """Somebody asks all the time; gives the statuses that came back."""
    url, secret = told(lab, name)["url"], secret_for(lab, name)
    row = {"hr": 3, "temp": 0.5, "weather": "clear", "holiday": True, "note": "x"}
    heads = {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"}
    statuses: list[int] = []
    end = threading.Event()

    def call() -> None:
        while not end.wait(0.05):
            row["hr"] = 5000 if len(statuses) % 20 == 19 else len(statuses) % 24
            body = json.dumps({"dataframe_records": [row]}).encode()
            try:
                with urllib.request.urlopen(urllib.request.Request(url, body, heads), timeout=30) as answer:
                    statuses.append(answer.status)
            except urllib.error.HTTPError as refused:
                statuses.append(refused.code)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    try:
        yield statuses
    finally:
        end.set()
        thread.join(30)


# The page


def test_the_page_says_how_it_is_what_it_serves_and_where(page: Page, served: Lab):
    found = opened(page, served)
    expect(found.get_by_role("heading", name="rides", exact=True)).to_be_visible()
    expect(found.locator(".kr-Standing")).to_contain_text(
        "answers with version 2 of rides-model. It follows the alias champion"
    )
    found.get_by_role("button", name="Copy address").click()
    expect(found.get_by_role("button", name="Copied")).to_be_visible()
    assert copied(page) == told(served)["url"]
    row = part(found, "Replicas").get_by_role("row").nth(1)
    for words in ("2", "live", "MB"):
        expect(row).to_contain_text(words)
    expect(row).to_contain_text(re.compile("just now| ago"))


def test_page_and_tab_are_there_again_after_a_reload(page: Page, served: Lab):
    found = opened(page, served)
    found.get_by_role("tab", name="History").click()
    expect(found.get_by_role("cell", name="deployed the champion of rides-model")).to_be_visible()
    page.wait_for_timeout(1500)  # JupyterLab saves its layout at most once a second
    start(page, served, reset=False)
    expect(shown(page).get_by_role("tab", name="History")).to_have_attribute("aria-selected", "true")


def test_tabs_are_reached_by_the_keyboard(page: Page, served: Lab):
    found = opened(page, served)
    found.get_by_role("tab", name="Overview").focus()
    page.keyboard.press("ArrowRight")
    expect(found.get_by_role("tab", name="Try it")).to_be_focused()
    expect(found.get_by_role("button", name="Predict")).to_be_visible()
    page.keyboard.press("End")
    expect(found.get_by_role("tab", name="History")).to_be_focused()


# Traffic, canary, shadow


def test_canary_and_stable_move_side_by_side_and_nothing_is_asked_out_of_sight(page: Page, served: Lab):
    found = opened(page, served)
    canary = part(found, "Canary")
    canary.get_by_text("Start a canary").click()
    canary.get_by_label("Version or alias").select_option("the alias challenger, now version 3")
    slider = canary.get_by_label("Percent of the requests")
    slider.focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    expect(canary.get_by_role("spinbutton")).to_have_value("30")
    canary.get_by_role("button", name="Give challenger 30 %").click()
    expect(canary.get_by_text("Version 3 answers 30 % of the requests")).to_be_visible(timeout=60_000)
    with callers(served, "rides") as statuses:
        both = [found.get_by_role("article", name=f"Traffic of version {n}") for n in ("2, stable", "3, canary")]
        for card, role in zip(both, ("stable, 70 %", "canary, 30 %"), strict=True):
            expect(card).to_contain_text(role)
            rate = card.get_by_role("img").first
            expect(rate).to_have_attribute("aria-label", re.compile(r"[1-9][0-9.]* requests per second now"))
            before = card.locator("path.kr-line").first.get_attribute("d") or ""
            expect(card.locator("path.kr-line").first).not_to_have_attribute("d", before)
            expect(card.get_by_role("img").nth(2)).to_have_attribute("aria-label", re.compile("requests failed"))
        page.wait_for_timeout(8_000)
        picture(page, "deployment-traffic")
        asked: list[str] = []
        found.get_by_role("tab", name="History").click()
        page.on("request", lambda request: asked.append(request.url) if "/traffic" in request.url else None)
        page.wait_for_timeout(5_000)
        assert asked == []
    assert set(statuses) <= {200, 502}
    assert 502 in statuses


def test_a_share_is_changed_by_number_and_the_canary_is_promoted_with_a_reason(page: Page, served: Lab):
    found = opened(page, served)
    canary = part(found, "Canary")
    canary.get_by_role("spinbutton").fill("50")
    canary.get_by_role("button", name="Give it 50 %").click()
    expect(canary.get_by_role("button", name="It gets 50 %")).to_be_disabled()
    assert told(served)["percent"] == 50
    canary.get_by_role("button", name="Promote…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("goes from version 2 of rides-model to version 3 for all requests")
    expect(dialog).to_contain_text("The alias champion moves to version 3")
    dialog.get_by_label("Why").fill("better on <b>Mondays</b>")
    dialog.get_by_role("button", name="Promote version 3").click()
    expect(found.locator(".kr-Standing")).to_contain_text("version 3 of rides-model", timeout=60_000)
    expect(canary.get_by_text("Start a canary")).to_be_visible()
    found.get_by_role("tab", name="History").click()
    newest = found.get_by_role("row").nth(1)
    expect(newest).to_contain_text("made the canary live: version 2 → 3")
    expect(newest).to_contain_text("better on <b>Mondays</b>")


def test_a_shadow_tells_how_often_it_answers_otherwise(page: Page, served: Lab):
    found = opened(page, served)
    shadow = part(found, "Shadow")
    shadow.get_by_text("Start a shadow").click()
    shadow.get_by_label("Version or alias").select_option("version 1")
    shadow.get_by_role("button", name="Start a shadow").click()
    expect(shadow.get_by_text("has had no request to compare yet")).to_be_visible(timeout=60_000)
    with callers(served, "rides"):
        expect(shadow).to_contain_text(re.compile(r"Version 1 answered \d+ of \d+ requests otherwise, by .* % at most"))
    shadow.get_by_role("button", name="End shadow").click()
    expect(shadow.get_by_text("Start a shadow")).to_be_visible()


# Going back


def test_roll_back_says_what_will_change_and_no_request_fails(page: Page, served: Lab):
    found = opened(page, served)
    expect(found.locator(".kr-Standing")).to_contain_text("version 3")
    found.get_by_role("button", name="Roll back…").click()
    dialog = page.get_by_role("dialog")
    for words in ("from version 3 of rides-model back to version 2", "The alias champion", "No request fails"):
        expect(dialog).to_contain_text(words)
    expect(dialog.get_by_label("Why")).to_be_focused()
    dialog.get_by_label("Why").fill("worse at night")
    picture(page, "deployment-roll-back")
    with callers(served, "rides") as statuses:
        dialog.get_by_role("button", name="Roll back to version 2").click()
        expect(found.locator(".kr-Standing")).to_contain_text("answers with version 2", timeout=60_000)
    assert set(statuses) <= {200, 502}  # 502 is what this model says to every twentieth caller
    found.get_by_role("tab", name="History").click()
    expect(found.get_by_role("row").nth(1)).to_contain_text("rolled back: version 3 → 2")
    expect(found.get_by_role("row").nth(1)).to_contain_text("worse at night")
    picture(page, "deployment-history")


def test_who_was_faster_is_shown_before_anything_is_done(page: Page, served: Lab):
    found = opened(page, served)
    found.get_by_role("button", name="Roll back…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("back to version 3")
    dialog.get_by_label("Why").fill("my reason")
    kronkers(served, "models", "alias", "rides-model", "champion", 1)
    dialog.get_by_role("button", name="Roll back to version 3").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("changed by someone else meanwhile")
    expect(dialog).to_contain_text("from version 1 of rides-model back to version 2")
    expect(dialog.get_by_label("Why")).to_have_value("my reason")
    dialog.get_by_role("button", name="Cancel").click()
    kronkers(served, "models", "alias", "rides-model", "champion", 2)


def test_a_change_sends_the_revision_that_was_seen_and_412_shows_the_newest(page: Page, served: Lab):
    found = opened(page, served)
    scale = found.get_by_role("form", name="How many processes")
    expect(scale.get_by_label("Spares")).to_have_value("0")
    sent: list[str | None] = []

    def refuse(route: Route) -> None:
        if route.request.method != "PATCH":
            route.continue_()
            return
        sent.append(route.request.headers.get("if-match"))
        body = {"message": "m", "detail": "It was changed.", "code": "stale", "status": 412}
        route.fulfill(status=412, body=json.dumps(body))

    page.route(re.compile(r"/deployments/rides(\?.*)?$"), refuse)
    scale.get_by_label("Spares").fill("1")
    scale.get_by_role("button", name="Run 1 replica and 1 spare").click()
    expect(part(found, "Replicas").get_by_role("alert")).to_contain_text("changed by someone else meanwhile")
    assert sent == [f'"{told(served)["revision"]}"']


# Processes


def test_replicas_and_spares_are_scaled_and_it_is_stopped_and_started(page: Page, served: Lab):
    found = opened(page, served)
    scale = found.get_by_role("form", name="How many processes")
    scale.get_by_label("Replicas").fill("2")
    scale.get_by_role("button", name="Run 2 replicas").click()
    live = part(found, "Replicas").get_by_role("row").filter(has_text="live")
    expect(live).to_have_count(2, timeout=60_000)
    found.get_by_role("button", name="Stop…").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop rides").click()
    expect(found.locator(".kr-Standing")).to_contain_text("is stopped")
    expect(found.locator(".kr-Notice")).to_contain_text("Press Start")
    found.get_by_role("tab", name="Try it").click()
    expect(found).to_contain_text("It is stopped and answers nobody")
    found.get_by_role("button", name="Start", exact=True).click()
    expect(found.locator(".kr-Standing")).to_contain_text("answers with version", timeout=60_000)


# Trying it out and calling it


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_example_is_predicted_by_one_press_in_every_language(page: Page, served: Lab, name: str):
    found = opened(page, served, name, "try")
    found.get_by_role("button", name="Predict").click()
    answer = part(found, "Answer")
    expect(answer).to_contain_text(re.compile(r"Answered by version \d+ in [\d.]+ m?s"), timeout=60_000)
    expect(answer.get_by_role("cell").first).to_have_text(re.compile(r"^-?[\d.]+$"))
    answer.get_by_role("button", name="Copy id").click()
    expect(answer.locator("code")).to_have_text(copied(page))


def test_the_form_asks_each_type_in_its_way(page: Page, served: Lab):
    found = opened(page, served, tab="try")
    found.get_by_label("hr", exact=True).fill("9")
    found.get_by_label("missing temp").check()
    expect(found.get_by_label("temp", exact=True)).to_be_disabled()
    found.get_by_label("weather").select_option("<img src=x onerror='throw 1'>")
    found.get_by_label("holiday").select_option("no")
    found.get_by_label("note").fill("<script>throw 1</script>\u202e" + "x" * 10_000)
    page.keyboard.press("Enter")
    expect(part(found, "Answer").get_by_role("cell").first).to_have_text("30")
    assert found.locator("img, script").count() == 0
    picture(page, "deployment-try")


def test_what_does_not_fit_is_told_at_the_field_it_is_about(page: Page, served: Lab):
    found = opened(page, served, tab="try")
    hr = found.get_by_label("hr", exact=True)
    hr.fill("noon")
    found.get_by_role("button", name="Predict").click()
    expect(hr).to_be_focused()
    expect(hr).to_have_accessible_description(re.compile("whole number, such as 12"))
    hr.fill("5000")
    found.get_by_role("button", name="Predict").click()
    expect(found.get_by_role("alert")).to_contain_text("hr is beyond <b>what</b> I know")


def test_several_rows_as_json_are_answered_or_told_by_row(page: Page, served: Lab):
    found = opened(page, served, tab="try")
    found.get_by_label("Several rows, as JSON").check()
    rows = found.get_by_role("textbox", name="Rows")
    one = json.loads(rows.input_value())[0]
    rows.fill(json.dumps([one | {"hr": hr} for hr in (1, 2, 3)]))
    found.get_by_role("button", name="Predict").click()
    expect(part(found, "Answer").get_by_role("row")).to_have_count(4)
    rows.fill(json.dumps([one, one | {"hr": None}]))
    found.get_by_role("button", name="Predict").click()
    expect(found.get_by_role("alert")).to_contain_text(re.compile("hr in row 2 is missing"))
    rows.fill("[{")
    found.get_by_role("button", name="Predict").click()
    expect(found.get_by_role("alert")).to_contain_text("This is not JSON")


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_call_that_is_copied_runs_and_is_answered(page: Page, served: Lab, name: str, tmp_path: Path):
    found = opened(page, served, name, "call")
    found.get_by_role("button", name="Make a token").click()
    found.get_by_role("button", name="Copy line").click()
    variable, _, secret = copied(page).removeprefix("export ").partition("=")
    (tmp_path / "Downloads.jl").write_text(STAND_IN)
    around = {**os.environ, variable: secret, "JULIA_LOAD_PATH": f"@stdlib:{tmp_path}"}
    for title, program in PROGRAMS.items():
        found.get_by_role("radio", name=title, exact=True).check()
        call = found.locator(".kr-Call")
        call.get_by_role("button").click()
        expect(call.get_by_role("button", name="Copied")).to_be_visible()
        code = copied(page)
        expect(call.get_by_role("button", name="Copy call")).to_be_visible()
        if not runs(title):
            continue
        file = tmp_path / "program"
        file.write_text(code, "utf-8")
        done = subprocess.run([*program, file], env=around, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, (title, done.stderr)
        assert re.search(r"\d", done.stdout), title
        assert "predictions" in done.stdout or title == "Python", title
        assert secret not in code
    if name == "rides":
        picture(page, "deployment-call")


def test_a_call_is_copied_by_a_command(page: Page, served: Lab):
    start(page, served)
    run(page, "kronkers:copy-call", deployment="rides", language="julia")
    page.get_by_text("The call is copied.").first.wait_for()
    assert "Downloads" in copied(page)


# The log


def test_the_log_is_followed_searched_and_copied(page: Page, served: Lab):
    found = opened(page, served, tab="log")
    log = found.get_by_role("log")
    expect(log).to_contain_text("asked for 1 rows")
    lines = found.get_by_role("status").filter(has_text="lines")
    before = lines.text_content() or ""
    with callers(served, "rides"):
        expect(lines).not_to_have_text(before)
    found.get_by_label("Search").fill("ASKED for 1 row")
    expect(lines).to_contain_text("lines have it")
    expect(log.locator("mark").first).to_have_text("asked for 1 row")
    found.get_by_role("button", name="Copy found lines").click()
    assert all("asked for 1 row" in line for line in copied(page).splitlines())


def test_ten_thousand_lines_are_smooth(page: Page, served: Lab):
    """Only the lines in view are drawn, and a step through all of them takes less than a tenth of a second."""
    lines = [
        f"2.1: line {n} <script>throw {n}</script> \u202e {'x' * (10_000 if n == 9_990 else 80)}" for n in range(10_000)
    ]
    answering(page, "deployments/rides/log", {"lines": lines})
    found = opened(page, served, tab="log")
    log = found.get_by_role("log")
    expect(log).to_contain_text("line 9999")
    assert log.locator(".kr-LogLine").count() < 200
    log.focus()
    page.keyboard.press("Home")
    expect(log).to_contain_text("line 0 ")
    expect(found.get_by_label("Follow")).not_to_be_checked()
    took = log.evaluate(STEPS)
    assert sorted(took)[len(took) // 2] < 100, took
    picture(page, "deployment-log")


STEPS = """async log => {
  const took = [];
  for (let step = 0; step < 30; step += 1) {
    const from = performance.now();
    log.scrollTop += log.scrollHeight / 30;
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    took.push(performance.now() - from);
  }
  return took;
}"""


# States


STATES = {
    "starting": ("", "", None, "loads version 2 and tries it first"),
    "swapping": ("", "", 1, "while version 1 answers"),
    "degraded": ("1 of 2 replicas answers.", "Look at the log.", 2, "Look at the log."),
    "idle": ("", "", 2, "The next request wakes it"),
    "failed": ("It needs package splines.", 'install.packages("splines")', None, "It needs package splines."),
    "stopped": ("Nothing serves it now.", "Start JupyterLab, or: jupyter kronkers serve", None, "Nothing serves it"),
}


@pytest.mark.parametrize("state", STATES)
def test_each_state_says_what_to_do_next(page: Page, served: Lab, state: str):
    reason, remedy, live, words = STATES[state]
    change = {"state": state, "reason": reason, "remedy": remedy, "live": live}
    answering(page, "deployments/rides", told(served) | change | {"replicas": 1, "canary_state": None})
    answering(page, "deployments/rides/replicas", {"items": []})
    found = opened(page, served)
    expect(found.locator(".kr-Notice")).to_contain_text(words)
    if state == "idle":
        found.get_by_role("button", name="Try it, and wake it").click()
        expect(found.get_by_role("button", name="Predict")).to_be_visible()
    if state == "failed":
        picture(page, "deployment-failed")
        found.get_by_role("button", name="Look at the log").click()
        expect(found.get_by_role("tab", name="Log")).to_have_attribute("aria-selected", "true")


def test_a_failing_server_is_told_with_what_to_do(page: Page, served: Lab):
    problem = {"message": "m", "detail": "The data folder is busy.", "remedy": "Try again in a minute."}
    answering(page, "deployments/rides", problem, 503)
    found = opened(page, served)
    expect(found.get_by_role("alert")).to_contain_text("The data folder is busy.")
    page.unroute_all()
    found.get_by_role("button", name="Try again").click()
    expect(found.locator(".kr-Standing")).to_contain_text("answers")


def test_hostile_text_is_text_and_breaks_nothing(page: Page, served: Lab):
    evil = "<img src=x onerror='throw 1'><script>throw 1</script>\u202e\u2066" + "x" * 10_000
    change = {"state": "failed", "reason": evil, "remedy": evil}
    answering(page, "deployments/rides", told(served) | change)
    found = opened(page, served)
    expect(found.locator(".kr-Notice")).to_contain_text("<img src=x")
    assert found.locator("img:not([role]), script").count() == 0
    assert overflow(found) <= 0


def test_it_works_in_250_pixels(page: Page, served: Lab):
    found = opened(page, served)
    page.set_viewport_size({"width": 620, "height": 900})
    page.evaluate("() => { jupyterapp.shell.collapseRight?.() }")
    squeeze = "node => { node.style.width = '250px'; node.style.minWidth = '0' }"
    found.evaluate(squeeze)
    for tab in ("Overview", "Try it", "Copy call", "Log", "History"):
        found.get_by_role("tab", name=tab).click()
        expect(found.get_by_role("tabpanel")).not_to_be_empty()
        found.evaluate(squeeze)
        assert overflow(found) <= 0, tab
        found.screenshot(path=SCREENSHOTS / f"deployment-narrow-{tab.lower().replace(' ', '-')}.png")


def overflow(found: Locator) -> int:
    return int(found.evaluate("node => node.scrollWidth - node.clientWidth"))


def test_a_deleted_one_says_so_and_keeps_its_history(page: Page, served: Lab):
    kronkers(served, "deployments", "create", "short-lived", "rides-model", "--version", 1, "--wait", 60)
    found = opened(page, served, "short-lived")
    expect(found.locator(".kr-Standing")).to_contain_text("stays with version 1", timeout=60_000)
    kronkers(served, "deployments", "delete", "short-lived")
    expect(found.get_by_role("alert")).to_contain_text("There is no deployment short-lived any more")
    expect(found.get_by_role("row").nth(1)).to_contain_text("deleted")
    expect(found.get_by_role("button", name="Deploy rides-model again")).to_be_visible()
    picture(page, "deployment-deleted")
