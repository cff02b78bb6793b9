"""The lineup of one version: which of its replicas serve, which stand by, and who comes when one ends.

    start ── proven ──▶ serving ── ended ──▶ a spare takes its place at once, and another is started behind it
                 └────▶ spare                 (without spares: another is started; when too many end, the breaker opens)

Nobody gets a request before he gave the recorded answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from jupyter_kronkers.errors import HostDied, KronkersError
from jupyter_kronkers.serving.gateway.hosts.replicas import OnEnd, Replica
from jupyter_kronkers.serving.gateway.versions.breaker import Breaker

UNNEEDED = "It is not needed any more."


class Owner(Protocol):
    """Whose lineup it is."""

    def new_replica(self, on_end: OnEnd) -> Replica:
        """One more, not started yet."""

    async def prove(self, replica: Replica) -> None:
        """Raises HostFailed unless it gives the recorded answers."""

    def freed(self) -> None:
        """Somebody can be asked now."""

    def missed(self) -> None:
        """One that was needed has ended, and is replaced."""

    def rested(self) -> None:
        """Nobody serves, and nobody will for some time."""

    @property
    def changed(self) -> Callable[[], None]:
        """There is something new to tell."""


class Lineup:
    """Keeps `wanted` replicas serving and `spares` behind them."""

    def __init__(self, owner: Owner, breaker: Breaker) -> None:
        self._owner, self._breaker = owner, breaker
        self._loop = asyncio.get_running_loop()
        self.wanted = self.spares = 0
        self.replicas: list[Replica] = []
        self.serving: list[Replica] = []
        self.standby: list[Replica] = []
        self.serves_since = 0.0
        self.start_takes_s = 0.0
        self._starts: set[asyncio.Task[None]] = set()
        self._endings: set[asyncio.Task[None]] = set()
        self._steady = False

    async def load(self, wanted: int, spares: int) -> None:
        """Start and prove `wanted` replicas; the spares come after. Raises HostFailed if one cannot."""
        self.wanted = wanted
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(wanted):
                    group.create_task(self._start_one())
        except BaseExceptionGroup as failed:
            self.close("It was stopped.")
            raise failed.exceptions[0] from None
        except BaseException:
            self.close("It was stopped.")
            raise
        self._steady = True
        self.scale(wanted, spares)

    def scale(self, wanted: int, spares: int) -> None:
        """Have this many from now on; one too many that is busy finishes first."""
        self.wanted, self.spares = wanted, spares
        while len(self.serving) > wanted:
            self._stand_by(self.serving.pop())
        while len(self.serving) < wanted and self.standby:
            self._serve(self.standby.pop())
        while len(self.standby) > spares:
            self.let_go(self.standby.pop())
        if not wanted:
            for task in self._starts:
                task.cancel()
        self._replace()

    def close(self, why: str) -> None:
        """End every host now."""
        self._steady = False
        for task in self._starts:
            task.cancel()
        for replica in tuple(self.replicas):
            replica.end(replica.died(why))

    async def closed(self) -> None:
        """Wait until no process is left of those that were ended."""
        await asyncio.gather(*self._starts, *self._endings, return_exceptions=True)

    @property
    def replaced_s(self) -> float:
        """In how many seconds another is likely to serve."""
        return self._breaker.pause_s + (self.start_takes_s or 1.0)

    # Coming

    async def _start_one(self) -> None:
        """One more replica, proven. Raises HostFailed, and leaves nothing behind then."""
        began = self._loop.time()
        replica = self._owner.new_replica(self._ended)
        self.replicas.append(replica)
        try:
            await replica.start()
            await self._owner.prove(replica)
            if replica not in self.replicas:  # between its last answer and now
                raise replica.died("The host ended as soon as it was proven.")
        except BaseException:
            replica.end(replica.died("It could not be started."))
            raise
        self.start_takes_s = self._loop.time() - began
        self._place(replica)

    def _place(self, replica: Replica) -> None:
        if len(self.serving) < self.wanted:
            self._serve(replica)
        elif len(self.standby) < self.spares:
            self.standby.append(replica)
            self._owner.changed()
        else:
            self.let_go(replica)

    def _serve(self, replica: Replica) -> None:
        if not self.serving:
            self.serves_since = self._loop.time()
        self.serving.append(replica)
        self._owner.changed()
        self._owner.freed()

    def _replace(self) -> None:
        missing = self.wanted + self.spares - len(self.serving) - len(self.standby) - len(self._starts)
        for _ in range(missing if self._steady else 0):
            task = self._loop.create_task(self._start_again(self._breaker.pause_s))
            self._starts.add(task)
            task.add_done_callback(self._started)

    async def _start_again(self, pause_s: float) -> None:
        await asyncio.sleep(pause_s)
        try:
            await self._start_one()
        except KronkersError as problem:
            self._crashed(problem)

    def _started(self, task: asyncio.Task[None]) -> None:
        self._starts.discard(task)
        self._replace()

    # Going

    def _stand_by(self, replica: Replica) -> None:
        if replica.state == "idle" and len(self.standby) < self.spares:
            self.standby.append(replica)
        else:
            self.let_go(replica)

    def let_go(self, replica: Replica) -> None:
        """It is not needed any more; one that is busy is let go when it has answered."""
        if replica.state == "idle":
            replica.end(replica.died(UNNEEDED))

    def _ended(self, replica: Replica, why: KronkersError) -> None:
        """A replica does not answer any more: see that its process goes, and that another comes if it was needed."""
        self.replicas.remove(replica)
        ending = self._loop.create_task(replica.stopped())
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
        for side in (self.serving, self.standby):
            if replica in side:
                side.remove(replica)
                self._missed(why)
                break
        self._owner.changed()

    def _missed(self, why: KronkersError) -> None:
        if not self._steady:
            return
        self._owner.missed()
        if self.standby and len(self.serving) < self.wanted:
            self._serve(self.standby.pop(0))
        if len(self.serving) + len(self.standby) < self.wanted + self.spares:
            # One that was killed while nobody asked it anything has given no cause to wait.
            if not (isinstance(why, HostDied) and why.killed and not why.asked):
                self._crashed(why)
            self._replace()

    def _crashed(self, why: KronkersError) -> None:
        if self._breaker.crashed(why) and not self.serving:
            self._owner.rested()
        self._owner.changed()
