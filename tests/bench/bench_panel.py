"""How long the panel takes from its command to what is painted, with 1,000 models, in JupyterLab and a real browser.

Beside it: jupyter-scheduler's list of 1,000 jobs in the same JupyterLab, which shows 25 of them at a time.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from bench_listing import MOMENT, version
from measuring import Row, folder, print_table
from peers import scheduler
from playwright.sync_api import Browser, Page, sync_playwright

from jupyter_kronkers.store import Folders, Store
from jupyter_kronkers.store.tables import aliases, models, versions
from scripts.machine import Trouble
from tests.ui.conftest import BUILT, FLAGS, Lab, program, running_lab

MODELS, JOBS = 1_000, 1_000
OPENED_MS, LOADS = 300.0, 5
# From the command to the frame after which the rows are on the screen.
OPEN = """async ({ command, rows, least }) => {
    await jupyterapp.restored;
    const began = performance.now();
    void jupyterapp.commands.execute(command);
    const there = () => document.querySelectorAll(rows).length >= least;
    while (!there()) {
        if (performance.now() - began > 20_000) { throw new Error(`${command} shows no ${rows}`); }
        await new Promise(requestAnimationFrame);
    }
    await new Promise(requestAnimationFrame);
    await new Promise(done => setTimeout(done));
    return performance.now() - began;
}"""
# One screen further each frame; gives the longest time between two frames.
SCROLL = """async ({ rows }) => {
    let list = document.querySelector(rows);
    while (!/auto|scroll/.test(getComputedStyle(list).overflowY)) { list = list.parentElement; }
    let longest = 0, before = performance.now();
    for (let top = 0; top < list.scrollHeight; top += list.clientHeight) {
        list.scrollTop = top;
        const now = await new Promise(requestAnimationFrame);
        longest = Math.max(longest, now - before);
        before = now;
    }
    return longest;
}"""
OURS = {"command": "kronkers:open", "rows": ".kr-Panel .kr-Rows li", "least": 10}
THEIRS = {"command": "scheduling:list-jobs-from-launcher", "rows": ".jp-notebook-jobs-panel tbody tr", "least": 10}


def main() -> None:
    with sync_playwright() as playwright, folder() as place:
        browser = playwright.chromium.launch(executable_path=program(), args=FLAGS)
        (place / "ours").mkdir()
        fill(place / "ours")
        with running_lab(place / "ours") as lab:
            opened, scrolled = ours(browser, lab)
        (place / "theirs").mkdir()
        theirs = peer(browser, place / "theirs")
        browser.close()
    size = sum(file.stat().st_size for file in (BUILT / "static").glob("*.js")) / 1e3
    against = "jupyter-scheduler, 25 of 1,000 jobs"
    print_table(
        [
            Row("panel with 1,000 models, opened first, painted", opened, theirs[0], "ms", against, "≤ 300 ms"),
            Row("longest frame while 1,000 rows are scrolled through", scrolled, None, "ms"),
            Row("JavaScript of the extension", size, theirs[1], "kB", "jupyter-scheduler"),
        ]
    )


def ours(browser: Browser, lab: Lab) -> tuple[float, float]:
    """Milliseconds to open (median of fresh page loads) and of the longest frame (least of them)."""
    opened, scrolled = [], []
    for _ in range(LOADS):
        with loaded(browser, lab) as page:
            opened.append(page.evaluate(OPEN, OURS))
            scrolled.append(page.evaluate(SCROLL, OURS))
    return statistics.median(opened), min(scrolled)


def peer(browser: Browser, place: Path) -> tuple[float | None, float | None]:
    """The same of jupyter-scheduler, and the kilobytes of its JavaScript; nothing where it could not be had."""
    try:
        python = scheduler.install()
    except Trouble as trouble:
        print(f"  jupyter-scheduler is not measured: {trouble}")
        return None, None
    database = place / "scheduler.sqlite"
    subprocess.run([python, "-c", FILL_JOBS, database, str(JOBS)], check=True)
    words = [f"--SchedulerApp.db_url=sqlite:///{database}"]
    with running_lab(place, 0, *words, python=str(python)) as lab:
        opened = []
        for _ in range(LOADS):
            with loaded(browser, lab) as page:
                opened.append(page.evaluate(OPEN, THEIRS))
    static = scheduler.PLACE / "share/jupyter/labextensions/@jupyterlab/scheduler/static"
    return statistics.median(opened), sum(file.stat().st_size for file in static.glob("*.js")) / 1e3


@contextmanager
def loaded(browser: Browser, lab: Lab) -> Iterator[Page]:
    """JupyterLab, ready, in a window of its own."""
    page = browser.new_page(viewport={"width": 1200, "height": 760})
    page.goto(f"{lab.url}lab?token={lab.token}&reset")
    page.locator(".jp-Launcher").wait_for()
    page.wait_for_function("() => window.jupyterapp !== undefined")
    yield page
    page.close()


def fill(home: Path) -> None:
    store = Store.at(Folders(home / "kronkers").prepare().database)
    names = [f"model-{n:04}" for n in range(MODELS)]
    with store.writing() as tx:
        tx.execute(models.insert(), [{"name": name, "created_at": MOMENT, "created_by": "bench"} for name in names])
        tx.execute(versions.insert(), [version(name, number) for name in names for number in (1, 2)])
        champions = [{"model": name, "alias": "champion", "number": 2, "revision": 1} for name in names]
        tx.execute(aliases.insert(), champions)
        assert tx.scalar(sa.select(sa.func.count()).select_from(models)) == MODELS
    store.close()


FILL_JOBS = """
import sys
from jupyter_scheduler.orm import Job, create_session, create_tables
url = f"sqlite:///{sys.argv[1]}"
create_tables(url)
with create_session(url)() as session:
    for n in range(int(sys.argv[2])):
        session.add(Job(name=f"job-{n}", input_filename="train.ipynb", runtime_environment_name="base",
                        output_formats=["ipynb"], status="COMPLETED", start_time=1, end_time=2))
    session.commit()
"""


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    sys.exit(main())
