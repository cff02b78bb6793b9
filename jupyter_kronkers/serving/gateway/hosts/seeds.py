"""Where a version's processes come from.

    one that the gateway before left ──▶ forked from the version's seed ──▶ fresh, where there can be no seed

A seed has loaded the version once. What it forks is there in milliseconds and shares its memory. Every seed, and every
host that no seed has forked, is told to the supervisor (`keeping`), so that the gateway's successor can go on with it.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from pathlib import Path

from jupyter_kronkers.errors import Unavailable
from jupyter_kronkers.languages import Limits, Runtime
from jupyter_kronkers.serving.gateway.hosts.adopting import named, sane
from jupyter_kronkers.serving.gateway.hosts.forking import Barren, Seed, Unforkable
from jupyter_kronkers.serving.gateway.hosts.hosting import Fresh, Hosted, launch
from jupyter_kronkers.serving.gateway.keeping import Keeping

log = logging.getLogger(__name__)

FORKING = ("python", "r")
"""Languages whose hosts can be seeds. The runtime of Julia does not outlive a fork."""


class Hosting:
    """Brings the processes of one version. `log` is the file of its first process; others get files beside it.

    key: what the version is known by to the next gateway.
    """

    def __init__(  # noqa: PLR0917
        self, data: Path, runtime: Runtime, limits: Limits, log: Path, keeping: Keeping, key: str
    ) -> None:
        self._data, self._runtime, self._limits, self._log = data, runtime, limits, log
        self._keeping = keeping
        self._facts = {"key": key, "limits": repr(limits)}
        self._forks = runtime.language in FORKING
        self._sowing: asyncio.Task[Seed] | None = None
        self._kept_as = ""
        self._logs: dict[str, Path] = {}
        self._closed = False

    async def begin(self) -> Hosted:
        """One more process. Raises HostFailed with the model's own error, TimeoutError or OSError."""
        if self._closed:
            raise Unavailable("This version was stopped.")
        adopted = await self._adopted()
        if adopted is not None:
            return adopted
        # Twice: a seed may be gone without anybody's having noticed yet.
        for _ in range(2):
            seed = await self._seed()
            if seed is None:
                break
            try:
                return await seed.fork(self._limits.start_s)
            except Barren as why:
                log.warning("%s: no replica from its seed: %s", self._facts["key"], why)
        return await self._begun()

    async def close(self) -> None:
        """End the seed, and all that it forked."""
        self._closed = True
        sowing, self._sowing = self._sowing, None
        if sowing is None:
            return
        sowing.cancel()
        (seed,) = await asyncio.gather(sowing, return_exceptions=True)
        if isinstance(seed, Seed):
            self._keeping.drop(self._kept_as)
            seed.end()
            await seed.stopped()

    # Seeds

    async def _seed(self) -> Seed | None:
        """The living seed, or a new one; None if this version cannot have one, or that died before it was ready."""
        if not self._forks:
            return None
        if self._sowing is None or is_over(self._sowing):
            self._keeping.drop(self._kept_as)
            self._sowing = asyncio.get_running_loop().create_task(self._sown())
        try:
            # Whoever gives up waiting must not take it from the others.
            return await asyncio.shield(self._sowing)
        except Barren as why:
            log.info("%s: fresh processes instead of forked ones: %s", self._facts["key"], why)
            self._forks = not isinstance(why, Unforkable)
            return None

    async def _sown(self) -> Seed:
        seed = await self._adopted_seed()
        if seed is None:
            seed = await Seed.begin(self._data, self._runtime, self._limits, self._log)
            self._kept_as = self._new_name()
            self._keeping.keep(self._kept_as, self._facts | seed.facts, seed.descriptors)
        return seed

    async def _adopted_seed(self) -> Seed | None:
        while kept := self._keeping.take(kind="seed", **self._facts):
            seed = await Seed.adopted(kept)
            if seed is not None:
                self._kept_as = kept.name
                return seed
            self._keeping.drop(kept.name)
        return None

    # Processes of their own

    async def _adopted(self) -> Fresh | None:
        while kept := self._keeping.take(kind="replica", **self._facts):
            watcher = await sane(kept, self._data)
            if watcher is not None:
                facts = {"language": self._runtime.language, "pid": int(kept.facts["own"])}
                replica = Fresh(watcher, kept.descriptors[0], kept.descriptors[1], Path(kept.facts["log"]), facts)
                return self._known(kept.name, replica)
            self._keeping.drop(kept.name)
        return None

    async def _begun(self) -> Fresh:
        name = self._new_name()
        self._logs[name] = log = self._free_log()
        try:
            launched = await launch(self._data, self._runtime, self._limits, log)
        except BaseException:
            del self._logs[name]
            raise
        return self._known(name, Fresh(*launched, log))

    def _known(self, name: str, replica: Fresh) -> Fresh:
        self._logs[name] = replica.log
        replica.on_ready = lambda own: self._keep(name, replica, own)
        replica.on_end = lambda: self._forget(name)
        return replica

    def _keep(self, name: str, replica: Fresh, own: int) -> None:
        about = {"kind": "replica", **named(replica.watcher.pid), "log": str(replica.log), "own": str(own)}
        self._keeping.keep(name, self._facts | about, (replica.requests, replica.replies))

    def _forget(self, name: str) -> None:
        if self._logs.pop(name, None) is not None:
            self._keeping.drop(name)

    def _new_name(self) -> str:
        return f"{self._facts['key']}/{secrets.token_hex(8)}"

    def _free_log(self) -> Path:
        """A file that no other process prints to: each rotates its own."""
        taken = {*self._logs.values(), *([self._log] if self._forks else [])}
        number = self._log.name.partition(".")[0]
        files = (self._log.with_name(f"{number}.{slot}.log") for slot in range(1, len(taken) + 2))
        return next(file for file in files if file not in taken)


def is_over(sowing: asyncio.Task[Seed]) -> bool:
    """Whether no replica can come of this any more."""
    return sowing.done() and (sowing.cancelled() or sowing.exception() is not None or sowing.result().gone)
