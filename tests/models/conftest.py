"""Captures as a kernel writes them, ready for upload, and the models room on a data folder of its own."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jupyter_kronkers.access import Principal
from jupyter_kronkers.languages.python.capture import capture
from jupyter_kronkers.models import Models, Uploads, Version
from jupyter_kronkers.models.intake import finish
from jupyter_kronkers.models.mlflow_registry import MlflowRegistry
from jupyter_kronkers.store import Folders


def rows(count: int = 40) -> pd.DataFrame:
    """Hours of two days and the weather of each."""
    hours = np.arange(count)
    return pd.DataFrame(
        {"hr": hours % 24, "temp": np.linspace(-3.5, 31.0, count), "weather": np.where(hours % 3, "dry", "wet")}
    )


def bikes(hour: float = 3.0):
    """A model whose answers are known: bikes = 10 + hour · hr + 2 · temp, half of it in the wet."""

    def predict(model, data):
        bikes = model["start"] + model["hour"] * data["hr"] + 2.0 * data["temp"]
        return (bikes * np.where(data["weather"] == "wet", 0.5, 1.0)).to_numpy()

    return {"start": 10.0, "hour": hour}, predict


def finished(folder: Path, model, predict=None, *, data=None, **words) -> Path:
    """The finished capture of a Python model."""
    shutil.rmtree(folder, ignore_errors=True)
    capture(model, folder / "raw", data=rows() if data is None else data, predict=predict, **words)
    finish(folder / "raw", folder / "finished")
    return folder / "finished"


@pytest.fixture(scope="session")
def bike_capture(tmp_path_factory) -> Path:
    """The model `bikes`, captured."""
    model, predict = bikes()
    words = {"metrics": {"rmse": 41.25}, "params": {"hour": 3.0, "kind": "linear"}, "target": None}
    return finished(tmp_path_factory.mktemp("bikes"), model, predict, **words)


@pytest.fixture
def captured(tmp_path: Path):
    """Captures a Python model, `bikes` if none is given, and finishes the capture for upload."""
    counter = itertools.count()

    def one(model=None, predict=None, **words) -> Path:
        if model is None:
            model, predict = bikes(words.pop("hour", 3.0))
        return finished(tmp_path / f"capture-{next(counter)}", model, predict, **words)

    return one


@pytest.fixture(scope="session")
def mlflow_template(tmp_path_factory) -> Path:
    """MLflow's tables, migrated once for all tests."""
    folders = Folders(tmp_path_factory.mktemp("template") / "kronkers").prepare()
    MlflowRegistry(folders).warm()
    return folders.mlflow_database


@pytest.fixture
def folders(tmp_path: Path, mlflow_template: Path) -> Folders:
    folders = Folders(tmp_path / "kronkers").prepare()
    shutil.copy(mlflow_template, folders.mlflow_database)
    return folders


@pytest.fixture
def models(store, folders, audit, events, clock) -> Models:
    return Models(store, folders, audit, events, clock)


@pytest.fixture
def uploads(store, folders, clock) -> Uploads:
    return Uploads(store, folders, clock)


def sent(uploads: Uploads, who: Principal, folder: Path) -> str:
    """Uploads every file of a finished capture."""
    id = uploads.open(who)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                uploads.write(who, id, str(path.relative_to(folder)), file)
    return id


@pytest.fixture
def register(models, uploads, anna, bike_capture):
    """Registers a capture as anna; the one of `bikes` if none is given."""

    def one(name: str = "bikes", folder: Path = bike_capture, **words) -> Version:
        return models.register(anna, name, sent(uploads, anna, folder), **words)

    return one


@pytest.fixture
def proven(monkeypatch) -> None:
    """Every proof holds without a host, for tests of what comes after it."""
    from jupyter_kronkers.models import proof
    from jupyter_kronkers.models.versions import READY, Proof

    verdict = proof.Verdict(READY, proof=Proof(20, 0.0, 0.1, batch_safe=True))
    monkeypatch.setattr(proof, "prove", lambda *_: verdict)
