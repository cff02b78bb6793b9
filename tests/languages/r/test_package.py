"""library(kronkers): register hands a capture to the command line, call_deployment asks over HTTP."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from jupyter_kronkers.languages.process import Runtime
from jupyter_kronkers.languages.setup_r import setup_r

pytestmark = pytest.mark.slow

READY = {
    "name": "bike", "version": 3, "state": "ready", "reason": "", "remedy": "", "warnings": [], "language": "r",
    "class": "lm", "metrics": {}, "captured": {"rows": 50, "columns": 1, "packages": 9, "definitions": [],
    "notebook": "train.ipynb", "git": "ab12cd34ef (dirty)"},
}  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, rscript: str) -> Path:
    place = tmp_path_factory.mktemp("library")
    setup_r(Runtime("r", "4", rscript), place)
    return place


@pytest.fixture
def run_r(library: Path, rscript: str, tmp_path: Path) -> Callable[..., str]:
    """Runs R code with the package attached, and returns what it printed."""

    def run(code: str, **env: str) -> str:
        script = tmp_path / "notebook.R"
        head = "library(kronkers); said <- function(x) tryCatch({ x; 'no error' }, kronkers_error = conditionMessage)\n"
        script.write_text(head + code, encoding="utf-8")
        done = subprocess.run(
            [rscript, str(script)], check=False, capture_output=True, text=True, timeout=60, cwd=tmp_path,
            env={"R_LIBS": str(library), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **env},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def stand_in(tmp_path: Path) -> Callable[..., str]:
    """A command that notes its arguments and what is in the capture, and answers what it is told to."""

    def make(answer: Any, status: int = 0, words: str = "") -> str:
        command = tmp_path / "stand in"
        (tmp_path / "answer.json").write_text(json.dumps(answer) if answer else "", encoding="utf-8")
        command.write_text(
            f'#!/bin/sh\nfor word in "$@"; do printf "%s\\n" "$word"; done > {tmp_path}/arguments\n'
            f'cp "$4/capture.json" {tmp_path}/capture.json; cat {tmp_path}/answer.json\n'
            f"echo '{words}' >&2; exit {status}\n",
            encoding="utf-8",
        )
        command.chmod(0o755)
        return str(command)

    return make


def test_register_tells_the_command_line_and_shows_the_version(
    run_r: Callable[..., str], stand_in: Callable[..., str], tmp_path: Path
) -> None:
    said = run_r(
        "fit <- lm(dist ~ speed, cars)\n"
        "register(fit, 'bike', data = cars, target = 'dist', metrics = list(rmse = 15.0694),\n"
        '         title = "Bob\'s \\"bikes\\" é")',
        KRONKERS_COMMAND=stand_in(READY),
    )
    arguments = (tmp_path / "arguments").read_text(encoding="utf-8").splitlines()
    assert arguments[:3] == ["models", "register", "--capture"]
    assert arguments[arguments.index("--title") + 1] == 'Bob\'s "bikes" é'
    assert arguments[-2:] == ["--", "bike"]
    assert json.loads((tmp_path / "capture.json").read_text())["model"]["variable"] == "fit"
    assert said.splitlines()[0] == "<kronkers_version> bike 3: ready"
    for line in ("inputs    speed <double>", "metrics   rmse 15.07", "data      50 rows", "notebook  train.ipynb"):
        assert f"  {line}\n" in said


def test_the_capture_folder_is_gone_afterwards(
    run_r: Callable[..., str], stand_in: Callable[..., str], tmp_path: Path
) -> None:
    said = run_r(
        "v <- register(lm(dist ~ speed, cars), 'bike', data = cars, target = 'dist'); cat(list.files(tempdir()))",
        KRONKERS_COMMAND=stand_in(READY),
    )
    assert said == ""


def test_a_rejected_version_is_a_warning_with_reason_and_remedy(
    run_r: Callable[..., str], stand_in: Callable[..., str]
) -> None:
    rejected = READY | {"state": "rejected", "reason": "It needs twice.", "remedy": 'Give needs = "twice".'}
    said = run_r(
        "v <- withCallingHandlers(register(lm(dist ~ speed, cars), 'bike', data = cars, target = 'dist'),\n"
        "  kronkers_rejected = function(w) { cat(conditionMessage(w), '\\n'); invokeRestart('muffleWarning') })\n"
        "cat(v$state, class(v))",
        KRONKERS_COMMAND=stand_in(rejected, status=5),
    )
    assert said == 'bike 3 is rejected: It needs twice. Give needs = "twice". \nrejected kronkers_version'


def test_a_failure_is_told_in_the_words_of_the_command_line(
    run_r: Callable[..., str], stand_in: Callable[..., str]
) -> None:
    call = "cat(said(register(lm(dist ~ speed, cars), 'Bike!', data = cars, target = 'dist')))"
    problem = {"message": "Bike! is no name.", "remedy": "Use small letters."}
    assert run_r(call, KRONKERS_COMMAND=stand_in(problem, 4)) == "Bike! is no name. Use small letters."
    assert run_r(call, KRONKERS_COMMAND=stand_in(None, 1, "It broke.")) == "It broke."


def test_a_command_that_is_missing_is_named_with_the_remedy(run_r: Callable[..., str]) -> None:
    call = "cat(said(register(lm(dist ~ speed, cars), 'bike', data = cars, target = 'dist')))"
    said = run_r(call, KRONKERS_COMMAND="/nowhere/jupyter-kronkers")
    assert "/nowhere/jupyter-kronkers" in said
    assert "pip install jupyter-kronkers" in said


class Gateway(HTTPServer):
    """Answers every request with `status`, `headers` and `body`; keeps what it was sent."""

    status, body, chunked = 200, b"", False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.seen: dict[str, Any] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen = {"path": self.path, "token": self.headers.get("Authorization"), "body": json.loads(body)}
        self.send_response(self.server.status)
        self.send_header("X-Kronkers-Version", "bike/3")
        self.send_header("X-Kronkers-Prediction-Id", "p-1")
        length = ("Transfer-Encoding", "chunked") if self.server.chunked else ("Content-Length", len(self.server.body))
        self.send_header(length[0], str(length[1]))
        self.end_headers()
        pieces = [self.server.body[i : i + 7] for i in range(0, len(self.server.body), 7)]
        chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""]]
        self.wfile.write(b"".join(chunks) if self.server.chunked else self.server.body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    server = Gateway()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_deployment_is_asked_with_rows_and_answers_with_its_version(
    run_r: Callable[..., str], gateway: Gateway, chunked: bool
) -> None:
    gateway.body, gateway.chunked = b'{"predictions": [1.5, null, -3e2]}', chunked
    said = run_r(
        "d <- data.frame(x = c(0.1, NA, NaN), k = 1:3, s = factor(c('é', 'b', '\"')), b = c(TRUE, NA, FALSE),\n"
        "                t = as.Date('2026-03-01') + 0:2)\n"
        "p <- call_deployment('bike demand', d)\n"
        "cat(p, attr(p, 'version'), attr(p, 'prediction_id'))",
        KRONKERS_GATEWAY_URL=gateway.url + "/at/", KRONKERS_TOKEN="secret",
    )  # fmt: skip
    assert said == "1.5 NA -300 bike/3 p-1"
    assert gateway.seen["path"] == "/at/bike%20demand/invocations"
    assert gateway.seen["token"] == "Bearer secret"
    assert gateway.seen["body"] == {
        "dataframe_split": {
            "columns": ["x", "k", "s", "b", "t"],
            "data": [
                [0.1, 1, "é", True, "2026-03-01"],
                [None, 2, "b", None, "2026-03-02"],
                [None, 3, '"', False, "2026-03-03"],
            ],
        }
    }


def test_several_outputs_become_a_data_frame(run_r: Callable[..., str], gateway: Gateway) -> None:
    gateway.body = '{"predictions": [{"p": 0.25, "label": "ja"}, {"p": null, "label": "né"}]}'.encode()
    said = run_r(
        "p <- call_deployment('b', data.frame(x = 1:2)); cat(class(p), p$p, p$label)", KRONKERS_GATEWAY_URL=gateway.url
    )
    assert said == "data.frame 0.25 NA ja né"


def test_one_row_of_one_column_is_still_a_table(run_r: Callable[..., str], gateway: Gateway) -> None:
    gateway.body = b'{"predictions": [1]}'
    run_r("call_deployment('b', data.frame(x = 1))", KRONKERS_GATEWAY_URL=gateway.url)
    assert gateway.seen["body"] == {"dataframe_split": {"columns": ["x"], "data": [[1]]}}


def test_a_refusal_is_an_error_with_the_words_of_the_gateway(run_r: Callable[..., str], gateway: Gateway) -> None:
    gateway.status, gateway.body = 422, b'{"message": "x: missing. Send it.", "remedy": "Send it."}'
    said = run_r("cat(said(call_deployment('b', data.frame(y = 1))))", KRONKERS_GATEWAY_URL=gateway.url)
    assert said == "Asking b failed (422): x: missing. Send it."


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("call_deployment('b', cars)", "KRONKERS_GATEWAY_URL"),
        ("call_deployment('b', cars, url = 'https://example.org')", "plain HTTP"),
        ("call_deployment('b', cars, url = 'http://127.0.0.1:1')", "Nobody answers"),
        ("call_deployment('b', cars, url = 'http://127.0.0.1:1', token = 'a\\r\\nX: y')", "a line break"),
    ],
)
def test_what_cannot_be_asked_is_said(run_r: Callable[..., str], code: str, words: str) -> None:
    assert words in run_r(f"cat(said({code}))")
