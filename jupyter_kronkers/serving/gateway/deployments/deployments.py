"""All deployments of one gateway: what the control plane wants of them, and what they say.

routes ──▶ one `Deployment` each, which makes its own true      look ──▶ what deserves no traffic goes, who sleeps
   └─ kept on disk, for a start without a control plane         memory ──▶ who must go for the others
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

from jupyter_kronkers.serving.gateway.deployments.artifacts import bring, forget
from jupyter_kronkers.serving.gateway.deployments.deployment import Deployment
from jupyter_kronkers.serving.gateway.deployments.known import Known
from jupyter_kronkers.serving.gateway.deployments.memory import Memory
from jupyter_kronkers.serving.gateway.hosts import logs
from jupyter_kronkers.serving.gateway.keeping import Keeping
from jupyter_kronkers.serving.gateway.routes import Grant, Placed, Routes, ServingLimits, load, save
from jupyter_kronkers.serving.gateway.states import State
from jupyter_kronkers.serving.gateway.tallies import Tallies
from jupyter_kronkers.serving.gateway.versions.versions import LoadedVersion

__all__ = ["Deployment", "Deployments"]

LOOK_S = 0.25


class Deployments:
    """All deployments of this gateway, its grants, and what it says of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.running: dict[str, Deployment] = {}
        self.routes = Routes()
        self.grants: dict[str, Grant] = {}
        self.revision = 1
        self.tallies = Tallies()
        self.keeping = Keeping()
        self.known = Known()
        self.slot = 0
        """Which of several gateways on one folder this is."""

        self.memory = Memory(self)
        self._changed = asyncio.Event()
        self._looking: asyncio.TimerHandle | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def public_key(self) -> bytes:
        return self.routes.public_key.encode()

    @property
    def budget_bytes(self) -> int:
        """What the hosts of this gateway may take together; 0: no limit."""
        return self.routes.memory_bytes

    def start(self) -> None:
        """Serve the last good routes, and let go of copies that none of them needs."""
        routes = load(self.folder / "routes.json")
        forget(self.cache, routes)
        self.apply(routes, keep=False)
        self._look()
        self.memory.start()

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
        folder = logs.folder_of(self.folder, name, self.slot)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    async def bring(self, name: str, placed: Placed, limits: ServingLimits) -> LoadedVersion:
        """A version of the deployment of that name, verified, without replicas yet. Raises KronkersError."""
        artifact = await asyncio.to_thread(bring, placed, self.cache, self.public_key, self.known)
        version = LoadedVersion(artifact, limits, self.logs_of(name), self.changed, self.keeping)
        version.measures = self.tallies.measures(name, placed.number)
        version.measures.lives.append(version.counts)
        return version

    def memory_of(self, pid: int) -> int:
        return self.memory.of(pid)

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
        self.memory.stop()
        if self._looking is not None:
            self._looking.cancel()
        for deployment in self.running.values():
            self._leave(deployment)
        await asyncio.gather(*self._leaving, return_exceptions=True)

    def _leave(self, deployment: Deployment) -> None:
        deployment.want(None)
        self._leaving.add(deployment.task)
        deployment.task.add_done_callback(self._leaving.discard)

    def _look(self) -> None:
        # Some comparisons for each deployment: a hundred of them cost a few parts in ten thousand of the time.
        loop = asyncio.get_running_loop()
        self._looking = loop.call_later(LOOK_S, self._look)
        for deployment in self.running.values():
            deployment.look(loop.time())
