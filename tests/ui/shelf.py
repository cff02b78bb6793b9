"""Models that people of three languages registered, for pages that show models."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from jupyter_kronkers.models import rows
from jupyter_kronkers.store import Folders, utc_now
from jupyter_kronkers.store.database import Store
from tests.ui.conftest import Lab

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
KRONKERS = (sys.executable, "-m", "jupyter_kronkers.cli")

# Two more versions of the model of the Python notebook: one is good, the other answers differently each time.
MORE = """
import random, sys
import pandas
import jupyter_kronkers as kronkers

rows = pandas.DataFrame({"hr": range(24), "temp": [0.1 + hour / 48 for hour in range(24)]})
words = {"data": rows, "notebook": sys.argv[1]}


def steady(model, data):
    return (10 + model["hour"] * data["hr"] + 2 * data["temp"]).to_numpy()


def moody(model, data):
    return [random.random() for _ in range(len(data))]


metrics = {"r2": 0.61, "rmse": 44.4}
kronkers.register({"hour": 3.0}, "bike-demand", predict=steady, metrics=metrics, params={"hour": 3.0, "kind": "line"},
                  note="A straight line, to see what the trees are worth", **words)
kronkers.register({"hour": 3.0}, "bike-demand", predict=moody, metrics={"rmse": 71.0}, **words)
"""


def home_of(lab: Lab) -> Path:
    return Path(lab.environment["KRONKERS_DATA_DIR"]).parent


def workshop(lab: Lab) -> Path:
    """The folder of the notebooks, in git, below what JupyterLab shows."""
    folder = home_of(lab) / "work"
    if not folder.exists():
        shutil.copytree(NOTEBOOKS, folder)
        git = ("git", "-C", str(folder), "-c", "user.name=anna", "-c", "user.email=anna@example.org")
        for words in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "Notebooks")):
            subprocess.run([*git, *words], check=True, capture_output=True)
    return folder


def train(lab: Lab, name: str, *, instead: tuple[str, str] = ("", "")) -> None:
    """Run the notebook with its own kernel; `instead`: words of it that somebody has changed, and into what."""
    path = workshop(lab) / f"train_{name}.ipynb"
    if instead[0]:
        path.write_text(path.read_text().replace(*instead))
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=180, resources={"metadata": {"path": str(path.parent)}})
    client.execute(env=lab.environment | {"JPY_SESSION_NAME": str(path), "KRONKERS_COMMAND": command()})
    nbformat.write(notebook, path)


def command() -> str:
    return str(Path(sys.executable).parent / "jupyter-kronkers")


def register_more(lab: Lab) -> None:
    script = workshop(lab) / "more.py"
    script.write_text(MORE)
    words = [sys.executable, "-W", "ignore", str(script), str(workshop(lab) / "train_python.ipynb")]
    subprocess.run(words, env=lab.environment, check=True, capture_output=True)


def kronkers(lab: Lab, *words: object) -> str:
    done = subprocess.run(
        [*KRONKERS, *map(str, words)], env=lab.environment, check=True, capture_output=True, text=True
    )
    return done.stdout


def ask(lab: Lab, *words: object) -> object:
    return json.loads(kronkers(lab, *words, "--json"))


def fill(lab: Lab) -> None:
    """bike-demand with four versions, one of them rejected, and one version each in R and Julia."""
    train(lab, "python")
    train(lab, "python", instead=("random_state=0", "random_state=0, max_iter=40"))
    register_more(lab)
    train(lab, "r")
    train(lab, "julia")
    kronkers(lab, "models", "alias", "bike-demand", "champion", 1, "--why", "the first that was good enough")
    kronkers(lab, "models", "alias", "bike-demand", "champion", 2, "--why", "fewer trees are enough")
    kronkers(lab, "models", "alias", "bike-demand", "challenger", 3)
    kronkers(lab, "deployments", "create", "rides", "bike-demand", "--wait", 60)


def fill_many(lab: Lab, name: str, count: int) -> None:
    """A model with as many versions, each like the second one of bike-demand; without their artifacts."""
    store = Store.at(Folders(Path(lab.environment["KRONKERS_DATA_DIR"])).database)
    with store.writing() as tx:
        one = rows.version(tx, "bike-demand", 2)
        assert one is not None
        rows.add_model(tx, name, title="", description="", at=utc_now(), by=one.created_by)
        for n in range(1, count + 1):
            metrics = {"rmse": 40 + (n * 37 % 101) / 10, "r2": 0.9 + n / 20_000}
            rows.add_version(tx, replace(one, model=name, number=n, id=f"{name}-{n}", metrics=metrics))
    store.engine.dispose()
