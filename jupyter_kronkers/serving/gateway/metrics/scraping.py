"""Scraping: what counts, what looks, and the answer to a scraper."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from jupyter_kronkers.serving.gateway.deployments.deployments import Deployments
from jupyter_kronkers.serving.gateway.metrics import siblings
from jupyter_kronkers.serving.gateway.metrics.exposition import written
from jupyter_kronkers.serving.gateway.metrics.families import Sample, Told
from jupyter_kronkers.serving.gateway.metrics.readings import of_callers, read

TICK_S = 0.5
TICKS_TO_FORGET = 120


class Metrics:
    """What a gateway process tells scrapers and siblings of all that it has counted."""

    def __init__(self, deployments: Deployments) -> None:
        self._deployments, self._tallies = deployments, deployments.tallies
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
            self._tallies.lag.add(max(0.0, loop.time() - self._due))
        self._ticks += 1
        if self._ticks % TICKS_TO_FORGET == 0:
            self._forget()
        self._due = loop.time() + TICK_S
        loop.call_at(self._due, self._tick)

    def _forget(self) -> None:
        running = self._deployments.running
        versions = ((name, version) for name, one in running.items() for version, _ in one.versions)
        self._tallies.forget(running, {(name, version.artifact.placed.number) for name, version in versions})

    def told(self) -> Told:
        """What this process alone can say."""
        place = self._deployments
        families = read(self._tallies, place.running.values(), place.memory.of, self._load())
        return Told(siblings.slot_of(self._admin), families, os.getpid())

    def told_as_json(self, *, callers_only: bool = False) -> bytes:
        """The same for a sibling that asks, or of it what callers got, for a control plane that looks every few
        seconds."""
        return msgspec.json.encode(self._told_of_callers() if callers_only else self.told())

    def _told_of_callers(self) -> Told:
        families: dict[str, list[Sample]] = {}
        for name, sample in of_callers(self._tallies.callers()):
            families.setdefault(name, []).append(sample)
        return Told(siblings.slot_of(self._admin), families, os.getpid())

    async def text(self, accept: str = "") -> tuple[bytes, bytes]:
        """The answer to a scraper for all processes on this port, and its Content-Type."""
        async with self._turn:
            others = siblings.siblings_of(self._admin) if self._admin else []
            answers = await siblings.ask_all(others)
            own = self.told()
            own.families["kronkers_gateway_processes"] = [Sample((), 1 + len(others))]
            own.families["kronkers_gateway_processes_answering"] = [Sample((), 1 + len(answers))]
            return await written([own, *(answer for answer in answers)], accept)
