"""Seeds: where a version's processes come from. Forked from a warm parent where that is possible, else fresh."""

from __future__ import annotations

from pathlib import Path

from jupyter_kronkers.languages import Limits, Runtime
from jupyter_kronkers.serving.gateway.hosting import Fresh, Hosted
from jupyter_kronkers.serving.gateway.keeping import Keeping


class Hosting:
    """Brings the processes of one version. `log` is the file of its first process; others get files beside it."""

    def __init__(self, data: Path, runtime: Runtime, limits: Limits, log: Path, keeping: Keeping, key: str) -> None:
        self._data, self._runtime, self._limits, self._log = data, runtime, limits, log
        self._keeping, self._key = keeping, key

    async def begin(self) -> Hosted:
        """One more process. Raises HostFailed, OSError or TimeoutError."""
        return await Fresh.begin(self._data, self._runtime, self._limits, self._log)

    async def close(self) -> None:
        """End what no replica uses any more: the seed."""
