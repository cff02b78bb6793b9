"""HTTP/1.1 on httptools: one connection, its exchanges in order, its limits and its deadlines.

    idle ── first byte ──▶ head ── admitted ──▶ body ── complete ──▶ waiting ── answered ──▶ idle
      │ idle_s: closed       │ head_s: 408        │ body_s: 408        │ (the application's own deadline)
                                                                       └─ reader too slow, write_s: aborted

httptools (llhttp, strict) refuses what smuggling is made of: Content-Length beside Transfer-Encoding, two of either,
signs in lengths, bare LF, folded lines. What is left to check here are sizes, counts and time. A request whose head was
let in before, byte for byte, goes from idle to waiting at once (`heads`).
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections import deque
from typing import TYPE_CHECKING, cast

import httptools

from jupyter_kronkers.serving.gateway.answers import Answer, refusal_of_http
from jupyter_kronkers.serving.gateway.http.exchanges import Exchange
from jupyter_kronkers.serving.gateway.http.heads import Head

if TYPE_CHECKING:
    from jupyter_kronkers.serving.gateway.http.servers import HttpServer

SINGLE = frozenset({b"host", b"content-type", b"authorization", b"content-encoding"})
UPGRADING = frozenset({b"connection", b"upgrade", b"http2-settings"})
DEEPEST_PIPELINE = 64


class Connection(asyncio.Protocol):
    """The server's side of one connection."""

    def __init__(self, server: HttpServer) -> None:
        self.server = server
        self.limits = server.limits
        self.transport: asyncio.Transport | None = None
        self.parser = httptools.HttpRequestParser(self)
        self.waiting: deque[Exchange] = deque()
        self.due: float | None = None
        self.write_due: float | None = None
        self.state = "idle"
        self._current: Exchange | None = None
        self._whole: bytes | None = None
        self._body: list[bytes] = []
        self._size = 0
        self._count = 0
        self._paused = False

    # From the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport = cast(asyncio.Transport, transport)
        transport.set_write_buffer_limits(high=1 << 20)
        nodelay(transport)
        self.server.connections.add(self)
        self._await("idle", self.limits.head_s)
        if len(self.server.connections) > self.limits.connections:
            self._refuse(503, "There are too many connections.", headers=b"Retry-After: 1\r\n")

    def data_received(self, data: bytes) -> None:
        if self.state == "refused":
            return
        self._whole = None
        if self.state == "idle":
            if (found := self.server.heads.find(data)) is not None and not self.server.draining:
                return self._take_up(*found, data)
            self._whole = data
        self._size += len(data) if self.state == "head" else 0
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as problem:
            self._refuse(400, f"This is not a valid HTTP/1.1 request: {problem}.")
        if self.state == "head" and self._size > self.limits.head_bytes:
            self._refuse(431, f"The head of a request may have {self.limits.head_bytes:,} bytes.")

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, _problem: Exception | None) -> None:
        self.server.connections.discard(self)
        self.transport = None
        del self.parser  # which holds this connection: megabytes of bodies would wait for the garbage collector
        for exchange in self.waiting:
            exchange.lost = True
            if exchange.gone is not None:
                exchange.gone()
        self.waiting.clear()

    def pause_writing(self) -> None:
        self.write_due = self.server.now() + self.limits.write_s

    def resume_writing(self) -> None:
        self.write_due = None
        self.flush()

    # From the parser

    def on_message_begin(self) -> None:
        if self.state == "refused":
            return
        self._current = Exchange(self, self.server.now())
        self._size = self._count = 0
        self._body = []
        self._await("head", self.limits.head_s)

    def on_url(self, url: bytes) -> None:
        if self.state == "head" and self._current is not None:
            self._current.path += url
            if len(self._current.path) > self.limits.path_bytes:
                self._refuse(414, f"An address may have {self.limits.path_bytes:,} bytes.")

    def on_header(self, name: bytes, value: bytes) -> None:
        exchange = self._current
        if self.state != "head" or exchange is None:
            return
        name = name.lower()
        self._count += 1
        self._size += len(name) + len(value)
        if self._count > self.limits.headers or self._size > self.limits.head_bytes:
            self._refuse(431, f"A request may have {self.limits.headers} headers of {self.limits.head_bytes:,} bytes.")
        elif name in SINGLE and name in exchange.headers:
            self._refuse(400, f"The header {name.decode('latin-1')} occurs twice.")
        else:
            exchange.headers[name] = value

    def on_headers_complete(self) -> None:
        exchange = self._current
        if self.state != "head" or exchange is None:
            return
        exchange.method = self.parser.get_method()
        if b"upgrade" in exchange.headers and self.parser.should_upgrade():
            self.state = "upgrade"
            return
        exchange.path, _, exchange.query = exchange.path.partition(b"?")
        exchange.keep_alive = self.parser.should_keep_alive() and self.parser.get_http_version() == "1.1"
        if b"host" not in exchange.headers and self.parser.get_http_version() != "1.0":
            return self._refuse(400, "A request needs the header Host.")
        if int(exchange.headers.get(b"content-length", b"0")) > self.limits.body_bytes:
            return self._refuse_body()
        if (refused := self.server.application.admit(exchange)) is not None:
            return self._end(refused._replace(close=True) if self._has_body(exchange) else refused)
        if exchange.headers.get(b"expect", b"").lower() == b"100-continue" and self.transport is not None:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._size = 0
        self._await("body", self.limits.body_s)

    def on_body(self, body: bytes) -> None:
        if self.state != "body":
            return
        self._size += len(body)
        if self._size > self.limits.body_bytes:
            return self._refuse_body()
        self._body.append(body)

    def on_message_complete(self) -> None:
        exchange = self._current
        if exchange is None or self.state in ("refused", "upgrade"):
            return
        exchange.keep_alive = exchange.keep_alive and not self.server.draining
        self._current = None
        admitted = self.state == "body"
        self._await("waiting", None)
        if not admitted:
            return self.flush()
        pieces, self._body = self._body, []
        exchange.body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if self._whole is not None:
            self.server.heads.remember(self._whole, exchange)
        self._queue(exchange)
        self.server.application.serve(exchange)

    # Inside

    def _take_up(self, head: Head, end: int, data: bytes) -> None:
        """A whole request whose head is known."""
        exchange = Exchange(self, self.server.now())
        exchange.method, exchange.path, exchange.query, exchange.headers, exchange.target = head[:5]
        exchange.body = data[end:]
        self.state, self.due = "waiting", None
        self.waiting.append(exchange)
        self.server.application.serve(exchange)

    def flush(self) -> None:
        """Write every answer that is due, in the order of the requests, in one piece."""
        if self.transport is None or self.write_due is not None:
            return
        if len(self.waiting) == 1 and self.state == "waiting" and not self._paused and self._answer_only():
            return
        parts: list[bytes] = []
        close = False
        while self.waiting and not close and (answer := self.waiting[0].reply) is not None:
            exchange = self.waiting.popleft()
            close = answer.close or not exchange.keep_alive
            parts.append(self.server.written(answer, exchange.method == b"HEAD", close))
        if parts:
            self.transport.write(b"".join(parts))
        if close:
            self._close(self.transport)
        elif not self.waiting and self.state == "waiting":
            self._await("idle", self.limits.idle_s)
        if self._paused and len(self.waiting) < DEEPEST_PIPELINE // 2:
            self._paused = False
            self.transport.resume_reading()

    def _answer_only(self) -> bool:
        """The usual case of `flush`: one request, one answer, and the connection stays."""
        exchange = self.waiting[0]
        answer = exchange.reply
        if answer is None or answer.close or not exchange.keep_alive or self.transport is None:
            return False
        self.waiting.clear()
        self.state, self.due = "idle", self.server.clock + self.limits.idle_s
        self.transport.write(self.server.written(answer, exchange.method == b"HEAD", False))
        return True

    def expire(self) -> None:
        """A deadline has passed."""
        if self.transport is None:
            return
        if self.write_due is not None:
            self.transport.abort()
        elif self.state in ("head", "body"):
            self._refuse(408, "The request did not arrive in time.")
        elif self.transport.is_closing():
            self.transport.abort()  # what it was sent last is never read
        elif self.state != "idle" or not has_arrived(self.transport):
            self.transport.close()
            self.state, self.due = "ended", self.server.now() + self.limits.linger_s

    def drain(self) -> None:
        """Close now if idle, else after the answers that are still due."""
        if self.state == "idle" and not self.waiting and self.transport is not None:
            self.transport.close()
        elif self.waiting:
            self.waiting[-1].keep_alive = False

    def _await(self, state: str, allowed_s: float | None) -> None:
        self.state = state
        self.due = None if allowed_s is None else self.server.now() + allowed_s

    def _queue(self, exchange: Exchange) -> None:
        self.waiting.append(exchange)
        if len(self.waiting) >= DEEPEST_PIPELINE and self.transport is not None and not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def _end(self, answer: Answer) -> None:
        """Answer by the head alone. With `close` nothing more is read from this connection."""
        exchange = self._current or Exchange(self, self.server.now())
        self._queue(exchange)
        self.state = "refused" if answer.close else "ended"
        exchange.reply = answer
        if answer.close:
            self._current = self.due = None
            self.flush()

    def _refuse(self, status: int, detail: str, *, headers: bytes = b"") -> None:
        if self.state != "refused":
            self._end(refusal_of_http(status, detail, headers=headers, close=True))

    def _refuse_body(self) -> None:
        limit = self.limits.body_bytes
        self._refuse(413, f"A body may have {limit:,} bytes. Send fewer rows at once, or run a batch job for many.")

    def _has_body(self, exchange: Exchange) -> bool:
        return b"transfer-encoding" in exchange.headers or exchange.headers.get(b"content-length", b"0") != b"0"

    def _go_on_without_upgrade(self, rest: bytes) -> None:
        # We speak HTTP/1.1 only; a caller that offers more (Java's client does) is served as if it had not. httptools
        # reads no body after such an offer, so the head is read once more without it.
        self.parser = httptools.HttpRequestParser(self)
        if self.state == "upgrade" and self._current is not None:
            rest = head_without_upgrade(self._current) + rest
        if rest and self.state != "refused":
            self.data_received(rest)

    def _close(self, transport: asyncio.Transport) -> None:
        """Close so that the answer arrives: bytes that were never read would turn it into a reset."""
        if self.state != "refused":
            return transport.close()
        if transport.can_write_eof():
            transport.write_eof()
        self.due = self.server.now() + self.limits.linger_s


def head_without_upgrade(exchange: Exchange) -> bytes:
    kept = [name + b": " + value for name, value in exchange.headers.items() if name not in UPGRADING]
    return b"\r\n".join([exchange.method + b" " + exchange.path + b" HTTP/1.1", *kept, b"", b""])


def has_arrived(transport: asyncio.Transport) -> bool:
    """Whether there is something to read. Closing before it is read would cut a request off that was in time."""
    poll = select.poll()
    poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(poll.poll(0))


def nodelay(transport: asyncio.Transport) -> None:
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
