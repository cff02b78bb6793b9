"""The processes of one version without a gateway: asked for, asked, and looked after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import psutil

from jupyter_kronkers.languages import Column, Limits, Runtime
from jupyter_kronkers.serving.gateway.hosts.forking import Seed
from jupyter_kronkers.serving.gateway.hosts.replicas import Replica
from jupyter_kronkers.serving.gateway.hosts.seeds import Hosting
from jupyter_kronkers.serving.gateway.keeping import Keeping


class Nursery:
    """The hosting of one version, and the replicas that were asked of it."""

    def __init__(self, data: Path, folder: Path, runtime: Runtime, **limits: float) -> None:
        self.limits = Limits(**{"memory_bytes": 1 << 30, **limits})
        self.log, self.folder, self.language = folder / "1.1.log", folder, runtime.language
        self.hosting = Hosting(data, runtime, self.limits, self.log, Keeping(), "key")
        self.replicas: list[Replica] = []

    async def replica(self) -> Replica:
        replica = Replica(self.hosting.begin, self.language, self.limits, self.log, lambda *_: None)
        self.replicas.append(replica)
        await replica.start()
        return replica

    async def seed(self) -> Seed:
        found = await self.hosting._seed()
        assert found is not None
        return found

    async def close(self) -> None:
        for replica in self.replicas:
            replica.end(replica.died("The test is over."))
            await replica.stopped()
        await self.hosting.close()
        assert list(self.folder.glob("kronkers-host-*")) == []


async def ask(replica: Replica, x: float = 1.0, do: str = "answer", limit_s: float = 10.0):
    answered = asyncio.get_running_loop().create_future()
    columns = [Column("x", np.array([x])), Column("do", np.array([do], object))]
    replica.ask(columns, limit_s, answered.set_result)
    return await answered


async def has_died(replica: Replica) -> bool:
    async with asyncio.timeout(20):
        while replica.state != "ended":
            await asyncio.sleep(0.01)
    return True


def answer(columns) -> float:
    assert isinstance(columns, list), columns
    return columns[0].values.tolist()[0]


def below() -> list[int]:
    return [child.pid for child in psutil.Process().children(recursive=True)]


async def told(story: Callable[[Nursery], Awaitable[None]], nursery: Nursery) -> None:
    try:
        await story(nursery)
    finally:
        await nursery.close()
