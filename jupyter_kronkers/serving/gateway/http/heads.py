"""Heads: what was decided on a head holds for the same bytes when they come again.

A client sends the same head with each of its requests, so most heads need neither parser nor policy. Only what the
strict parser took and `admit` let in is remembered, byte for byte, and only while the routes are the same.
"""

from __future__ import annotations

import math
import time
from typing import NamedTuple

from jupyter_kronkers.serving.gateway.http.exchanges import Application, Exchange

MOST = 4_096
LONGEST = 4_096
"""Bytes of a head that is worth remembering."""

END = b"\r\n\r\n"


class Head(NamedTuple):
    """A head that was let in; `body` is how many bytes follow it."""

    method: bytes
    path: bytes
    query: bytes
    headers: dict[bytes, bytes]
    target: object
    body: int
    good_until: float


class Heads:
    """The heads that were let in since the routes last changed."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._edition: object = None
        self._known: dict[bytes, Head] = {}

    def find(self, data: bytes) -> tuple[Head, int] | None:
        """The head that `data` begins with and its length, if it is known and the whole body follows, nothing more."""
        end = data.find(END, 0, LONGEST) + len(END)
        head = self._known.get(data[:end])
        if head is None or len(data) != end + head.body or self._application.edition is not self._edition:
            return None
        if head.good_until != math.inf and head.good_until <= time.time():
            return None
        return head, end

    def remember(self, data: bytes, exchange: Exchange) -> None:
        """That `data`, one whole request, was let in. Requests whose body has no plain length are not remembered."""
        end = data.find(END, 0, LONGEST) + len(END)
        body = int(exchange.headers.get(b"content-length", b"0"))
        if end < len(END) or len(data) != end + body or not unremarkable(exchange):
            return
        if self._application.edition is not self._edition or len(self._known) >= MOST:
            self._edition = self._application.edition
            self._known = {}
        found = exchange.method, exchange.path, exchange.query, exchange.headers, exchange.target
        self._known[data[:end]] = Head(*found, body, exchange.good_until)


def unremarkable(exchange: Exchange) -> bool:
    """Nothing in the head asks for more than an answer on a connection that stays."""
    asks = (b"transfer-encoding", b"expect", b"upgrade")
    return exchange.keep_alive and not any(name in exchange.headers for name in asks)
