"""The main job, as a person does it, once in each language: train, register, deploy, ask, replace, go back."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
RENTALS = NOTEBOOKS / "data" / "bike_sharing_hourly.csv"
WEATHER = {"1": "clear", "2": "mist", "3": "rain or snow", "4": "storm"}


@dataclass(frozen=True)
class Lesson:
    notebook: str
    model: str
    columns: tuple[str, ...]


LESSONS = {
    "python": Lesson(
        "train_python.ipynb", "bike-demand", ("hr", "weekday", "workingday", "temp", "hum", "windspeed", "weather")
    ),
    "r": Lesson("train_r.ipynb", "bike-demand-r", ("hr", "workingday", "temp", "hum", "windspeed", "weather")),
    "julia": Lesson("train_julia.ipynb", "bike-demand-jl", ("hr", "workingday", "temp", "hum", "windspeed", "weather")),
}

pytestmark = pytest.mark.slow


def real_rows(count: int = 24) -> list[dict[str, str]]:
    """The hours of 5 July 2011, which no model was trained on."""
    with RENTALS.open(newline="") as lines:
        rows = [row | {"weather": WEATHER[row["weathersit"]]} for row in csv.DictReader(lines)]
    return [row for row in rows if row["dteday"] == "2011-07-05"][:count]


def train(person, lesson: Lesson) -> None:
    """Run the notebook with its kernel, where it lies."""
    notebook = nbformat.read(NOTEBOOKS / lesson.notebook, as_version=4)
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOKS)}})
    client.execute(env=person.env | {"JPY_SESSION_NAME": str(NOTEBOOKS / lesson.notebook)})


@pytest.fixture(scope="module", params=LESSONS)
def lesson(request, person) -> Lesson:
    """A notebook that was run twice: two versions, the first of them the champion, deployed under the model's name."""
    lesson = LESSONS[request.param]
    train(person, lesson)
    train(person, lesson)
    person.ask("models", "alias", lesson.model, "champion", 1)
    person.ask("deployments", "create", lesson.model, lesson.model, "--alias", "champion", "--wait", 60)
    return lesson


def call(person, name: str, rows: list[dict[str, object]], token: str) -> tuple[list[float], str, str]:
    """The predictions, the version and the prediction's id, over plain HTTP."""
    url = f"{person.ask('status')['gateway_url']}/{name}/invocations"
    body = json.dumps({"dataframe_records": rows}).encode()
    request = urllib.request.Request(
        url, body, {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        head = answer.headers
        return json.load(answer)["predictions"], head["X-Kronkers-Version"], head["X-Kronkers-Prediction-Id"]


def values(row: dict[str, str], lesson: Lesson) -> dict[str, object]:
    return {name: row[name] if name == "weather" else json.loads(row[name]) for name in lesson.columns}


def test_a_version_knows_where_it_came_from(person, lesson):
    version = person.ask("models", "show", lesson.model)["model"]["latest"]
    assert (version["number"], version["state"]) == (2, "ready")
    assert version["proof"]["max_difference"] <= 1e-9
    assert version["data"]["rows"] == 4250  # hours before July 2011 in the file
    assert set(version["metrics"]) == {"r2", "rmse"}
    assert version["git"]["commit"]
    folder = next((person.folder / "models" / lesson.model).iterdir())
    assert json.loads((folder / "notebook.ipynb").read_text())["cells"]


def test_the_endpoint_answers_real_hours_sensibly(person, lesson):
    rows = real_rows()
    token = person.ask("tokens", "create", "test", "--deployment", lesson.model)["secret"]
    predicted, version, id_ = call(person, lesson.model, [values(row, lesson) for row in rows], token)
    truth = [float(row["cnt"]) for row in rows]
    mean = sum(truth) / len(truth)
    unexplained = sum((t - p) ** 2 for t, p in zip(truth, predicted, strict=True))
    assert unexplained < 0.5 * sum((t - mean) ** 2 for t in truth)
    assert version == f"{lesson.model}/1"
    assert id_


def test_rows_of_a_file_are_answered_in_its_own_form(person, lesson):
    rows = real_rows(3)
    lines = [",".join(lesson.columns), *(",".join(row[name] for name in lesson.columns) for row in rows)]
    done = person.run("predict", lesson.model, "-", "--csv", text="\n".join(lines) + "\n")
    assert done.returncode == 0, done.stderr
    header, *answers = done.stdout.split()
    assert header == "prediction"
    assert len([float(answer) for answer in answers]) == 3


def test_an_input_that_does_not_fit_is_refused_with_every_field_at_fault(person, lesson):
    """faults: 45"""
    row = values(real_rows(1)[0], lesson) | {"hr": "eight", "temp": None}
    del row["hum"]
    done = person.run("predict", lesson.model, "-", "--json", text=json.dumps({"dataframe_records": [row]}))
    assert done.returncode == 4
    assert all(name in done.stderr for name in ("hr", "temp", "hum"))


def test_an_alias_moves_and_goes_back_without_a_failed_request(person, lesson):
    token = person.ask("tokens", "create", "test", "--deployment", lesson.model)["secret"]
    row = [values(real_rows(1)[0], lesson)]
    seen: list[str] = []
    failures: list[BaseException] = []
    over = threading.Event()

    def keep_asking() -> None:
        while not over.is_set():
            try:
                seen.append(call_once(url, row, token))
            except (OSError, ValueError) as failure:
                failures.append(failure)

    url = f"{person.ask('status')['gateway_url']}/{lesson.model}/invocations"
    caller = threading.Thread(target=keep_asking)
    caller.start()
    try:
        person.ask("models", "alias", lesson.model, "champion", 2, "--why", "newer")
        person.until(lambda: seen and seen[-1] == f"{lesson.model}/2")
        person.ask("deployments", "rollback", lesson.model)
        person.until(lambda: seen[-1] == f"{lesson.model}/1")
    finally:
        over.set()
        caller.join()
    assert failures == []
    moves = person.ask("models", "history", lesson.model)
    assert [(move["before"], move["after"]) for move in moves][:3] == [(2, 1), (1, 2), (None, 1)]


def call_once(url: str, rows: list[dict[str, object]], token: str) -> str:
    body = json.dumps({"dataframe_records": rows}).encode()
    request = urllib.request.Request(
        url, body, {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(answer.headers["X-Kronkers-Version"])


BLOCK = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "jupyter_kronkers":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
"""


def test_mlflow_serves_it_where_jupyter_kronkers_cannot_be_imported(person, lesson, tmp_path):
    artifact = next((person.folder / "models" / lesson.model).iterdir())
    (tmp_path / "sitecustomize.py").write_text(BLOCK)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    words = [sys.executable, "-m", "mlflow", "models", "serve", "-m", artifact, "-p", port, "--env-manager", "local"]
    env = person.env | {"PYTHONPATH": str(tmp_path), "MLFLOW_DISABLE_TELEMETRY": "true"}
    log = tmp_path / "mlflow.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [str(word) for word in words], env=env, stdout=out, stderr=out, start_new_session=True
        )
    try:
        example = json.loads((artifact / "serving_input_example.json").read_text())
        answered = person.until(lambda: mlflow_answer(port, example, server))
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)
    expected = json.loads((artifact / "conformance.json").read_text())["outputs"][0]["values"][: len(answered)]
    assert answered == pytest.approx(expected, rel=1e-9)


def mlflow_answer(port: int, body: object, server: subprocess.Popen[bytes]) -> list[float]:
    assert server.poll() is None
    url = f"http://127.0.0.1:{port}/invocations"
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            found = json.load(answer)["predictions"]
    except urllib.error.HTTPError as refused:
        pytest.fail(refused.read().decode())
    except urllib.error.URLError:
        return []
    return [next(iter(row.values())) if isinstance(row, dict) else row for row in found]
