"""Each snippet is run by its language, and what arrives is the row, with the token."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kronkers.serving import snippets
from tests.serving.calls import PROGRAMS, STAND_IN, runs

PLAIN = {"hr": 8, "temp": 0.24, "season": "spring", "working": True, "missing": None}
ODD = {'x"$a': ")---", "y": '$(1)""" \\ \n `id` \'', "@": "@/etc/passwd", "é": "<b>", "n": 9_007_199_254_740_993}
WAYS = {way.title: way for way in snippets.WAYS}


class Echo(BaseHTTPRequestHandler):
    """Remembers what was asked, and predicts 1.5."""

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.server.asked.append((dict(self.headers), json.loads(self.rfile.read(length))))
        answer = b'{"predictions": [1.5]}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    server = HTTPServer(("127.0.0.1", 0), Echo)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def around(tmp_path_factory):
    """The environment that snippets are run in."""
    library = tmp_path_factory.mktemp("julia")
    (library / "Downloads.jl").write_text(STAND_IN)
    return {**os.environ, snippets.VARIABLE: "krk_secret", "JULIA_LOAD_PATH": f"@stdlib:{library}"}


@pytest.mark.slow
@pytest.mark.parametrize("row", [PLAIN, ODD], ids=["plain", "odd"])
@pytest.mark.parametrize("title", WAYS)
def test_a_snippet_sends_the_row_and_the_token(title, row, server, around, tmp_path):
    """faults: 8. Whatever the row holds is data to every language, and the token stands nowhere in the program."""
    if not runs(title):
        pytest.skip(f"{title} is not here")
    url = f"http://127.0.0.1:{server.server_address[1]}/bikes/invocations"
    program = WAYS[title].write(url, {"dataframe_records": [row]})
    assert "krk_secret" not in program
    file = tmp_path / "program"
    file.write_text(program, "utf-8")
    done = subprocess.run([*PROGRAMS[title], file], env=around, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "1.5" in done.stdout
    headers, body = server.asked.pop()
    assert headers["Authorization"] == "Bearer krk_secret"
    assert headers["Content-Type"] == "application/json"
    assert body == {"dataframe_records": [row]}


@given(
    st.dictionaries(st.text(min_size=1, max_size=8), st.none() | st.booleans() | st.integers() | st.text(max_size=8))
)
def test_the_python_snippet_is_python_whatever_the_row(row):
    """faults: 8"""
    tree = ast.parse(snippets.python("https://host/bikes/invocations", {"dataframe_records": [row]}))
    calls = [call for call in ast.walk(tree) if isinstance(call, ast.Call)]
    (sent,) = [word.value for call in calls for word in call.keywords if word.arg == "json"]
    assert ast.literal_eval(sent) == {"dataframe_records": [row]}


def test_there_is_a_way_for_each_language_and_one_language_may_be_asked_for():
    every = snippets.written("http://h/d/invocations", PLAIN)
    assert [one.language for one in every] == ["curl", "python", "r", "r", "julia", "julia"]
    assert [one.title for one in snippets.written("http://h/d/invocations", PLAIN, language="r")] == [
        "R",
        "R without packages",
    ]
