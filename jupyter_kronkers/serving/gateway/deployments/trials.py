"""Trials: is a version that has just begun to answer good enough to stay?

    swap ──▶ on trial ──60 s and 20 answers──▶ it stays
                 └── its breaker opens, or of at least 20 requests most fail by the model ──▶ it is withdrawn

A canary is on trial for as long as it is one.
"""

from __future__ import annotations

from jupyter_kronkers.errors import HostDied, KronkersError
from jupyter_kronkers.serving.gateway.versions.versions import LoadedVersion

TRIAL_S, LONGEST_TRIAL_S = 60.0, 15 * 60.0
ENOUGH = 20
MOST = 0.5
USUALLY = 2.0
"""Where the version before failed often, too, this one must fail that many times as often."""


class Trial:
    """One version on trial. `before` serves again if it fails; None for a canary: the stable one serves beside it."""

    def __init__(self, version: LoadedVersion, before: LoadedVersion | None, now: float) -> None:
        self.version, self.before = version, before
        self._began = now
        self._opened = version.breaker.opened
        self._first = self._asked = version.answered + version.failed
        self._failed = version.failed
        self._bad_share = max(MOST, USUALLY * share_failed(before) if before else 0.0)

    def fault(self) -> KronkersError | None:
        """Why it must go, or None. Looks at the requests since the last look that saw enough of them."""
        version = self.version
        # Somebody who kills hosts from outside does not condemn the version.
        if version.breaker.opened > self._opened and not (
            isinstance(version.reason, HostDied) and version.reason.killed
        ):
            return self._withdrawn(f"its hosts kept ending. The last time: {version.reason}")
        asked, failed = version.answered + version.failed - self._asked, version.failed - self._failed
        if asked < ENOUGH:
            return None
        if failed > self._bad_share * asked:
            return self._withdrawn(f"{failed} of {asked} requests failed by the model.")
        self._asked, self._failed = self._asked + asked, self._failed + failed
        return None

    def passed(self, now: float) -> bool:
        """Whether it was long enough."""
        seen = self.version.answered + self.version.failed - self._first
        return now - self._began > (TRIAL_S if seen >= ENOUGH else LONGEST_TRIAL_S)

    def _withdrawn(self, why: str) -> KronkersError:
        return withdrawn(f"{self.version.artifact.placed.words} was withdrawn: {why}")


def withdrawn(why: str) -> KronkersError:
    remedy = "See its log. It is not tried again until somebody decides: deploy another version, or this one again."
    return KronkersError(why, remedy=remedy, code="withdrawn")


def share_failed(version: LoadedVersion) -> float:
    return version.failed / max(1, version.answered + version.failed)
