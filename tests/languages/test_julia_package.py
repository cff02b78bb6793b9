"""`using Kronkers`: set up offline in a depot of its own, registering through a command, calling over HTTP."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from jupyter_kronkers.languages import find
from jupyter_kronkers.languages.setup_julia import KERNEL, install_kernel, install_package

pytestmark = [
    pytest.mark.skipif(shutil.which("julia") is None, reason="needs julia"),
    pytest.mark.slow,
    pytest.mark.xdist_group("julia_package"),
]

SESSION = """
using Kronkers
struct Line
    slope::Float64
end
predict(line::Line, rows) = line.slope .* rows.x
fit = Line(2.0)
rows = (x = [1.0, 2.0, 3.0], y = [2.0, 4.0, 6.0])
"""
COMMAND = """
import json, os, pathlib, sys
words = sys.argv[1:]
capture = pathlib.Path(words[words.index("--capture") + 1])
facts = json.loads((capture / "capture.json").read_text())
state = os.environ["STATE"]
if state == "fails":
    print(json.dumps({"message": "The name Bad Name is no name.", "remedy": "Use small letters."}))
    sys.exit(4)
if state == "ready":
    pathlib.Path(os.environ["SEEN"]).write_text(json.dumps([words[:3], words[5:], facts["definitions"]]))
print("progress, for people", file=sys.stderr)
print(json.dumps({"name": words[2], "version": 7, "state": state, "reason": "it needs x é.", "remedy": "Do y.",
                  "warnings": ["small data"], "language": "julia", "class": "Line", "metrics": {}}))
sys.exit(5 if state == "rejected" else 0)
"""


@pytest.fixture(scope="module")
def depot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("depot")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JULIA_DEPOT_PATH", str(folder))
        said = install_package(find("julia"))
        assert "The package Kronkers is in" in said[0]
        yield folder


def julia(depot: Path, code: str, folder: Path, **environment: str) -> str:
    """What the script prints; its stderr where it fails."""
    script = folder / "session.jl"
    script.write_text(SESSION + code, encoding="utf-8")
    env = {**os.environ, "JULIA_DEPOT_PATH": str(depot), **environment}
    command = ["julia", "--startup-file=no", "--color=no", str(script)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=180, check=False)
    return done.stdout + done.stderr


def test_setting_up_twice_changes_nothing(depot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JULIA_DEPOT_PATH", str(depot))
    before = {path: path.stat().st_mtime_ns for path in depot.rglob("*.toml")}
    assert install_package(find("julia")) == []
    assert {path: path.stat().st_mtime_ns for path in depot.rglob("*.toml")} == before


def test_setting_up_keeps_what_the_environment_had(
    depot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (environment,) = (depot / "environments").iterdir()
    own = tmp_path / "environments" / environment.name
    own.mkdir(parents=True)
    (own / "Project.toml").write_text('[deps]\nDates = "ade2ca70-3891-5945-98fb-dc099432e06a"\n', encoding="utf-8")
    monkeypatch.setenv("JULIA_DEPOT_PATH", str(tmp_path))
    install_package(find("julia"))
    written = (own / "Project.toml").read_text(encoding="utf-8")
    assert "Dates = " in written
    assert "Kronkers = " in written


def test_another_project_sees_the_package_too(depot: Path, tmp_path: Path) -> None:
    (tmp_path / "Project.toml").write_text('name = "Other"\n', encoding="utf-8")
    said = julia(depot, "println(parentmodule(register))", tmp_path, JULIA_PROJECT=str(tmp_path))
    assert said.strip() == "Kronkers"


REGISTER = """
show(stdout, MIME("text/plain"), register(fit, "a-line"; data = rows, target = :y, title = "A line"))
println("\\n----")
ENV["STATE"] = "rejected"
println(stdout, register(fit, "a-line"; data = rows, target = "y").state)
println("----")
ENV["STATE"] = "fails"
try register(fit, "Bad Name"; data = rows) catch e; println(e isa KronkersError, " ", sprint(showerror, e)) end
println("----")
ENV["KRONKERS_COMMAND"] = "no-such-command"
try register(fit, "a-line"; data = rows) catch e; println(sprint(showerror, e)) end
"""


@pytest.fixture(scope="module")
def registered(depot: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[Any]]:
    """What one session printed for four registrations, and what the command saw of the first."""
    folder = tmp_path_factory.mktemp("registered")
    program, seen = folder / "a command.py", folder / "seen.json"
    program.write_text(COMMAND, encoding="utf-8")
    command = f"'{sys.executable}' '{program}'"
    said = julia(depot, REGISTER, folder, KRONKERS_COMMAND=command, STATE="ready", SEEN=str(seen))
    return said.split("----\n"), json.loads(seen.read_text(encoding="utf-8"))


def test_registering_hands_the_capture_over(registered: tuple[list[str], list[Any]]) -> None:
    words, options, definitions = registered[1]
    assert (words, options) == (["models", "register", "a-line"], ["--json", "--title", "A line"])
    assert definitions == ["Line", "predict"]


def test_a_version_shows_what_was_captured(registered: tuple[list[str], list[Any]]) -> None:
    said = registered[0][0]
    assert said.startswith("a-line, version 7 (ready)\n")
    assert "x::Float64" in said
    assert "Line, predict" in said
    assert "small data" in said


def test_a_rejected_version_warns_with_reason_and_remedy(registered: tuple[list[str], list[Any]]) -> None:
    assert registered[0][1] == "rejected\n"
    assert "Warning: a-line version 7 is rejected: it needs x é. Do y." in registered[0][-1]


def test_a_failing_command_speaks_for_itself(registered: tuple[list[str], list[Any]]) -> None:
    assert registered[0][2] == "true The name Bad Name is no name. Use small letters.\n"


def test_a_missing_command_is_named_with_the_remedy(registered: tuple[list[str], list[Any]]) -> None:
    remedy = "The command no-such-command is not there. Install it: pip install jupyter-kronkers"
    assert registered[0][3].startswith(remedy)


class Gateway(BaseHTTPRequestHandler):
    """Answers as the gateway does: twice x, or a problem."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != "Bearer secret":
            return self.answer(401, {"message": "This token is not valid.", "remedy": "Send a valid one."})
        split = asked["dataframe_split"]
        rows = [dict(zip(split["columns"], row, strict=True)) for row in split["data"]]
        return self.answer(200, {"predictions": [row["x"] * 2 for row in rows], "path": self.path})

    def answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Kronkers-Version", "a-line/7")
        self.send_header("X-Kronkers-Prediction-Id", "0042")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def gateway() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_deployment_answers_with_version_and_id(depot: Path, tmp_path: Path, gateway: str) -> None:
    code = """
    answer = call_deployment("a-line", (x = [1.5, 2.0],))
    println(answer.predictions, " ", answer.version, " ", answer.id)
    try call_deployment("a-line", rows; token = "wrong") catch error; println(sprint(showerror, error)) end
    """
    said = julia(depot, code, tmp_path, KRONKERS_GATEWAY_URL=gateway, KRONKERS_TOKEN="secret")
    assert said == "[3.0, 4.0] a-line/7 0042\nThis token is not valid. Send a valid one.\n"


def test_a_gateway_that_is_not_there_is_said_so(depot: Path, tmp_path: Path) -> None:
    said = julia(depot, 'call_deployment("a-line", rows; url = "http://127.0.0.1:1")', tmp_path)
    assert "There is no gateway at http://127.0.0.1:1. Is it running?" in said


def test_the_kernel_is_installed_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
    monkeypatch.setattr("jupyter_client.kernelspec.KernelSpecManager.get_all_specs", lambda _: {})
    assert "The kernel Julia" in install_kernel(find("julia"))[0]
    assert install_kernel(find("julia")) == []
    spec = json.loads((tmp_path / "share" / "jupyter" / "kernels" / KERNEL / "kernel.json").read_text(encoding="utf-8"))
    assert (spec["language"], spec["argv"][0]) == ("julia", sys.executable)


def test_ijulias_kernel_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    specs = {"julia-1.10": {"spec": {"language": "julia"}}}
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr("jupyter_client.kernelspec.KernelSpecManager.get_all_specs", lambda _: specs)
    assert install_kernel(find("julia")) == []
    assert not (tmp_path / "share").exists()
