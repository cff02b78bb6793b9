"""What a deployment is: a wish that is kept in the database, and what has become of it.

wanted: serving ⇄ stopped                          what people decide
state:  starting ready swapping degraded failed stopped    what the gateway makes of it (`gateway/states.py`)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from jupyter_kronkers.serving.gateway.routes import ServingLimits

SERVING, STOPPED = "serving", "stopped"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One row: serve what `alias` names, and follow it, or the one `version`."""

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


@dataclass(frozen=True, kw_only=True)
class Deployment(Wish):
    """A wish and its state. `live` is the number of the version that answers now, `follows` of the one that should."""

    state: str
    reason: str = ""
    remedy: str = ""
    live: int | None = None
    follows: int | None = None


@dataclass(frozen=True)
class Replica:
    """One living host process. `warm`: it is loaded, and gets no requests yet or any more."""

    pid: int | None
    version: int
    state: str
    started_at: datetime
    answered: int
    warm: bool = False


@dataclass(frozen=True)
class DeploymentMove:
    """One line of a deployment's history: what was decided, by whom, and what it changed."""

    seq: int
    deployment: str
    action: str
    before: Mapping[str, str | int | None]
    after: Mapping[str, str | int | None]
    at: datetime
    by: str
    why: str
