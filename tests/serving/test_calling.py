"""Calling: what is sent to the gateway, and that those who try never keep the control plane from its work."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jupyter_kronkers.errors import Exhausted, TimedOut, Unavailable
from jupyter_kronkers.serving import calling
from jupyter_kronkers.serving.calling import MOST_AT_ONCE, Caller
from tests.serving.conftest import until

COLUMNS, ROWS = ["x"], [[1.0]]


class Held(BaseHTTPRequestHandler):
    """A gateway that answers when it is let."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, dict(self.headers), json.loads(body)))
        self.server.let.wait(20)
        status, answer = self.server.answer
        self.send_response(status)
        self.send_header("X-Kronkers-Version", "bikes/3")
        self.send_header("X-Kronkers-Prediction-Id", "p1")
        self.send_header("Retry-After", "2")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def gateway():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Held)
    server.asked, server.let, server.answer = [], threading.Event(), (200, b"{}")
    server.let.set()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.let.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def caller(gateway):
    return Caller(lambda: f"http://127.0.0.1:{gateway.server_address[1]}", "krk_owner")


def test_a_call_is_one_of_everybodys(gateway, caller):
    reply = caller.ask("bikes", COLUMNS, ROWS, use="canary")
    assert (reply.status, reply.version, reply.prediction_id, reply.retry_after_s) == (200, 3, "p1", 2.0)
    ((path, headers, body),) = gateway.asked
    assert (path, body) == ("/bikes/invocations", {"dataframe_split": {"columns": ["x"], "data": [[1.0]]}})
    assert (headers["Authorization"], headers["X-Kronkers-Use"]) == ("Bearer krk_owner", "canary")
    caller.ask("bikes", COLUMNS, ROWS)
    assert "X-Kronkers-Use" not in gateway.asked[1][1]


def test_a_refusal_is_a_reply(gateway, caller):
    gateway.answer = (429, b'{"detail": "full"}')
    assert (caller.ask("bikes", COLUMNS, ROWS).status, caller.ask("bikes", COLUMNS, ROWS).body) == (
        429,
        b'{"detail": "full"}',
    )


def test_at_most_four_wait_at_once_and_their_places_come_back(gateway, caller):
    gateway.let.clear()
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        waiting = [pool.submit(caller.ask, "bikes", COLUMNS, ROWS) for _ in range(MOST_AT_ONCE)]
        until(lambda: len(gateway.asked) == MOST_AT_ONCE, "all of them at the gateway")
        with pytest.raises(Exhausted):
            caller.ask("bikes", COLUMNS, ROWS)
        gateway.let.set()
        assert [one.result().status for one in waiting] == [200] * MOST_AT_ONCE
    assert caller.ask("bikes", COLUMNS, ROWS).status == 200


def test_a_gateway_that_says_nothing_is_not_waited_for_for_ever(gateway, caller, monkeypatch):
    monkeypatch.setattr(calling, "LONGEST_S", -1.7)
    gateway.let.clear()
    with pytest.raises(TimedOut):
        caller.ask("bikes", COLUMNS, ROWS)
    gateway.let.set()


def test_nothing_that_serves_is_told():
    with pytest.raises(Unavailable, match="Nothing serves"):
        Caller(lambda: None, "krk_owner").ask("bikes", COLUMNS, ROWS)
    with pytest.raises(Unavailable, match="does not answer"):
        Caller(lambda: "http://127.0.0.1:1", "krk_owner").ask("bikes", COLUMNS, ROWS)
