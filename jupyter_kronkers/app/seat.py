"""This server's place at its data folder: owner, or client of the owner until that one goes.

    looking ──lock free──▶ owner          answers itself, and others through a port of its own
       ▲ └───lock taken──▶ client         passes requests on to the living owner, as the same principal
       └──── owner died ─────┘

`keep` goes on looking for as long as the server lives, so a dead owner's deployments are served again in seconds.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from jupyter_kronkers.errors import KronkersError, Unavailable

if TYPE_CHECKING:
    from jupyter_kronkers.api import Request, Response, Transport
    from jupyter_kronkers.api.rooms import Desk
    from jupyter_kronkers.api.routes import Route
    from jupyter_kronkers.client.http import HttpTransport
    from jupyter_kronkers.control import Ownership, Plane
    from jupyter_kronkers.control.plane import ControlPlane, Served
    from jupyter_kronkers.store import Folders

T = TypeVar("T")
LOOK_S, TROUBLE_S = 0.5, 5.0
OPEN_S = 30.0
PATIENCE_S = 15.0
THREADS = 16


@dataclass(frozen=True)
class Wishes:
    """What the server was configured with. kind: lab or serve. memory: as a person writes it, "" for the default."""

    folders: Folders
    kind: str
    gateway_host: str
    gateway_port: int
    gateways: int = 1
    memory: str = ""
    outlives: bool = False

    def served(self) -> Served:
        """Raises Invalid if the memory is no size."""
        from jupyter_kronkers.control.memory import bytes_of
        from jupyter_kronkers.control.plane import Served

        return Served(self.gateway_host, self.gateway_port, self.gateways, bytes_of(self.memory), self.outlives)


class Seat:
    """Whoever asks gets an answer here, from this process or from the owner."""

    def __init__(
        self,
        wishes: Wishes,
        *,
        desk: Callable[[Transport], Desk],
        opened: Callable[[Seat], None],
        failed: Callable[[KronkersError], None],
    ) -> None:
        self._wishes, self._desk, self._opened, self._failed = wishes, desk, opened, failed
        self._ownership: Ownership | None = None
        self.token = secrets.token_urlsafe(32)
        """What other processes of the same user show to us."""
        self._pool = ThreadPoolExecutor(THREADS, "kronkers")
        self._changed = asyncio.Condition()
        self._transport: Transport | None = None
        self._problem: KronkersError | None = None
        self._listener: HTTPServer | None = None
        self._url = ""
        self._plane: Plane | None = None
        self.gateway_url: str | None = None
        self._keeping: asyncio.Task[None] | None = None
        self.control: ControlPlane | None = None
        self.log = logging.getLogger(__name__)

    @property
    def plane(self) -> Plane | None:
        """The owner that this server is attached to; None while it is the owner itself, or looks for its place."""
        return self._plane

    @property
    def owns(self) -> bool:
        return self.control is not None

    def __str__(self) -> str:
        place = "owner of" if self.owns else f"attached, through {self._plane}, to"
        return f"{place} {self._wishes.folders.root}"

    # its life

    async def open(self) -> None:
        """Begin to look for our place; returns at once. Harmless to repeat."""
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Stop everything that serves, then give the folder up."""
        if self._keeping is not None:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping
        if self._listener is not None:
            self._listener.stop()
        control, self.control = self.control, None
        if control is not None:
            await self._in_thread(control.stop)
        if self._listener is not None:
            await self._listener.close_all_connections()
        self._release()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _keep(self) -> None:
        while True:
            pause_s = LOOK_S
            try:
                await self._look()
            except KronkersError as problem:
                await self._trouble(problem)
                pause_s = TROUBLE_S
            except Exception as problem:  # a door: the server must live on, and say what is wrong
                self.log.exception("The control plane did not start")
                await self._trouble(Unavailable(f"The control plane did not start: {problem}", retry_after_s=5))
                pause_s = TROUBLE_S
            await asyncio.sleep(pause_s)

    async def _look(self) -> None:
        if self.owns:
            return
        if await self._in_thread(self._take):
            await self._own()
        else:
            await self._attach()

    def _take(self) -> bool:
        from jupyter_kronkers.control import Ownership

        if self._ownership is None:
            self._wishes.folders.prepare()
            self._ownership = Ownership(self._wishes.folders, self._wishes.kind, self.token)
        return self._ownership.take()

    def _release(self) -> None:
        if self._ownership is not None:
            self._ownership.release()

    async def _own(self) -> None:
        control = await self._in_thread(self._build)
        try:
            await self._in_thread(control.start)
            self._listen()
        except BaseException:
            await self._in_thread(control.stop)
            self._release()
            raise
        self.control, self._plane = control, None
        await self._stand(control.dispatcher)
        if self._ownership is not None:
            self._ownership.announce(self._url)

    def _build(self) -> ControlPlane:
        from jupyter_kronkers.control.plane import ControlPlane

        wishes = self._wishes
        try:
            return ControlPlane(wishes.folders, served=wishes.served(), owner_token=self.token)
        except BaseException:
            self._release()
            raise

    def _listen(self) -> None:
        """Open the port for other processes of the same user."""
        from jupyter_kronkers.app.handlers import PREFIX, owner_application

        if self._listener is None:
            sockets = bind_sockets(0, "127.0.0.1")
            self._listener = HTTPServer(owner_application(self), idle_connection_timeout=3_600)
            self._listener.add_sockets(sockets)
            self._url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}{PREFIX}"

    async def _attach(self) -> None:
        from jupyter_kronkers.control import living_owner

        plane = await self._in_thread(living_owner, self._wishes.folders)
        if plane is None or not plane.url or plane == self._plane:
            return
        self._plane = plane
        await self._stand(await self._in_thread(reach, plane))

    async def _stand(self, transport: Transport) -> None:
        self.gateway_url = await self._in_thread(gateway_of, transport)
        self._opened(self)
        async with self._changed:
            self._transport, self._problem = transport, None
            self._changed.notify_all()

    async def _trouble(self, problem: KronkersError) -> None:
        async with self._changed:
            self._problem = problem
            self._changed.notify_all()
        self._failed(problem)

    # its work

    async def answer(self, request: Request) -> Response:
        """The answer to a request that was admitted; an error is an answer too."""
        from jupyter_kronkers.api.problems import response_to

        try:
            transport = await self.transport()
            route = await self._route(request.method, request.path)
            if route is not None and route.here:
                from jupyter_kronkers.api.dispatch import answer_here

                return await answer_here(self._desk(transport), request)
            return await self._ask(transport, request)
        except KronkersError as problem:
            return response_to(problem)

    async def transport(self) -> Transport:
        """Whoever answers; waits while there is nobody yet. Raises Unavailable, or what keeps us from starting."""
        await self.open()
        with suppress(TimeoutError):
            async with asyncio.timeout(OPEN_S), self._changed:
                await self._changed.wait_for(lambda: self._transport is not None or self._problem is not None)
        if self._transport is not None:
            return self._transport
        raise self._problem or Unavailable(
            f"Another process has the data folder {self._wishes.folders.root} and cannot be asked.", retry_after_s=2
        )

    async def scope(self, method: str, path: str) -> str:
        """The scope that a request needs; "anyone" for what no route declares, which is refused later on."""
        route = await self._route(method, path)
        return route.scope if route else "anyone"

    async def _route(self, method: str, path: str) -> Route | None:
        return await self._in_thread(route_of, method, path)

    async def _ask(self, transport: Transport, request: Request) -> Response:
        """The transport's answer; if its owner died, that of the next one, where asking twice does no harm."""
        try:
            return await self._in_thread(transport.answer, request)
        except ConnectionError as problem:
            if request.stream is not None or not harmless(request):
                raise Unavailable("The owner of the data folder went away.", remedy="Try again.") from problem
        return await self._ask(await self._next(transport), request)

    async def _next(self, gone: Transport) -> Transport:
        """The transport after this one. Raises Unavailable if none came in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S), self._changed:
                await self._changed.wait_for(lambda: self._transport is not gone)
        if self._transport is gone or self._transport is None:
            raise Unavailable("The owner of the data folder went away and nobody took its place yet.", retry_after_s=5)
        return self._transport

    async def _in_thread(self, work: Callable[..., T], *given: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *given)


def harmless(request: Request) -> bool:
    """Whether asking twice is the same as asking once."""
    return request.method != "POST" or "idempotency-key" in request.headers


def route_of(method: str, path: str) -> Route | None:
    from jupyter_kronkers.api.problems import Refusal
    from jupyter_kronkers.api.routes import find

    try:
        return find(method, path)[0]
    except Refusal:
        return None


def gateway_of(transport: Transport) -> str | None:
    """Where predictions are served, as the owner tells it; None if nothing does."""
    import msgspec

    from jupyter_kronkers.access import local_principal
    from jupyter_kronkers.api import Request
    from jupyter_kronkers.api.health import Ready

    answer = transport.answer(Request("GET", "/health/ready", local_principal()))
    return msgspec.json.decode(answer.body, type=Ready).gateway_url if answer.status == 200 else None


def reach(plane: Plane) -> HttpTransport:
    from jupyter_kronkers.client.http import HttpTransport

    return HttpTransport(plane)
