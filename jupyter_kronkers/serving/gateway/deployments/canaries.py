"""Canaries: a version that gets a share of the requests, or those that ask for it.

The share is exact, not drawn: every request adds `percent` to what is owed, and whenever 100 are owed the canary gets
one. So after n requests it has got n · percent / 100 of them, rounded down, evenly spread. Which caller gets it is as
even as the callers are mixed; nobody is bound to one version.
"""

from __future__ import annotations

from jupyter_kronkers.serving.gateway.deployments.trials import Trial
from jupyter_kronkers.serving.gateway.versions.versions import LoadedVersion

CANARY, STABLE = b"canary", b"stable"
"""What a request may say in its header X-Kronkers-Use."""

WHOLE = 100_000_000
"""100 percent, in millionths of one: whole numbers, so that no share drifts."""


class Canary:
    """One canary. `percent` may change at any moment."""

    def __init__(self, version: LoadedVersion, percent: float, now: float) -> None:
        self.version, self.percent = version, percent
        self.trial = Trial(version, None, now)
        self._owed = 0

    def takes(self, use: bytes | None) -> bool:
        """Whether it answers this request; `use` is what the request says."""
        if use is not None and use in (CANARY, STABLE):
            return use == CANARY
        self._owed += round(self.percent * (WHOLE // 100))
        if self._owed < WHOLE:
            return False
        self._owed -= WHOLE
        return True


def replicas_for(percent: float, replicas: int) -> int:
    """How many replicas a canary of this share needs, at least one."""
    return max(1, min(replicas, -int(-replicas * percent // 100)))
