"""`make demo`: three models in three languages, from their notebooks to answers.

    control plane ──▶ one notebook per language, which trains and registers ──▶ deployments ──▶ answers ──▶ JupyterLab

A notebook is run again only if it or its data changed, or its model is gone.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from scripts.kronkers import DATA, DATA_FOLDER, PROGRAM, Process, ask, surroundings, wait_for
from scripts.machine import ROOT, VENV, Command, Trouble, is_root, run, say
from scripts.setup import set_up
from scripts.steps import Outcome, Step, end, run_all

NOTEBOOKS = ROOT / "notebooks"
RENTALS = NOTEBOOKS / "data" / "bike_sharing_hourly.csv"
ALIAS = "champion"
# Four hours of a Thursday and one of a Saturday, from the two weeks on which the notebooks judge their models.
HOURS = [("2011-07-07", 3), ("2011-07-07", 8), ("2011-07-07", 13), ("2011-07-07", 17), ("2011-07-09", 13)]
WEATHER = {"1": "clear", "2": "mist", "3": "rain or snow", "4": "storm"}


@dataclass(frozen=True)
class Lesson:
    """A notebook that trains and registers one model, and the deployment of it, which has the model's name."""

    language: str
    notebook: str
    model: str

    @property
    def path(self) -> Path:
        return NOTEBOOKS / self.notebook

    @property
    def step(self) -> str:
        return f"{self.language} notebook"


LESSONS = (
    Lesson("Python", "train_python.ipynb", "bike-demand"),
    Lesson("R", "train_r.ipynb", "bike-demand-r"),
    Lesson("Julia", "train_julia.ipynb", "bike-demand-jl"),
)


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make demo")
    parser.add_argument("--lab", choices=("yes", "no"), default="yes", help="whether to open JupyterLab at the end")
    lab = parser.parse_args(words).lab == "yes"
    outcome = set_up("demo")
    if outcome.failed:
        return end(outcome)
    with Theatre() as theatre:
        return theatre.perform(lessons_for(outcome), lab=lab)


def lessons_for(outcome: Outcome) -> list[Lesson]:
    """Those whose language is here."""
    return [lesson for lesson in LESSONS if lesson.language not in outcome.absent]


class Theatre:
    """Holds what the demo started; on the way out all of it is stopped."""

    def __init__(self) -> None:
        self.closing = ExitStack()

    def __enter__(self) -> Theatre:
        return self

    def __exit__(self, *reason: object) -> None:
        self.closing.close()

    def perform(self, lessons: list[Lesson], *, lab: bool) -> int:
        say("From notebooks to answers:")
        outcome = run_all([self.control_plane(), *map(training, lessons), deploying(lessons)])
        if outcome.failed:
            return end(outcome)
        print_answers(lessons)
        if lab:
            self.open_lab()
        return 0

    def control_plane(self) -> Step:
        """`jupyter kronkers serve`, unless somebody serves this data folder already."""

        def serve(log: Path) -> None:
            # First said how to stop it, then started: an interruption in between leaves nothing behind.
            self.closing.callback(stop_serving, log)
            run([PROGRAM, "serve", "--background"], log, extra=DATA_FOLDER)

        return Step("control plane", serve, is_served)

    def open_lab(self) -> None:
        """JupyterLab on the notebooks, until it ends or this is interrupted."""
        words: Command = ["--notebook-dir", NOTEBOOKS, *(["--allow-root"] if is_root() else [])]
        lab = Process("lab", VENV / "bin/jupyter-lab", *words)
        self.closing.callback(lab.stop)
        url = wait_for("JupyterLab", lambda: url_of(lab.pid), lab)
        say(f"\nJupyterLab: {url}\nThe Kronkers panel is in the left side bar. Stop everything with Ctrl-C.")
        with suppress(KeyboardInterrupt):
            lab.wait()


def stop_serving(log: Path) -> None:
    """Harmless if nothing is served any more, say because it was interrupted together with us."""
    with suppress(Trouble):
        run([PROGRAM, "stop"], log, extra=DATA_FOLDER)


def is_served() -> bool:
    """Whether somebody owns the demo's data folder and serves its deployments."""
    try:
        return bool(ask("status")["running"])
    except Trouble:
        return False


def url_of(pid: int) -> str:
    """Where the Jupyter server with this pid is reached, "" while it is not."""
    command = [str(VENV / "bin/jupyter-server"), "list", "--json"]
    said = subprocess.run(command, env=surroundings(), capture_output=True, text=True, check=False).stdout
    servers = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return next((f"{server['url']}lab?token={server['token']}" for server in servers if server["pid"] == pid), "")


def training(lesson: Lesson) -> Step:
    """Runs the notebook and lets the champion be what it registered."""

    def train(log: Path) -> None:
        executed = DATA / "notebooks" / lesson.notebook
        executed.parent.mkdir(parents=True, exist_ok=True)
        command: Command = [VENV / "bin/jupyter-execute", lesson.path, "--output", executed]
        # Jupyter tells a kernel its notebook by this name; so does whoever runs a notebook without Jupyter.
        run(command, log, extra=DATA_FOLDER | {"JPY_SESSION_NAME": str(lesson.path)})
        latest = ask("models", "show", lesson.model)["model"]["latest"]
        if latest["state"] != "ready":
            raise Trouble(f"{lesson.model} {latest['number']} was rejected: {latest['reason']}", latest["remedy"])
        ask("models", "alias", lesson.model, ALIAS, str(latest["number"]), "--why", f"make demo ran {lesson.notebook}")

    return Step(
        lesson.step, train, lambda: has_champion(lesson), needs=("control plane",), inputs=(lesson.path, RENTALS)
    )


def has_champion(lesson: Lesson) -> bool:
    return lesson.model in champions()


@cache
def champions() -> set[str]:
    """Models that had a champion when the demo first asked."""
    return {found["name"] for found in ask("models", "list") if ALIAS in found["aliases"]}


def deploying(lessons: list[Lesson]) -> Step:
    """A deployment for each model that has none, and all of them ready."""

    def deploy(log: Path) -> None:
        there = states()
        for lesson in lessons:
            if lesson.model not in there:
                ask("deployments", "create", lesson.model, lesson.model, "--alias", ALIAS)
        wait_for("the deployments", lambda: all_are_ready(lessons))

    needs = tuple(lesson.step for lesson in lessons)
    return Step("deployments", deploy, lambda: all_are_ready(lessons), needs=needs)


def states() -> dict[str, dict[str, str]]:
    return {found["name"]: found for found in ask("deployments", "list")}


def all_are_ready(lessons: list[Lesson]) -> bool:
    """Raises Trouble for one that has failed: waiting would not help it."""
    there = states()
    for found in there.values():
        if found["state"] == "failed":
            raise Trouble(f"{found['name']} failed: {found['reason']}", found["remedy"])
    return all(there.get(lesson.model, {}).get("state") == "ready" for lesson in lessons)


def print_answers(lessons: list[Lesson]) -> None:
    """Asks each deployment about the same hours and prints what it says beside what came true."""
    rows = hours()
    with tempfile.TemporaryDirectory() as folder:
        questions = Path(folder) / "hours.csv"
        with questions.open("w", newline="") as out:
            writer = csv.DictWriter(out, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        with ThreadPoolExecutor() as pool:
            answers = list(pool.map(lambda lesson: predictions(lesson, questions), lessons))
    say("Rented bikes in hours that no model has seen, as each deployment answers, and the truth:\n")
    say(f"  {'hour':<18}" + "".join(f"{lesson.model:>16}" for lesson in lessons) + f"{'truth':>10}")
    for number, row in enumerate(rows):
        answered = "".join(f"{answer[number]:>16.0f}" for answer in answers)
        say(f"  {row['dteday']} {int(row['hr']):02}:00  {answered}{row['cnt']:>10}")


def hours() -> list[dict[str, str]]:
    """Rows as a caller has them: more columns than any model needs, the weather as the word the notebooks use."""
    with RENTALS.open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if (row["dteday"], int(row["hr"])) in HOURS]
    return [row | {"weather": WEATHER[row["weathersit"]]} for row in rows]


def predictions(lesson: Lesson, questions: Path) -> list[float]:
    """One number per row, whether the model answers with a vector or with a column."""
    rows = ask("predict", lesson.model, questions)["predictions"]
    return [float(next(iter(row.values())) if isinstance(row, dict) else row) for row in rows]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
