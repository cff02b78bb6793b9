"""Exchanges: one request and the place for its answer, and what stands behind the HTTP server."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from jupyter_kronkers.serving.gateway.answers import Answer

if TYPE_CHECKING:
    from jupyter_kronkers.serving.gateway.http.connections import Connection


class Application(Protocol):
    """What stands behind the HTTP server. No method may block or raise."""

    @property
    def edition(self) -> object:
        """What `admit` said of a head is true again as long as this is the very same object."""

    def admit(self, exchange: Exchange) -> Answer | None:
        """Decide by the head alone, before any body is read. An answer refuses the request."""

    def serve(self, exchange: Exchange) -> None:
        """Answer the exchange once, by `exchange.answer`, now or later."""


class Exchange:
    """One request and the place for its answer. `gone` is called if the caller leaves before the answer."""

    __slots__ = (
        "_connection",
        "body",
        "gone",
        "good_until",
        "headers",
        "keep_alive",
        "lost",
        "method",
        "path",
        "query",
        "reply",
        "started",
        "target",
    )

    def __init__(self, connection: Connection, started: float) -> None:
        self._connection = connection
        self.started = started
        self.method = self.path = self.query = self.body = b""
        self.headers: dict[bytes, bytes] = {}
        self.keep_alive = True
        self.lost = False
        self.reply: Answer | None = None
        self.gone: Callable[[], None] | None = None
        self.target: object = None
        """What `admit` found for this request, kept for `serve`."""
        self.good_until = math.inf
        """When what `admit` found is not true any more, in seconds since 1970."""

    def answer(self, answer: Answer) -> None:
        """Send the answer, after those of earlier requests on this connection. A second answer is ignored."""
        if self.reply is None:
            self.reply = answer
            self._connection.flush()
