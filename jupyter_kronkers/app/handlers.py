"""Tornado's side of the interface: a request is authenticated, authorised and handed to whoever answers.

    ApiHandler      Jupyter's authentication, XSRF and Authorizer; the principal is the person of this server
    OwnerHandler    other processes of the same user, with the token of control/plane.json
    OwnerEvents     the same, to hear of changes

Each has a twin for files, whose body is handed over piece by piece. Nothing here blocks the loop.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.iostream import StreamClosedError

from jupyter_kronkers.access import Principal, local_principal
from jupyter_kronkers.app.bodies import Body
from jupyter_kronkers.app.following import EVENTS

if TYPE_CHECKING:
    from jupyter_kronkers.api import Request, Response
    from jupyter_kronkers.app.seat import Seat

PREFIX = "/kronkers/api/v1"
RESOURCE = "kronkers"
LARGEST_FILE = 1 << 40
"""The uploads' own quota is what counts; Tornado's general limit (512 MB) is not meant for what goes to disk."""

MOST_NEWS = 1_000

ACTIONS = {"anyone": "read", "read": "read", "write": "write"}
"""Jupyter's Authorizer knows read, write and execute; what changes what is served counts as execute."""

OURS = frozenset({"content-type", "etag", "allow", "accept", "retry-after", "location", "idempotent-replayed"})


class Answering(web.RequestHandler):
    """What all four share."""

    SUPPORTED_METHODS = (*web.RequestHandler.SUPPORTED_METHODS, "TRACE")
    seat: Seat

    def initialize(self, seat: Seat) -> None:
        self.seat = seat

    async def principal(self) -> Principal:
        """Who asks. Raises HTTPError if that is nobody, or nobody who may."""
        raise NotImplementedError

    async def _answer(self, *_names: str) -> None:
        await self.tell(await self.seat.answer(self.asked(await self.principal())))

    def asked(self, who: Principal, stream: Body | None = None) -> Request:
        """The request as it came, its path still encoded."""
        from jupyter_kronkers.api import Request

        headers = {name.lower(): value for name, value in self.request.headers.get_all()}
        path = self.request.path.partition(PREFIX)[2]
        body = b"" if stream is not None else self.request.body
        return Request(str(self.request.method), path, who, self.request.query, headers, body, stream)

    async def tell(self, response: Response) -> None:
        self.set_status(response.status)
        self.clear_header("Content-Type")
        for name, value in response.headers.items():
            if name.lower() in OURS:
                self.set_header(name, value)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("X-Content-Type-Options", "nosniff")
        # Not APIHandler's finish: it would overwrite the content type.
        await web.RequestHandler.finish(self, response.body or None)

    def compute_etag(self) -> str | None:
        """Ours is the revision; Tornado's hash of the body would be a second opinion."""
        return None

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """What Tornado and Jupyter refuse, in the same words as what we refuse."""
        from jupyter_kronkers.api.problems import plain, told

        error = (kwargs.get("exc_info") or (None, None))[1]
        message = getattr(error, "log_message", None) or HTTPStatus(status_code).phrase
        response = told(plain(status_code, HTTPStatus(status_code).name.lower(), message))
        self.set_header("Content-Type", response.headers["Content-Type"])
        web.RequestHandler.finish(self, response.body)


class ApiHandler(Answering, APIHandler):  # type: ignore[misc]  # Jupyter Server is untyped to us
    """The interface below Jupyter's own URL."""

    async def principal(self) -> Principal:
        if not self.current_user:
            raise web.HTTPError(401, "This needs a login or a token of this Jupyter Server.")
        scope = await self.seat.scope(str(self.request.method), self.request.path.partition(PREFIX)[2])
        action = ACTIONS.get(scope, "execute")
        if not await ensure_async(self.authorizer.is_authorized(self, self.current_user, action, RESOURCE)):
            raise web.HTTPError(403, f"You may not {action} {RESOURCE} on this server.")
        self.update_api_activity()
        # Each login by token gets a random name from Jupyter; the person is the one of the operating system.
        return local_principal()

    def check_xsrf_cookie(self) -> None:
        # Someone unknown is told so, and not that a cookie is missing.
        if hasattr(self, "_jupyter_current_user") and not self.current_user:
            raise web.HTTPError(401, "This needs a login or a token of this Jupyter Server.")
        super().check_xsrf_cookie()

    def get_login_url(self) -> str:
        raise web.HTTPError(401, "This needs a login or a token of this Jupyter Server.")

    @web.authenticated
    async def get(self, *names: str) -> None:
        await self._answer(*names)

    post = put = patch = delete = head = options = trace = get


class OwnerHandler(Answering):
    """The interface for other processes of the same user, on a port of its own."""

    async def principal(self) -> Principal:
        self.refuse_strangers()
        names = self.request.headers
        name, scopes = names.get("X-Kronkers-Principal", ""), names.get("X-Kronkers-Scopes", "").split()
        if not name:
            raise web.HTTPError(401, "This needs the name of the principal.")
        return Principal(name, frozenset(scopes))

    def refuse_strangers(self) -> None:
        """Raises HTTPError without the owner's token, or for a Host that a rebound name brought here."""
        if self.request.host.partition(":")[0] != "127.0.0.1":
            raise web.HTTPError(421, "Not the host that this listens for.")
        given = self.request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        if not hmac.compare_digest(given, self.seat.token.encode()):
            raise web.HTTPError(401, "This needs the token of control/plane.json.")

    async def get(self, *names: str) -> None:
        await self._answer(*names)

    post = put = patch = delete = head = options = trace = get


class OwnerEvents(OwnerHandler):
    """Every change as a line of JSON, for as long as the other process listens."""

    def initialize(self, seat: Seat) -> None:
        super().initialize(seat)
        self._news: asyncio.Queue[dict[str, Any]] = asyncio.Queue(MOST_NEWS)
        self._gone = asyncio.Event()

    async def get(self, *_names: str) -> None:
        from jupyter_kronkers.app.announcing import announce

        self.refuse_strangers()
        control = self.seat.control
        if control is None:
            raise web.HTTPError(503, "This process does not own the data folder.")
        self.set_header("Content-Type", "application/x-ndjson")
        unsubscribe = announce(control.events, self._hear)
        telling = asyncio.create_task(self._tell())
        await self._gone.wait()
        unsubscribe()
        telling.cancel()

    def on_connection_close(self) -> None:
        self._gone.set()

    def _hear(self, change: dict[str, Any]) -> None:
        # Who is so far behind that the queue is full sees it when he looks next.
        with suppress(asyncio.QueueFull):
            self._news.put_nowait(change)

    async def _tell(self) -> None:
        with suppress(StreamClosedError):
            while True:
                await self.flush()
                self.write(json.dumps(await self._news.get()) + "\n")


class Streaming(Answering):
    """The body goes to the answering thread while it arrives."""

    body: Body | None = None
    _task: asyncio.Task[Response]

    def initialize(self, seat: Seat) -> None:
        super().initialize(seat)
        connection: Any = self.request.connection
        connection.set_max_body_size(LARGEST_FILE)

    async def prepare(self) -> None:
        waited = super().prepare()
        if waited is not None:
            await waited
        who = await self.principal()
        self.body = Body()
        self._task = asyncio.create_task(self.seat.answer(self.asked(who, self.body)))
        self._task.add_done_callback(self._answered)

    def _answered(self, _task: asyncio.Task[Response]) -> None:
        if self.body is not None:
            self.body.abandon()

    async def data_received(self, chunk: bytes) -> None:
        if self.body is not None:
            await self.body.feed(chunk)

    def on_connection_close(self) -> None:
        if self.body is not None:
            self.body.cut()
        super().on_connection_close()

    async def _answer(self, *_names: str) -> None:
        if self.body is not None:
            await self.body.feed(b"")
        await self.tell(await self._task)


@web.stream_request_body
class ApiFileHandler(Streaming, ApiHandler):
    """Files, below Jupyter's own URL."""


@web.stream_request_body
class OwnerFileHandler(Streaming, OwnerHandler):
    """Files, for other processes of the same user."""


FILES = rf"{PREFIX}/uploads/[^/]+/files/.*"
REST = rf"{PREFIX}/.*"


def api_handlers(seat: Seat) -> list[tuple[str, type[web.RequestHandler], dict[str, Any]]]:
    return [(FILES, ApiFileHandler, {"seat": seat}), (REST, ApiHandler, {"seat": seat})]


def owner_application(seat: Seat) -> web.Application:
    routes = [
        (PREFIX + EVENTS, OwnerEvents, {"seat": seat}),
        (FILES, OwnerFileHandler, {"seat": seat}),
        (REST, OwnerHandler, {"seat": seat}),
    ]
    return web.Application(routes, log_function=lambda handler: None)
