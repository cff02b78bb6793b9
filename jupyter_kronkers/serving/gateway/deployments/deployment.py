"""One deployment as it runs: one task makes its route true, and swaps by moving one pointer.

    route ──▶ bring (copy, verify) ──▶ start hosts ──▶ conformance ──▶ live = new ──▶ old drains, stays warm or ends
                 └──────────────┴─────────────┴── any failure: what was live serves on, with the reason
                                                        on trial: fails ──▶ live = old again, until people decide anew

The newest route wins: one that arrives while an older is being made true replaces it. Canary and shadow come after the
live version, and never in its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Protocol

from jupyter_kronkers.errors import Conflict, KronkersError, Unavailable
from jupyter_kronkers.serving.gateway.batching import Answered, Share, Table
from jupyter_kronkers.serving.gateway.deployments.canaries import Canary, replicas_for
from jupyter_kronkers.serving.gateway.deployments.descriptions import described
from jupyter_kronkers.serving.gateway.deployments.inputs import unlike
from jupyter_kronkers.serving.gateway.deployments.shadows import Shadow
from jupyter_kronkers.serving.gateway.deployments.shelf import Key, Shelf, key_of
from jupyter_kronkers.serving.gateway.deployments.trials import Trial, withdrawn
from jupyter_kronkers.serving.gateway.routes import Placed, Route, ServingLimits
from jupyter_kronkers.serving.gateway.states import DeploymentState
from jupyter_kronkers.serving.gateway.versions.versions import LoadedVersion

log = logging.getLogger(__name__)

RETRY_S, LONGEST_RETRY_S, LOOK_AGAIN_S = 2.0, 120.0, 30.0
FINE = KronkersError("")


class Place(Protocol):
    """Where it runs."""

    async def bring(self, name: str, placed: Placed, limits: ServingLimits) -> LoadedVersion:
        """A version of that deployment, verified, without replicas yet. Raises KronkersError."""

    def changed(self) -> None:
        """There is something new to tell."""

    def memory_of(self, pid: int) -> int:
        """Bytes that a process and those it started use, as last measured; 0 if that is not known."""


class Deployment:
    """What is wanted, what is live, what gets a share and copies, what is kept warm."""

    def __init__(self, route: Route, place: Place) -> None:
        self.route: Route | None = route
        self.name = route.deployment
        self.live: LoadedVersion | None = None
        self.canary: Canary | None = None
        self.shadow: Shadow | None = None
        self.state, self.problem = "starting", FINE
        self.withdrawn: dict[str, str] = {}
        self.trial: Trial | None = None
        self.shelf = Shelf(self._bring, self._uses, self._keeps)
        self._place, self._clock = place, asyncio.get_running_loop().time
        self._failed: set[Key] = set()
        self._news = asyncio.Event()
        self._parked: list[Callable[[], None]] = []
        self._retry_s = RETRY_S
        self.task = asyncio.get_running_loop().create_task(self._work())

    # Asking

    def choose(self, use: bytes | None = None) -> LoadedVersion:
        """The version that answers this request. Raises Unavailable in words if there is none."""
        canary = self.canary
        if canary is not None and canary.takes(use):
            return canary.version
        if self.live is None:
            raise Unavailable(f"{self.name} is {self.state}. {self.problem}".strip(), retry_after_s=2.0)
        return self.live

    def shadowed(self, table: Table, rows: int, answer: Answered | Share) -> None:
        """Let the shadow answer the same, and compare. Never raises, never waits."""
        if self.shadow is not None:
            self.shadow.copy(table, rows, answer)

    def park(self, again: Callable[[], None]) -> bool:
        """Call `again` once it is known whether this can answer. False if that is known, or if too many wait."""
        limit = self.route.limits.queue if self.route else 0
        if self.live is not None or self.state != "starting" or len(self._parked) >= limit:
            return False
        self._parked.append(again)
        return True

    # Wanting

    def want(self, route: Route | None) -> None:
        """Make this true from now on; None ends the deployment."""
        if route == self.route:
            return
        if route is None or self.route is None or route.decision != self.route.decision or not route.decision:
            self.withdrawn.clear()
        self.route = route
        self.shelf.forgive()
        self._failed.clear()
        self._retry_s = RETRY_S
        self._news.set()
        if self.shelf.loading_key not in self._urgent():
            self.shelf.give_up()

    def _urgent(self) -> set[Key]:
        """What must be loaded next."""
        route = self.route
        if route is None:
            return set()
        key = key_of(route.version, route.limits)
        if self.live is None or self.shelf.key(self.live) != key:
            return {key}
        return {key_of(placed, route.limits) for placed in (route.canary, route.shadow) if placed}

    async def _work(self) -> None:
        while self.route is not None:
            route = self.route
            self._news.clear()
            done = await self._make_true(route)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._next_look(done)):
                    await self._news.wait()
        await self._end()

    def _next_look(self, done: bool) -> float:
        if done:
            self._retry_s = RETRY_S
            return LOOK_AGAIN_S
        self._retry_s = min(LONGEST_RETRY_S, 2 * self._retry_s)
        return self._retry_s / 2

    async def _make_true(self, route: Route) -> bool:
        """Whether all is as it is wanted, or as it is known that it cannot be."""
        try:
            problems = [await self._make_live(route)]
            if self.live is not None:
                problems += [await self._make_canary(route, self.live), await self._make_shadow(route, self.live)]
            self._settle([problem for problem in problems if problem is not None])
            await self._warm_up(route)
        except asyncio.CancelledError:  # by `want`: there is a newer route
            return False
        finally:
            self.shelf.tidy()
        return not self._failed

    def _settle(self, problems: list[KronkersError]) -> None:
        if problems:
            self._say("degraded" if self.live else "failed", problems[0])
        else:
            self._say("ready")

    # The live version

    async def _make_live(self, route: Route) -> KronkersError | None:
        """What keeps the wanted version from being live; then what was live stays, or the previous one serves."""
        if "version" in self._withdrawals(route):
            return await self._fall_back(route, withdrawn(self._withdrawals(route)["version"]))
        try:
            self._swap(await self._have(route, route.version, route.replicas, route.spares))
        except KronkersError as problem:
            self._failed.add(key_of(route.version, route.limits))
            return await self._fall_back(route, problem)
        self._failed.discard(key_of(route.version, route.limits))
        return None

    async def _fall_back(self, route: Route, problem: KronkersError) -> KronkersError:
        """Serve the previous version where nothing is live, or what is live was withdrawn."""
        lost = self.live is None or self.shelf.key(self.live) == key_of(route.version, route.limits)
        if lost and route.previous is not None:
            with contextlib.suppress(KronkersError):
                self._swap(await self._have(route, route.previous, route.replicas, route.spares))
                self.trial = None
        return problem

    def _swap(self, new: LoadedVersion) -> None:
        """One pointer moves; what was live finishes what it has."""
        old, self.live = self.live, new
        if old is not None and old is not new:
            new.asked_at = self._clock()
            self.trial = Trial(new, old, self._clock())
            self.shelf.put_away(old)

    # Beside it

    async def _make_canary(self, route: Route, live: LoadedVersion) -> KronkersError | None:
        """What keeps the canary from getting its share; then the live version gets all."""
        placed = route.canary
        if placed is None or "canary" in self._withdrawals(route):
            self.canary = None
            return withdrawn(self._withdrawals(route)["canary"]) if placed else None
        try:
            count = replicas_for(route.percent, route.replicas)
            version = await self._alike(route, placed, live, "canary", count)
        except KronkersError as problem:
            self.canary = None
            return problem
        if self.canary is None or self.canary.version is not version:
            self.canary = Canary(version, route.percent, self._clock())
            self._place.changed()
        self.canary.percent = route.percent
        return None

    async def _make_shadow(self, route: Route, live: LoadedVersion) -> KronkersError | None:
        placed = route.shadow
        try:
            version = await self._alike(route, placed, live, "shadow", 1) if placed else None
        except KronkersError as problem:
            self.shadow = None
            return problem
        if version is None:
            self.shadow = None
        elif self.shadow is None or self.shadow.version is not version:
            self.shadow = Shadow(version)
            self._place.changed()
        return None

    async def _alike(self, route: Route, placed: Placed, live: LoadedVersion, use: str, replicas: int) -> LoadedVersion:
        """The version, if it takes what the live one takes. Raises KronkersError."""
        key = key_of(placed, route.limits)
        try:
            self._refuse_taken(key, placed, use)
            version = await self._have(route, placed, replicas)
            if difference := unlike(live.artifact.signature, version.artifact.signature):
                raise refused(placed.words, use, live.artifact.placed.words, difference)
        except KronkersError:
            self._failed.add(key)
            raise
        self._failed.discard(key)
        return version

    def _refuse_taken(self, key: Key, placed: Placed, use: str) -> None:
        # One loaded version has one use: that of another would take its replicas away.
        taken = [version for version in self.shelf if self.role_of(version) in {"live", "canary"} - {use}]
        if any(self.shelf.key(version) == key for version in taken):
            raise Conflict(f"{placed.words} is in use here already, and cannot be the {use}, too.")

    async def _have(self, route: Route, placed: Placed, replicas: int, spares: int = 0) -> LoadedVersion:
        key = key_of(placed, route.limits)
        if not self.shelf.has(key) and key not in self._failed:
            self._say("swapping" if self.live else "starting")
        return await self.shelf.have(placed, route.limits, replicas, spares)

    async def _warm_up(self, route: Route) -> None:
        if route.upcoming is not None and not self.asleep and route is self.route:
            await self.shelf.warm_up(route.upcoming, route.limits)
            self._place.changed()

    async def _bring(self, placed: Placed, limits: ServingLimits) -> LoadedVersion:
        return await self._place.bring(self.name, placed, limits)

    def _uses(self, version: LoadedVersion) -> bool:
        return self.role_of(version) != "warm"

    def _keeps(self, key: Key) -> bool:
        """Whether it is likely to be chosen soon: by people, or because the one after it is on trial."""
        if self.trial is not None and self.trial.before is not None and key == self.shelf.key(self.trial.before):
            return True
        route = self.route
        kept = (route.previous, route.upcoming) if route else ()
        return route is not None and any(key == key_of(placed, route.limits) for placed in kept if placed)

    # Judging

    def look(self, now: float) -> None:
        """Take out of traffic what does not deserve it, and end processes that nobody needed for long. Often called."""
        if self.trial is not None:
            self._judge(self.trial, now)
        if self.canary is not None and (fault := self.canary.trial.fault()) is not None:
            self._withdraw("canary", fault)
            self.canary = None
            self.shelf.tidy()
        idle_s = self.route.limits.idle_s if self.route else 0.0
        if idle_s and not self.asleep and now - self.asked_at > idle_s:
            self.sleep()

    def _judge(self, trial: Trial, now: float) -> None:
        before, route = trial.before, self.route
        fault = trial.fault() if trial.version is self.live else None
        if fault is not None and before is not None and before in self.shelf and not before.resting and route:
            self._withdraw("version", fault)
            self.live, self.trial, before.asked_at = before, None, now
            before.scale(route.replicas, route.spares)
            self.shelf.put_away(trial.version)
        elif trial.version is not self.live or trial.passed(now):
            self.trial = None
            self.shelf.tidy()

    def _withdraw(self, role: str, fault: KronkersError) -> None:
        self.withdrawn[role] = fault.message
        self._say("degraded", fault)

    def _withdrawals(self, route: Route) -> dict[str, str]:
        return {**route.withdrawn, **self.withdrawn}

    # Sleeping

    @property
    def asleep(self) -> bool:
        return self.live is not None and self.live.asleep

    @property
    def asked_at(self) -> float:
        """When somebody wanted a prediction last, by the loop's clock."""
        if self.live is None:
            return 0.0
        return max(self.live.asked_at, self.canary.version.asked_at) if self.canary else self.live.asked_at

    @property
    def busy(self) -> bool:
        """Whether somebody waits for it, or it is being changed."""
        return self.shelf.loading_key is not None or any(version.busy for version in self.shelf)

    def sleep(self) -> bool:
        """End all its processes until the next request. False if that cannot be now."""
        if self.live is None or self.busy or self.asleep:
            return False
        for version in self.shelf:
            if self._uses(version):
                version.sleep()
            else:
                self.shelf.cool(version)
        return True

    # Saying

    async def _end(self) -> None:
        """Let what is under way finish, then leave no process."""
        live, self.live, self.canary, self.shadow, self.trial = self.live, None, None, None, None
        self._say("stopped")
        if live is not None:
            await live.drain()
        await self.shelf.close()

    def _say(self, state: str, problem: KronkersError = FINE) -> None:
        if (state, str(problem)) != (self.state, str(self.problem)):
            if problem.message:
                log.warning("%s is %s: %s", self.name, state, problem)
            self.state, self.problem = state, problem
            self._place.changed()
        if state != "starting":
            parked, self._parked = self._parked, []
            for again in parked:
                again()

    def role_of(self, version: LoadedVersion) -> str:
        """What it is loaded for: live, canary, shadow or warm."""
        if version is self.live:
            return "live"
        if self.canary is not None and version is self.canary.version:
            return "canary"
        return "shadow" if self.shadow is not None and version is self.shadow.version else "warm"

    @property
    def versions(self) -> list[tuple[LoadedVersion, bool]]:
        """Everything loaded, the live one first, and whether it is only kept warm."""
        found = [(version, self.role_of(version) == "warm") for version in self.shelf]
        return sorted(found, key=lambda one: (one[0] is not self.live, one[1]))

    def described(self) -> DeploymentState:
        return described(self, self._place.memory_of)


def refused(words: str, use: str, live: str, difference: str) -> Conflict:
    said = f"{words} cannot be the {use} of {live}, whose requests it would get: {difference}."
    return Conflict(said, remedy="Give it a deployment of its own, or register it with the same inputs.")
