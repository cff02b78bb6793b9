"""Replicas of R that are forked from a seed."""

from __future__ import annotations

import asyncio
import shutil
import sys

import psutil
import pytest

from jupyter_kronkers.errors import HostDied, TimedOut
from tests.serving.artifacts import trouble_in
from tests.serving.conftest import gone
from tests.serving.nursery import answer, ask, has_died

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="seeds fork on Linux only")]


@pytest.fixture(scope="module")
def in_r(makes):
    if shutil.which("Rscript") is None:
        pytest.skip("needs R")
    return trouble_in(makes, "r")


def test_replicas_of_r_share_one_seed_too(nursery, in_r):
    async def story(version):
        replicas = await asyncio.gather(*(version.replica() for _ in range(3)))
        assert [answer(await ask(replica, 4.0)) for replica in replicas] == [8.0, 8.0, 8.0]
        assert len({replica._hosted.seed for replica in replicas}) == 1
        whole = psutil.Process(replicas[0].pid).memory_full_info()
        # R marks what it collects, and so copies a part.
        assert whole.uss < whole.rss * 0.75

    nursery(story, in_r, "r")


@pytest.mark.parametrize(("do", "how"), [("loop", TimedOut), ("crash", HostDied), ("quit", HostDied)])
def test_trouble_in_one_replica_of_r_leaves_its_siblings(nursery, in_r, do, how):
    """faults: 64, 65"""

    async def story(version):
        troubled, other = await version.replica(), await version.replica()
        pid = troubled.pid
        assert isinstance(await ask(troubled, do=do, limit_s=1.0), how)
        await troubled.stopped()
        assert gone([pid])
        assert answer(await ask(other)) == 2.0
        assert answer(await ask(await version.replica())) == 2.0

    nursery(story, in_r, "r")


def test_a_killed_seed_of_r_takes_its_replicas_along(nursery, in_r):
    """faults: 159"""

    async def story(version):
        replica = await version.replica()
        below = psutil.Process((await version.seed()).watcher.pid).children(recursive=True)
        seed = next(process for process in below if process.name() == "R")
        seed.kill()
        assert await has_died(replica)
        assert answer(await ask(await version.replica())) == 2.0
        psutil.wait_procs(below, 10)
        assert gone([process.pid for process in below])

    nursery(story, in_r, "r")
