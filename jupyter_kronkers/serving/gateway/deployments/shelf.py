"""The shelf of one deployment: every version it has loaded, whatever it is used for.

have ──▶ loaded already: taken as it is     put away ──▶ drained ──▶ likely to be chosen again: kept warm for a while
    └──▶ brought, verified, started, proven                   └────▶ closed
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator

from jupyter_kronkers.errors import KronkersError
from jupyter_kronkers.languages import Limits
from jupyter_kronkers.serving.gateway.routes import Placed, ServingLimits
from jupyter_kronkers.serving.gateway.versions.versions import LoadedVersion, host_limits

WARM_S = 15 * 60.0
"""How long a version that is not used is kept loaded: the previous one, and a newer one that may be chosen soon."""

Key = tuple[str, int, str, Limits]
Brings = Callable[[Placed, ServingLimits], Awaitable[LoadedVersion]]
"""Makes a version that has no replicas yet from its artifact. Raises KronkersError."""


def key_of(placed: Placed, limits: ServingLimits) -> Key:
    """What makes it other processes than another."""
    return placed.model, placed.number, placed.digest, host_limits(limits)


class Shelf:
    """`used` says which versions must not be put away; `kept` which are worth keeping warm."""

    def __init__(self, brings: Brings, used: Callable[[LoadedVersion], bool], kept: Callable[[Key], bool]) -> None:
        self._brings, self._used, self._kept = brings, used, kept
        self._loop = asyncio.get_running_loop()
        self._loaded: dict[Key, LoadedVersion] = {}
        self._warm_until: dict[Key, float] = {}
        self._cold: set[Key] = set()
        self._loading: asyncio.Task[LoadedVersion] | None = None
        self._leaving: dict[LoadedVersion, asyncio.Task[None]] = {}
        self.loading_key: Key | None = None

    def __iter__(self) -> Iterator[LoadedVersion]:
        return iter(tuple(self._loaded.values()))

    def __contains__(self, version: LoadedVersion) -> bool:
        return self._loaded.get(self.key(version)) is version

    def has(self, key: Key) -> bool:
        return key in self._loaded

    async def have(self, placed: Placed, limits: ServingLimits, replicas: int, spares: int = 0) -> LoadedVersion:
        """The version, proven. Raises KronkersError if it cannot be loaded, CancelledError after `give_up`."""
        key = key_of(placed, limits)
        version = self._loaded.get(key)
        if version is None:
            version = self._loaded[key] = await self._load(key, placed, limits, replicas, spares)
        version.limits = limits
        version.scale(replicas, spares)
        self._warm_until.pop(key, None)
        return version

    def give_up(self) -> None:
        """Load nothing now."""
        if self._loading is not None:
            self._loading.cancel()

    def put_away(self, version: LoadedVersion) -> None:
        """Let it finish what it has; then it is kept warm, or ends."""
        if version not in self._leaving:
            task = self._loop.create_task(self._putting_away(version))
            self._leaving[version] = task
            task.add_done_callback(lambda _: self._leaving.pop(version, None))

    def tidy(self) -> None:
        """Put away whatever is not used and not worth keeping, or was kept long enough."""
        now = self._loop.time()
        for key, version in tuple(self._loaded.items()):
            worn_out = key in self._warm_until and self._warm_until[key] < now
            if not self._used(version) and (worn_out or not self._kept(key)):
                self._cold.add(key)
                self.put_away(version)

    async def warm_up(self, placed: Placed, limits: ServingLimits) -> None:
        """Load it before it is chosen; but not again if it could not be loaded or was kept for nothing."""
        key = key_of(placed, limits)
        if key in self._loaded or key in self._cold:
            return
        self._cold.add(key)
        with contextlib.suppress(KronkersError):
            self._loaded[key] = await self._load(key, placed, limits, 1, 0)
            self._warm_until[key] = self._loop.time() + WARM_S

    def oldest_warm(self) -> tuple[float, LoadedVersion] | None:
        """The version kept longest for what may come, and until when it should be."""
        kept = [(until, self._loaded[key]) for key, until in self._warm_until.items() if key in self._loaded]
        return min(kept, key=lambda one: one[0], default=None)

    def cool(self, version: LoadedVersion) -> None:
        """Keep it warm no longer, and do not warm it up again."""
        self._cold.add(self.key(version))
        self.put_away(version)

    def forgive(self) -> None:
        """Everything may be warmed up again."""
        self._cold.clear()

    def key(self, version: LoadedVersion) -> Key:
        return key_of(version.artifact.placed, version.limits)

    async def close(self) -> None:
        """Leave no process."""
        self.give_up()
        for version in tuple(self._loaded.values()):
            await version.closed()
        self._loaded.clear()
        await asyncio.gather(*self._leaving.values(), return_exceptions=True)

    async def _load(self, key: Key, placed: Placed, limits: ServingLimits, replicas: int, spares: int) -> LoadedVersion:
        self.loading_key = key
        self._loading = self._loop.create_task(self._bring(placed, limits, replicas, spares))
        try:
            return await self._loading
        finally:
            self._loading = self.loading_key = None

    async def _bring(self, placed: Placed, limits: ServingLimits, replicas: int, spares: int) -> LoadedVersion:
        version = await self._brings(placed, limits)
        await version.load(replicas, spares)
        return version

    async def _putting_away(self, version: LoadedVersion) -> None:
        await version.drain()
        key = self.key(version)
        if self._used(version) or self._loaded.get(key) is not version:
            return
        if self._kept(key) and key not in self._cold:
            version.scale(1)
            self._warm_until.setdefault(key, self._loop.time() + WARM_S)
            version.changed()
            return
        del self._loaded[key]
        self._warm_until.pop(key, None)
        await version.closed()
        version.changed()
