"""Memory: what the hosts take, and who goes when it is more than they may take together.

Measured is Pss: a page that several processes share counts for each by its part, so that forked replicas are not
counted as often as there are of them. Linux only; elsewhere nothing is known, and the budget is not kept.

    over the budget ──▶ versions only kept warm end, the oldest first
                    └─▶ then deployments fall asleep, the one asked least lately first; the next request wakes them.
                        Not the one that was asked last: ending that would gain nothing for long
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from jupyter_kronkers.serving.gateway.deployments.deployment import Deployment

log = logging.getLogger(__name__)

LOOK_S = 2.0
MOST_SHARE = 0.02
"""Of the time, that measuring may take."""

NEWS = 0.1
"""A replica whose memory changed by this share is worth telling of."""

PROC = Path("/proc")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Fleet(Protocol):
    """Whose memory it is."""

    running: dict[str, Deployment]

    @property
    def budget_bytes(self) -> int:
        """What all hosts together may take; 0: no limit."""

    def changed(self) -> None:
        """There is something new to tell."""


class Memory:
    """Measures every few seconds, in a thread, and keeps the budget."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._of: dict[int, int] = {}
        self._told: dict[int, int] = {}
        self.total_bytes = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if (PROC / "self/smaps_rollup").exists():
            self._task = asyncio.get_running_loop().create_task(self._watch())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def of(self, pid: int) -> int:
        """Bytes that a host and all it started took when they were measured last; 0 if they were not."""
        return self._of.get(pid, 0)

    async def _watch(self) -> None:
        while True:
            hosts = self._hosts()
            began = time.monotonic()
            self.total_bytes, self._of = await asyncio.to_thread(measured, os.getpid(), hosts)
            took_s = time.monotonic() - began
            self._tell()
            self.keep(self._fleet.budget_bytes)
            await asyncio.sleep(max(LOOK_S, took_s / MOST_SHARE))

    def _hosts(self) -> Sequence[int]:
        versions = [version for one in self._fleet.running.values() for version in one.shelf]
        return [replica.pid for version in versions for replica in version.replicas if replica.pid]

    def _tell(self) -> None:
        news = any(abs(size - self._told.get(pid, 0)) > NEWS * size for pid, size in self._of.items())
        if news:
            self._told = dict(self._of)
            self._fleet.changed()

    def keep(self, budget_bytes: int) -> None:
        """Let go until the rest fits, as far as is known what each takes."""
        over = self.total_bytes - budget_bytes if budget_bytes else 0
        while over > 0 and (freed := self._let_go()):
            over -= freed

    def _let_go(self) -> int:
        """Ends one version or deployment. Returns the bytes that are likely to be free then; 0 if none could go."""
        running = self._fleet.running.values()
        warm = [(*kept, one) for one in running if (kept := one.shelf.oldest_warm()) is not None]
        if warm:
            _, version, deployment = min(warm, key=lambda found: found[0])
            deployment.shelf.cool(version)
            return self._taken([replica.pid for replica in version.replicas])
        awake = sorted((one for one in running if one.live and not one.asleep), key=lambda one: one.asked_at)
        for deployment in awake[:-1]:
            pids = [replica.pid for version in deployment.shelf for replica in version.replicas]
            if deployment.sleep():
                log.info(
                    "%s falls asleep: the hosts take more than %s bytes.", deployment.name, self._fleet.budget_bytes
                )
                return self._taken(pids)
        return 0

    def _taken(self, pids: Iterable[int]) -> int:
        return max(1, sum(self.of(pid) for pid in pids))


# Measuring, in a thread


def measured(owner: int, hosts: Iterable[int]) -> tuple[int, dict[int, int]]:
    """Bytes of all that `owner` started and of all hosts, and of each host with what it started."""
    below = children()
    sizes: dict[int, int] = {}

    def size(pid: int) -> int:
        if pid not in sizes:
            sizes[pid] = pss(pid)
        return sizes[pid]

    each = {host: sum(size(pid) for pid in tree(host, below)) for host in hosts}
    everything = set(tree(owner, below)[1:]).union(*(tree(host, below) for host in each))
    return sum(size(pid) for pid in everything), each


def children() -> Mapping[int, list[int]]:
    """The processes that each process started."""
    found: dict[int, list[int]] = {}
    for entry in os.scandir(PROC):
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                # The name, in parentheses, may hold anything; what follows it does not.
                parent = int((PROC / entry.name / "stat").read_bytes().rpartition(b")")[2].split()[1])
                found.setdefault(parent, []).append(int(entry.name))
    return found


def tree(pid: int, below: Mapping[int, list[int]]) -> list[int]:
    """A process and all that it and its descendants started."""
    found = [pid]
    for one in found:
        found += below.get(one, ())
    return found


def pss(pid: int) -> int:
    """Bytes of one process; what it has resident where its shares cannot be read; 0 if it has gone."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in (PROC / str(pid) / "smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) << 10
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int((PROC / str(pid) / "statm").read_bytes().split()[1]) * PAGE_BYTES
    return 0
