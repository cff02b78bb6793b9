"""From a Request to a Response, without a web server.

find the route ─▶ require its scope ─▶ decode ─▶ operation ─▶ encode
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from jupyter_kronkers.access import require
from jupyter_kronkers.access.guard import guarded
from jupyter_kronkers.api import decoding, idempotency
from jupyter_kronkers.api.exchange import Call, Request, Response
from jupyter_kronkers.api.problems import JSON, Refusal, response_to
from jupyter_kronkers.api.rooms import Desk, Rooms
from jupyter_kronkers.api.routes import ANYONE, ROUTES, Route, find
from jupyter_kronkers.errors import Denied, Unavailable

Names = Mapping[str, str]


class Dispatcher:
    """Answers every route but those that only the user's own Jupyter Server can."""

    def __init__(self, rooms: Rooms, routes: tuple[Route, ...] = ROUTES) -> None:
        self._rooms, self._routes = rooms, routes
        self._idempotency = idempotency.Idempotency(rooms.store, rooms.clock)

    def recover(self) -> None:
        """Call once at start, while nothing is being answered."""
        self._idempotency.recover()

    def answer(self, request: Request) -> Response:
        """The answer; an error is an answer too. Blocks, and may be called from many threads."""
        try:
            route, names = admitted(request, self._routes)
            if route.here:
                raise Refusal(409, "not_here", "Kernels are asked through the Jupyter Server that runs them.")
            work = self._work(route, names, request)
            if route.repeatable and idempotency.HEADER in request.headers:
                return self._idempotency.once(request, work)
            return work()
        except Denied as denied:
            self._remember(request, denied)
            return response_to(denied)
        except ConnectionError as gone:
            return response_to(Refusal(400, "body_cut", str(gone)))
        except Exception as error:  # noqa: BLE001  a door: all becomes an answer; what is unforeseen is logged there
            return response_to(error)

    def _remember(self, request: Request, denied: Denied) -> None:
        """An attempt at what one may not do is worth a row of the audit, even though nothing was changed."""
        with suppress(Unavailable), self._rooms.store.writing() as tx:
            what = f"{request.method} {request.path}"
            self._rooms.audit.record(tx, request.who, "request.denied", what, result="denied", scope=denied.scope)

    def _work(self, route: Route, names: Names, request: Request) -> Callable[[], Response]:
        call = call_of(route, names, request)

        def work() -> Response:
            with guarded():
                return encoded(route, route.operation(self._rooms, call), request)

        return work


async def answer_here(desk: Desk, request: Request) -> Response:
    """The answer to a `here` route, from the user's own Jupyter Server."""
    try:
        route, names = admitted(request)
        answer = await route.operation(desk, call_of(route, names, request))
        return encoded(route, answer, request)
    except Exception as error:  # noqa: BLE001  a door, as above
        return response_to(error)


def admitted(request: Request, routes: tuple[Route, ...] = ROUTES) -> tuple[Route, Names]:
    """The route, if it exists and the caller may use it. Raises Refusal or Denied."""
    route, names = find(request.method, request.path, routes)
    if route.scope != ANYONE:
        require(request.who, route.scope)
    return route, names


def call_of(route: Route, names: Names, request: Request) -> Call[Any, Any]:
    body = decoding.Nothing() if route.body is decoding.Nothing else decoding.body_of(request, route.body)
    return Call(
        who=request.who,
        path=names,
        query=decoding.query_of(request, route.query),
        body=body,
        revision=decoding.revision_of(request),
        stream=request.stream,
    )


def encoded(route: Route, answer: object, request: Request) -> Response:
    if answer is None:
        return Response(route.status, {}, b"")
    headers = {"Content-Type": JSON}
    if route.tagged and hasattr(answer, "revision"):
        headers["ETag"] = f'"{answer.revision}"'
        if request.headers.get("if-none-match") == headers["ETag"] and request.method == "GET":
            return Response(304, headers, b"")
    return Response(route.status, headers, msgspec.json.encode(answer))
