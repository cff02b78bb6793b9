"""The private door of the gateway: HTTP on a Unix socket in a folder that only its owner may enter.

PUT  /routes             serve this from now on
GET  /state?after=N      how everything stands, as soon as it differs from revision N
GET  /tallies            what this process has counted, for a sibling that is scraped
GET  /tallies?of=callers of that only what callers were answered, which costs little
GET  /logs/{deployment}  the last lines its hosts printed
POST /shutdown           finish what is under way, then end
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import msgspec

from jupyter_kronkers.serving.gateway.answers import TEXT, Answer, refusal_of_http
from jupyter_kronkers.serving.gateway.deployments.deployments import Deployments
from jupyter_kronkers.serving.gateway.hosts import logs
from jupyter_kronkers.serving.gateway.http import Exchange
from jupyter_kronkers.serving.gateway.metrics import Metrics
from jupyter_kronkers.serving.gateway.routes import Routes

LONG_POLL_S = 20.0
LOG_LINES = 1_000
METHODS = {b"/routes": b"PUT", b"/state": b"GET", b"/tallies": b"GET", b"/shutdown": b"POST"}
AFTER = re.compile(rb"(?:^|&)after=([0-9]{1,15})(?:&|$)")
LOGS = re.compile(rb"/logs/([a-z0-9][a-z0-9._-]{0,62})")


class Admin:
    """The application behind the admin socket. What may enter the folder of the socket may do everything."""

    def __init__(self, deployments: Deployments, metrics: Metrics, shut_down: Callable[[], None]) -> None:
        self._deployments, self._metrics, self._shut_down = deployments, metrics, shut_down
        self._polls: set[asyncio.Task[None]] = set()

    edition = None
    """`admit` says the same for ever."""

    def admit(self, exchange: Exchange) -> Answer | None:
        method = METHODS.get(exchange.path, b"GET" if LOGS.fullmatch(exchange.path) else None)
        if method is None:
            return refusal_of_http(404, "There is no such address.")
        if exchange.method != method:
            return refusal_of_http(405, "Not like this.", headers=b"Allow: " + method + b"\r\n")
        return None

    def serve(self, exchange: Exchange) -> None:
        if exchange.path == b"/routes":
            exchange.answer(self._routes(exchange.body))
        elif exchange.path == b"/state":
            poll = asyncio.get_running_loop().create_task(self._state(exchange))
            self._polls.add(poll)
            poll.add_done_callback(self._polls.discard)
        elif exchange.path == b"/tallies":
            exchange.answer(Answer(200, self._metrics.told_as_json(callers_only=exchange.query == b"of=callers")))
        elif exchange.path == b"/shutdown":
            exchange.answer(Answer(202, b"{}"))
            self._shut_down()
        else:
            exchange.answer(Answer(200, self._log(exchange.path), TEXT))

    def _routes(self, body: bytes) -> Answer:
        try:
            routes = msgspec.json.decode(body, type=Routes)
        except msgspec.MsgspecError as problem:
            return refusal_of_http(422, f"These are no routes: {problem}")
        self._deployments.apply(routes)
        return Answer(200, msgspec.json.encode({"revision": self._deployments.revision}))

    async def _state(self, exchange: Exchange) -> None:
        after = int(found[1]) if (found := AFTER.search(exchange.query)) else 0
        state = await self._deployments.state(after, LONG_POLL_S)
        exchange.answer(Answer(200, msgspec.json.encode(state)))

    def _log(self, path: bytes) -> bytes:
        found = LOGS.fullmatch(path)
        said = logs.lines(self._deployments.folder, found[1].decode(), LOG_LINES) if found else []
        return "".join(f"{line}\n" for line in said).encode()
