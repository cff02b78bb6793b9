"""Deployments as they run: each has one task that makes its route true, and swaps by moving one pointer.

    route ──▶ bring (copy, verify) ──▶ start hosts ──▶ conformance ──▶ live = new ──▶ old drains, stays warm or ends
                 └──────────────┴─────────────┴── any failure: what was live serves on, with the reason

The newest route wins: one that arrives while an older is being made true replaces it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from jupyter_kronkers.errors import KronkersError, Unavailable
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.serving.gateway.artifacts import bring, forget
from jupyter_kronkers.serving.gateway.batching import Answered
from jupyter_kronkers.serving.gateway.keeping import Keeping
from jupyter_kronkers.serving.gateway.metrics import Metrics
from jupyter_kronkers.serving.gateway.routes import Grant, Placed, Route, Routes, ServingLimits, load, save
from jupyter_kronkers.serving.gateway.states import DeploymentState, ReplicaState, State
from jupyter_kronkers.serving.gateway.versions import LoadedVersion

log = logging.getLogger(__name__)

RETRY_S, LONGEST_RETRY_S = 2.0, 120.0
WARM_S = 15 * 60.0
"""How long a version that is not live is kept loaded: the previous one, and a newer one that may be chosen soon."""

SWEEP_S = 0.25

Key = tuple[str, int, str, ServingLimits]


def key_of(placed: Placed, limits: ServingLimits) -> Key:
    return placed.model, placed.number, placed.digest, limits


class Deployment:
    """One deployment: what is wanted, what is live, what is kept warm."""

    def __init__(self, route: Route, place: Deployments) -> None:
        self.route: Route | None = route
        self.name = route.deployment
        self.live: LoadedVersion | None = None
        self.state, self.problem = "starting", KronkersError("")
        self._place = place
        self._warm: dict[Key, tuple[LoadedVersion, float]] = {}
        self._cold: set[Key] = set()
        self._failed: Key | None = None
        self._news = asyncio.Event()
        self._parked: list[Callable[[], None]] = []
        self._loading: asyncio.Task[LoadedVersion] | None = None
        self._loading_key: Key | None = None
        self._retired: set[asyncio.Task[None]] = set()
        self._retry_s = RETRY_S
        self.task = asyncio.get_running_loop().create_task(self._work())

    def want(self, route: Route | None) -> None:
        """Make this true from now on; None ends the deployment."""
        if route != self.route:
            self.route = route
            self._cold.clear()
            self._failed = None
            self._retry_s = RETRY_S
            self._news.set()
            if self._loading is not None and (
                route is None or self._loading_key != key_of(route.version, route.limits)
            ):
                self._loading.cancel()

    def choose(self, use: bytes | None = None) -> LoadedVersion:
        """The version that answers this request. Raises Unavailable in words if there is none."""
        if self.live is None:
            raise Unavailable(f"{self.name} is {self.state}. {self.problem}".strip(), retry_after_s=2.0)
        return self.live

    @property
    def shadow(self) -> LoadedVersion | None:
        """The version that gets copies of the requests; its answers go nowhere."""
        return None

    def shadowed(self, columns: Sequence[Column], rows: int, answer: Answered) -> None:
        """Let the shadow answer the same, and compare. Never raises, never waits."""

    def park(self, again: Callable[[], None]) -> bool:
        """Call `again` once it is known whether this can answer. False if that is known, or if too many wait."""
        limit = self.route.limits.queue if self.route else 0
        if self.live is not None or self.state != "starting" or len(self._parked) >= limit:
            return False
        self._parked.append(again)
        return True

    async def _work(self) -> None:
        while self.route is not None:
            route = self.route
            self._news.clear()
            done = await self._make_true(route)
            if done and route is self.route:
                await self._warm_up(route)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._next_look(done)):
                    await self._news.wait()
        await self._end()

    def _next_look(self, done: bool) -> float:
        if done:
            self._retry_s = RETRY_S
            return 30.0
        self._retry_s = min(LONGEST_RETRY_S, 2 * self._retry_s)
        return self._retry_s / 2

    async def _make_true(self, route: Route) -> bool:
        """Whether the wanted version is live now. If it cannot be, what was live stays, or the previous one serves."""
        key = key_of(route.version, route.limits)
        if self.live is not None and self._key(self.live) == key:
            self.live.scale(route.replicas)
            self._say("ready")
            return True
        if key != self._failed:
            self._say("swapping" if self.live else "starting")
        try:
            self._swap(await self._loaded(route.version, route), route)
        except asyncio.CancelledError:  # by `want`: there is a newer route
            return False
        except KronkersError as problem:
            self._failed = key
            await self._fall_back(route, problem)
            return False
        self._say("ready")
        return True

    async def _fall_back(self, route: Route, problem: KronkersError) -> None:
        log.warning("%s: %s cannot be served: %s", self.name, route.version.words, problem)
        if self.live is None and route.previous is not None:
            with contextlib.suppress(KronkersError, asyncio.CancelledError):
                self._swap(await self._loaded(route.previous, route), route)
        self._say("degraded" if self.live else "failed", problem)

    async def _loaded(self, placed: Placed, route: Route) -> LoadedVersion:
        key = key_of(placed, route.limits)
        if key in self._warm:
            version, _ = self._warm.pop(key)
            version.scale(route.replicas)
            return version
        return await self._cancellable(placed, route.limits, route.replicas)

    async def _cancellable(self, placed: Placed, limits: ServingLimits, replicas: int) -> LoadedVersion:
        self._loading_key = key_of(placed, limits)
        self._loading = asyncio.get_running_loop().create_task(self._load(placed, limits, replicas))
        try:
            return await self._loading
        finally:
            self._loading = None

    async def _load(self, placed: Placed, limits: ServingLimits, replicas: int) -> LoadedVersion:
        artifact = await asyncio.to_thread(bring, placed, self._place.cache, self._place.public_key)
        place = self._place
        version = LoadedVersion(artifact, limits, place.logs_of(self.name), place.changed, place.keeping)
        place.metrics.follow(self.name, version)
        await version.load(replicas)
        return version

    def _swap(self, new: LoadedVersion, route: Route) -> None:
        """One pointer moves; what was live finishes what it has."""
        old, self.live = self.live, new
        if old is not None:
            self._retire(old, route)

    def _retire(self, old: LoadedVersion, route: Route) -> None:
        key = self._key(old)
        if route.previous is not None and key == key_of(route.previous, route.limits) and key not in self._warm:
            self._warm[key] = (old, asyncio.get_running_loop().time() + WARM_S)
        task = asyncio.get_running_loop().create_task(self._retiring(old, key))
        self._retired.add(task)
        task.add_done_callback(self._retired.discard)

    async def _retiring(self, old: LoadedVersion, key: Key) -> None:
        await old.drain()
        if key in self._warm and self._warm[key][0] is old:
            old.scale(1)
        elif old is not self.live:
            await old.closed()
        self._place.changed()

    async def _warm_up(self, route: Route) -> None:
        """Load a newer version before it is chosen; let go what is not likely to be chosen any more."""
        wanted = {key_of(p, route.limits): p for p in (route.upcoming, route.previous) if p is not None}
        now = asyncio.get_running_loop().time()
        for tired in [k for k, (_, until) in self._warm.items() if k not in wanted or until < now]:
            self._cold.add(tired)
            await self._warm.pop(tired)[0].closed()
        if (placed := route.upcoming) is None:
            return
        key = key_of(placed, route.limits)
        if key in self._warm or key in self._cold or (self.live is not None and key == self._key(self.live)):
            return
        self._cold.add(key)
        with contextlib.suppress(KronkersError, asyncio.CancelledError):
            self._warm[key] = (await self._cancellable(placed, route.limits, 1), now + WARM_S)
            self._place.changed()

    def _key(self, version: LoadedVersion) -> Key:
        return key_of(version.artifact.placed, version.limits)

    async def _end(self) -> None:
        """Let what is under way finish, then leave no process."""
        live, self.live = self.live, None
        self._say("stopped")
        if live is not None:
            await live.drain()
            await live.closed()
        for version, _ in self._warm.values():
            await version.closed()
        await asyncio.gather(*self._retired, return_exceptions=True)

    def _say(self, state: str, problem: KronkersError | None = None) -> None:
        said = problem or KronkersError("")
        if (state, str(said)) != (self.state, str(self.problem)):
            self.state, self.problem = state, said
            self._place.changed()
        if state != "starting":
            parked, self._parked = self._parked, []
            for again in parked:
                again()

    @property
    def versions(self) -> list[tuple[LoadedVersion, bool]]:
        """Everything loaded, and whether it is only kept warm."""
        live = [] if self.live is None else [(self.live, False)]
        return live + [(version, True) for version, _ in self._warm.values()]

    def described(self) -> DeploymentState:
        live, wanted = self.live, self.route.version if self.route else None
        problem, state = self.problem, self.state
        if state == "ready" and live is not None and live.reason is not None and not live.serving:
            problem, state = live.reason, "degraded"
        return DeploymentState(
            name=self.name,
            state=state,
            model=wanted.model if wanted else "",
            wanted=wanted.number if wanted else 0,
            number=live.artifact.placed.number if live else None,
            reason=problem.message,
            remedy=problem.remedy,
            code=problem.code if problem.message else "",
            restarts=live.counts.restarts if live else 0,
            replicas=tuple(
                ReplicaState(r.pid, v.artifact.placed.number, r.state, r.started_at, r.answered, warm)
                for v, warm in self.versions
                for r in v.replicas
            ),
        )


class Deployments:
    """All deployments of this gateway, its grants, and what it says of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.running: dict[str, Deployment] = {}
        self.routes = Routes()
        self.grants: dict[str, Grant] = {}
        self.revision = 1
        self.metrics = Metrics(self)
        self.keeping = Keeping()
        self._changed = asyncio.Event()
        self._sweeper: asyncio.TimerHandle | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def public_key(self) -> bytes:
        return self.routes.public_key.encode()

    def start(self) -> None:
        """Serve the last good routes, and let go of copies that none of them needs."""
        routes = load(self.folder / "routes.json")
        forget(self.cache, routes)
        self.apply(routes, keep=False)
        self._sweep()

    def apply(self, routes: Routes, *, keep: bool = True) -> None:
        """Want this from now on, and remember it for the next start."""
        self.routes = routes
        self.grants = {grant.digest: grant for grant in routes.grants}
        wanted = {route.deployment: route for route in routes.routes}
        for name in self.running.keys() - wanted.keys():
            self._leave(self.running.pop(name))
        for name, route in wanted.items():
            if name in self.running:
                self.running[name].want(route)
            else:
                self.running[name] = Deployment(route, self)
        if keep:
            save(self.folder / "routes.json", routes)
        self.changed()

    def logs_of(self, name: str) -> Path:
        folder = self.folder / "logs" / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def changed(self) -> None:
        self.revision += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def state(self, after: int, wait_s: float) -> State:
        """How everything stands, once `revision` is another than `after`; or after `wait_s` at most."""
        if self.revision == after:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
        described = tuple(self.running[name].described() for name in sorted(self.running))
        return State(os.getpid(), self.revision, described)

    async def stop(self) -> None:
        """End every host."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for deployment in self.running.values():
            self._leave(deployment)
        await asyncio.gather(*self._leaving, return_exceptions=True)

    def _leave(self, deployment: Deployment) -> None:
        deployment.want(None)
        self._leaving.add(deployment.task)
        deployment.task.add_done_callback(self._leaving.discard)

    def _sweep(self) -> None:
        self._sweeper = asyncio.get_running_loop().call_later(SWEEP_S, self._sweep)
