"""What a deployment is: a wish that is kept in the database, and what has become of it.

wanted: serving ⇄ stopped                               what people decide
state:  starting ready swapping degraded idle failed stopped    what the gateway makes of it (`gateway/states.py`)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from jupyter_kronkers.serving.gateway.routes import ServingLimits
from jupyter_kronkers.serving.gateway.states import CanaryState, ShadowState

SERVING, STOPPED = "serving", "stopped"
Said = str | int | float | None
Which = int | str
"""A version of the deployment's model: its number, or an alias that is followed."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One row: serve what `alias` names, and follow it, or the one `version`.

    spares: processes that stand by. canary: gets `percent` of the requests. shadow: gets copies of all.
    withdrawn: what a gateway took out of traffic by itself, under which decision, and why.
    """

    name: str
    model: str
    alias: str | None
    version: int | None
    replicas: int
    wanted: str
    limits: ServingLimits
    note: str
    revision: int
    created_at: datetime
    created_by: str
    spares: int = 0
    canary: Which | None = None
    percent: float = 0.0
    shadow: Which | None = None
    withdrawn: Mapping[str, str] = field(default_factory=dict)

    @property
    def which(self) -> Which:
        """What is meant to be live."""
        return self.version if self.version is not None else self.alias or ""


@dataclass(frozen=True, kw_only=True)
class Deployment(Wish):
    """A wish and its state. `live` is the number of the version that answers now, `follows` of the one that should.

    canary_state, shadow_state: what they did, while they do it. memory_bytes: of all its processes; 0 if not known.
    """

    state: str
    reason: str = ""
    remedy: str = ""
    live: int | None = None
    follows: int | None = None
    canary_state: CanaryState | None = None
    shadow_state: ShadowState | None = None
    memory_bytes: int = 0


@dataclass(frozen=True)
class Replica:
    """One living host process, and what it is for: live, canary, shadow, or warm, which gets no requests."""

    pid: int | None
    version: int
    state: str
    started_at: datetime
    answered: int
    warm: bool = False
    role: str = "live"
    memory_bytes: int = 0


@dataclass(frozen=True)
class DeploymentMove:
    """One line of a deployment's history: what was decided, by whom, and what it changed."""

    seq: int
    deployment: str
    action: str
    before: Mapping[str, Said]
    after: Mapping[str, Said]
    at: datetime
    by: str
    why: str


TOLD = ("name", "model", "alias", "version", "replicas", "spares", "canary", "percent", "shadow", "wanted", "note")


def facts(wish: Wish | None) -> dict[str, Said]:
    """What history and audit say of a wish."""
    if wish is None:
        return {}
    return {**{key: getattr(wish, key) for key in TOLD}, "limits": msgspec.json.encode(wish.limits).decode()}
