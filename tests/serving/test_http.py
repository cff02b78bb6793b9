"""The HTTP server by itself, spoken to byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import uvloop

from jupyter_kronkers.serving.gateway.answers import TEXT, Answer, refusal_of_http
from jupyter_kronkers.serving.gateway.http import Exchange, HttpLimits, HttpServer
from tests.serving.conftest import until

QUICK = HttpLimits(body_bytes=1_000, head_bytes=4_000, head_s=0.4, body_s=0.4, idle_s=0.6, write_s=0.5, linger_s=0.3)


class Echo:
    """Answers with the body; paths that begin with /late wait for `release`."""

    edition = None

    def __init__(self) -> None:
        self.late: list[Exchange] = []
        self.gone: list[bytes] = []
        self.asked: list[bytes] = []
        self.good_until = math.inf

    def admit(self, exchange: Exchange) -> Answer | None:
        self.asked.append(exchange.path)
        exchange.good_until = self.good_until
        if exchange.method == b"PUT":
            return refusal_of_http(405, "Only POST.", headers=b"Allow: POST\r\n")
        return None

    def serve(self, exchange: Exchange) -> None:
        if exchange.path == b"/big":
            return exchange.answer(Answer(200, b"x" * (64 << 20), TEXT))
        if not exchange.path.startswith(b"/late"):
            return exchange.answer(Answer(200, exchange.path + b":" + exchange.body, TEXT))
        exchange.gone = lambda: self.gone.append(exchange.path)
        self.late.append(exchange)
        if exchange.path == b"/late/release":
            for waiting in reversed(self.late):
                waiting.answer(Answer(200, waiting.path, TEXT))


class Running:
    """An HTTP server in a thread of its own."""

    def __init__(self, limits: HttpLimits) -> None:
        self.echo, self.loop = Echo(), uvloop.new_event_loop()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.server = HttpServer(self.echo, limits)
        self.call(self.server.start(self.listener))

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    def stop(self) -> None:
        self.call(self.server.drain(1))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=5)

    def say(self, sent: bytes) -> bytes:
        """Everything that comes back until the server closes."""
        with self.connect() as caller:
            caller.sendall(sent)
            return everything(caller)


def everything(caller: socket.socket) -> bytes:
    got = b""
    while piece := caller.recv(1 << 16):
        got += piece
    return got


@pytest.fixture
def running() -> Iterator[Running]:
    running = Running(QUICK)
    yield running
    running.stop()


def post(path: str, body: bytes = b"", more: str = "") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


LAST = "Connection: close\r\n"


def test_a_request_is_answered_in_one_piece(running):
    answer = running.say(post("/a", b"hello", LAST))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length: 8\r\n" in answer
    assert answer.endswith(b"\r\n\r\n/a:hello")


def test_pipelined_requests_are_answered_in_their_order(running):
    sent = b"".join(post(f"/late/{i}") for i in range(100)) + post("/now") + post("/late/release", more=LAST)
    bodies = [part.split(b"\r\n\r\n")[1] for part in running.say(sent).split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [b"/late/%d" % i for i in range(100)] + [b"/now:", b"/late/release"]


def test_a_connection_serves_many_requests(running):
    with running.connect() as caller:
        for i in range(20):
            caller.sendall(post(f"/{i}", b"x" * i))
            assert caller.recv(1 << 16).endswith(b"/%d:" % i + b"x" * i)


def test_chunked_bodies_are_put_together(running):
    head = b"POST /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert running.say(head + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n").endswith(b"/c:abcde")


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: gzip",
        "Content-Length: +5",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 99999999999999999999999",
        "Content-Length : 5",
        "X: a\nY: b",
        "X: a\r\n folded",
        "X: nul\x00",
        "Host: other",
        "Content-Type: a/b\r\nContent-Type: c/d",
    ],
)
def test_what_smuggling_is_made_of_is_refused(running, head):
    """faults: 53"""
    answer = running.say(f"POST / HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n".encode() + b"abcde")
    assert answer.startswith(b"HTTP/1.1 400 Bad Request")
    assert answer.count(b"Content-Length: ") == 1


@pytest.mark.parametrize(
    "sent", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET\n\n"]
)
def test_what_is_not_http_1_1_is_refused(running, sent):
    """faults: 53"""
    assert running.say(sent).startswith(b"HTTP/1.1 400")


def test_too_many_headers_are_refused(running):
    """faults: 54"""
    many = "".join(f"X-{i}: 1\r\n" for i in range(10_000))
    assert running.say(post("/", more=many)).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("piece", [1 << 20, 500])
def test_a_head_that_is_too_long_is_refused(running, piece):
    """faults: 54"""
    sent = post("/", more="X: " + "x" * 20_000 + "\r\n")
    with running.connect() as caller:
        for start in range(0, len(sent), piece):
            caller.sendall(sent[start : start + piece])
        assert caller.recv(100).startswith(b"HTTP/1.1 431")


def test_an_address_that_is_too_long_is_refused(running):
    """faults: 54"""
    assert running.say(b"GET /?" + b"x=1&" * 900 + b" HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 414")


def test_a_declared_body_that_is_too_large_is_refused_before_it_is_sent(running):
    """faults: 37, 49"""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n"
    answer = running.say(head)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"100 Continue" not in answer


def test_a_chunked_body_that_grows_too_large_is_refused(running):
    """faults: 37, 49"""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert running.say(head + b"200\r\n%s\r\n" % (b"x" * 512) * 3).startswith(b"HTTP/1.1 413")


def test_a_body_that_was_announced_is_asked_for(running):
    with running.connect() as caller:
        caller.sendall(b"POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert caller.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        caller.sendall(b"ok")
        assert caller.recv(1000).endswith(b"/e:ok")


def test_a_slow_head_and_a_slow_body_are_given_up(running):
    """faults: 52"""
    assert running.say(b"POST / HTTP/1.1\r\nHost:").startswith(b"HTTP/1.1 408")
    assert running.say(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab").startswith(b"HTTP/1.1 408")


def test_a_silent_connection_is_closed(running):
    """faults: 52"""
    assert running.say(b"") == b""
    assert running.say(post("/a")).endswith(b"/a:")


@pytest.mark.parametrize("asked_before", [0, 1])
def test_a_request_that_has_arrived_when_its_idle_connection_is_due_is_answered(running, asked_before):
    asking = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
    with running.connect() as caller:
        for _ in range(asked_before):
            caller.sendall(asking)
            assert caller.recv(65_536).endswith(b"/a:")
        until(lambda: len(running.server.connections) == 1, "the connection")
        (connection,) = running.server.connections

        async def due():
            caller.sendall(asking)
            connection.expire()

        running.call(due())
        assert caller.recv(65_536).endswith(b"/a:")


def test_a_sweep_closes_few_idle_connections_and_leaves_the_rest_to_the_next_ones(running):
    server = running.server
    server.SILENT_AT_ONCE = 2

    async def swept() -> int:
        server.now = lambda: time.monotonic() + 100
        server._sweeper.cancel()
        server._sweep()
        return sum(connection.transport.is_closing() for connection in server.connections)

    with contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(running.connect())
        until(lambda: len(server.connections) == 5, "the connections")
        assert running.call(swept()) == 2
        until(lambda: not server.connections, "the end of all of them")


def test_a_connection_that_cannot_be_closed_in_peace_is_aborted_and_is_in_nobodys_way(running):
    """faults: 52. Few are closed at a time: those that wait for a caller who reads nothing must not be counted."""
    done: list[str] = []
    with running.connect():
        until(lambda: len(running.server.connections) == 1, "the connection")
        (connection,) = running.server.connections
        kept = connection.transport

        async def twice():
            connection.transport = SimpleNamespace(
                is_closing=lambda: "close" in done,
                close=lambda: done.append("close"),
                abort=lambda: done.append("abort"),
                get_extra_info=kept.get_extra_info,
            )
            connection.expire()
            assert connection.state != "idle"
            connection.expire()
            connection.transport = kept

        running.call(twice())
    assert done == ["close", "abort"]


def test_a_reader_that_does_not_read_is_cut_off(running):
    """faults: 52"""
    with running.connect() as caller:
        caller.sendall(post("/big"))
        while not running.server.connections:
            pass_time()
        while running.server.connections:
            pass_time()


def pass_time() -> None:
    threading.Event().wait(0.02)


def test_a_refusal_by_the_head_keeps_the_connection_where_nothing_is_unread(running):
    with running.connect() as caller:
        caller.sendall(b"PUT / HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = caller.recv(1000)
        assert answer.startswith(b"HTTP/1.1 405")
        assert b"Allow: POST\r\n" in answer
        caller.sendall(post("/still"))
        assert caller.recv(1000).endswith(b"/still:")


def test_a_refused_body_is_not_taken_for_a_request(running):
    """faults: 53"""
    answer = running.say(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 60\r\n\r\n" + post("/smuggled"))
    assert answer.startswith(b"HTTP/1.1 405")
    assert answer.count(b"Content-Length: ") == 1


def test_an_offer_to_upgrade_is_passed_over(running):
    more = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAE\r\n"
    with running.connect() as caller:
        caller.sendall(post("/u", b"body", more))
        assert caller.recv(1000).endswith(b"/u:body")
        caller.sendall(post("/again", b"!", LAST))
        assert everything(caller).endswith(b"/again:!")


def test_a_caller_who_leaves_frees_what_waited_for_him(running):
    """faults: 60"""
    with running.connect() as caller:
        caller.sendall(post("/late/x"))
        while not running.echo.late:
            pass_time()
    while not running.echo.gone:
        pass_time()
    assert running.echo.gone == [b"/late/x"]


def test_a_connection_that_has_ended_is_gone_at_once_with_what_it_received(running):
    """It and its parser know each other; left to the garbage collector, bodies of megabytes would pile up."""
    body = b"x" * 900
    gc.disable()
    try:
        with running.connect() as caller:
            caller.sendall(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\n" + body[:500])
            until(lambda: [one.state for one in running.server.connections] == ["body"], "the first piece")
            (connection,) = running.server.connections
            caller.sendall(body[500:])
            assert caller.recv(65_536).endswith(body)
            ended = weakref.ref(connection)
            assert connection._body == []
            del connection
        until(lambda: ended() is None, "the connection to go")
    finally:
        gc.enable()


def test_draining_lets_answers_under_way_go_out(running):
    with running.connect() as idle, running.connect() as caller:
        caller.sendall(post("/late/1"))
        while not running.echo.late:
            pass_time()
        drained = asyncio.run_coroutine_threadsafe(running.server.drain(5), running.loop)
        assert everything(idle) == b""
        running.loop.call_soon_threadsafe(running.echo.late[0].answer, Answer(200, b"done", TEXT))
        assert everything(caller).endswith(b"Connection: close\r\n\r\ndone")
        drained.result(5)


def test_more_connections_than_allowed_are_told_so():
    """faults: 182"""
    running = Running(HttpLimits(connections=2))
    callers = [running.connect() for _ in range(2)]
    try:
        callers[0].sendall(post("/a"))
        assert callers[0].recv(1000).endswith(b"/a:")
        assert running.say(b"").startswith(b"HTTP/1.1 503")
    finally:
        for caller in callers:
            caller.close()
        running.stop()


def test_a_head_that_was_let_in_is_decided_on_once(running):
    with running.connect() as caller:
        for body in (b"one", b"two", b"six"):
            caller.sendall(post("/same", body))
            assert caller.recv(1 << 16).endswith(b"/same:" + body)
    assert running.echo.asked == [b"/same"]


def test_other_routes_forget_what_was_let_in(running):
    with running.connect() as caller:
        for edition in ("old", "new"):
            running.echo.edition = edition
            caller.sendall(post("/same", b"x"))
            caller.recv(1 << 16)
    assert running.echo.asked == [b"/same", b"/same"]


@pytest.mark.parametrize("piece", [1, 7, 60])
def test_a_known_head_that_comes_in_pieces_is_read_as_any_other(running, piece):
    sent = post("/same", b"hello")
    with running.connect() as caller:
        for _ in range(2):
            caller.sendall(sent)
            assert caller.recv(1 << 16).endswith(b"/same:hello")
        for at in range(0, len(sent), piece):
            caller.sendall(sent[at : at + piece])
        assert caller.recv(1 << 16).endswith(b"/same:hello")
    assert running.say(sent + post("/last", b"", LAST)).endswith(b"/last:")


@pytest.mark.parametrize("more", ["Expect: 100-continue\r\n", LAST, "Upgrade: h2c\r\nConnection: Upgrade\r\n"])
def test_heads_that_ask_for_more_than_an_answer_are_not_remembered(running, more):
    for _ in range(2):
        with running.connect() as caller:
            caller.sendall(post("/same", b"x", more))
            answer = caller.recv(1 << 16)
            while not answer.endswith(b"/same:x"):
                answer += caller.recv(1 << 16)
    assert len(running.echo.asked) == 2


def test_what_was_let_in_until_a_moment_is_decided_on_again_after_it(running):
    running.echo.good_until = time.time() - 1
    with running.connect() as caller:
        for _ in range(2):
            caller.sendall(post("/same", b"x"))
            caller.recv(1 << 16)
    assert len(running.echo.asked) == 2
