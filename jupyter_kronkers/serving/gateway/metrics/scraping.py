"""Scraping: what counts, what looks, and the answer to a scraper."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from jupyter_kronkers.serving.gateway.metrics import siblings
from jupyter_kronkers.serving.gateway.metrics.exposition import written
from jupyter_kronkers.serving.gateway.metrics.families import Sample, Told
from jupyter_kronkers.serving.gateway.metrics.readings import read
from jupyter_kronkers.serving.gateway.metrics.tallies import Tallies

if TYPE_CHECKING:
    from jupyter_kronkers.serving.gateway.deployments import Deployments
    from jupyter_kronkers.serving.gateway.versions import LoadedVersion

TICK_S = 0.5
TICKS_TO_FORGET = 120


class Metrics(Tallies):
    """All that a gateway process has counted, and what it tells scrapers and siblings of it."""

    def __init__(self, deployments: Deployments) -> None:
        super().__init__()
        self._deployments = deployments
        self._admin: Path | None = None
        self._load: Callable[[], tuple[int, int]] = lambda: (0, 0)
        self._turn = asyncio.Lock()
        self._ticks = 0
        self._due = 0.0

    def start(self, admin: Path, load: Callable[[], tuple[int, int]]) -> None:
        """Begin to look at the loop. admin: the path of our admin socket, beside those of our siblings.
        load: gives how many requests are under way, and on how many connections."""
        self._admin, self._load = admin, load
        self._due = asyncio.get_running_loop().time()
        self._tick()

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        if self._ticks:
            self.lag.add(max(0.0, loop.time() - self._due))
        self._ticks += 1
        if self._ticks % TICKS_TO_FORGET == 0:
            self._forget()
        self._due = loop.time() + TICK_S
        loop.call_at(self._due, self._tick)

    def _forget(self) -> None:
        running = self._deployments.running
        versions = ((name, version) for name, one in running.items() for version, _ in one.versions)
        self.forget(running, {(name, version.artifact.placed.number) for name, version in versions})

    def follow(self, deployment: str, version: LoadedVersion) -> None:
        """Go on counting where an earlier loading of this version in this deployment ended."""
        version.measures = self.measures(deployment, version.artifact.placed.number)
        version.measures.lives.append(version.counts)

    def told(self) -> Told:
        """What this process alone can say."""
        place = self._deployments
        families = read(self, place.running.values(), place.memory.of, self._load())
        return Told(siblings.slot_of(self._admin), families)

    def told_as_json(self) -> bytes:
        """The same for a sibling that asks."""
        return msgspec.json.encode(self.told())

    async def text(self, accept: str = "") -> tuple[bytes, bytes]:
        """The answer to a scraper for all processes on this port, and its Content-Type."""
        async with self._turn:
            others = siblings.siblings_of(self._admin) if self._admin else []
            answers = await siblings.ask_all(others)
            own = self.told()
            own.families["kronkers_gateway_processes"] = [Sample((), 1 + len(others))]
            own.families["kronkers_gateway_processes_answering"] = [Sample((), 1 + len(answers))]
            return await written([own, *(answer for answer in answers)], accept)
