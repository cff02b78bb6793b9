"""States: what the gateway says of itself, as it travels to the control plane.

starting ──▶ ready ──▶ swapping ──▶ ready          stopped: not wanted, nothing runs
    │          ├──▶ degraded ──▶ ready             degraded: an answer is given, but not as it was wished
    │          └──▶ idle ──▶ starting ──▶ ready    idle: nothing runs; the next request starts it
    └──▶ failed ──▶ ready                          failed: no answer can be given
"""

from __future__ import annotations

import msgspec


class ReplicaState(msgspec.Struct, frozen=True):
    """One host. `state` is starting, idle, busy, spare or ending; `answered` counts requests to it, batches as one.

    role: live, canary, shadow, or warm: loaded, and asked nothing yet or any more. memory_bytes: its own share of what
    it and all it started use; 0 if that is not known.
    """

    pid: int
    number: int
    state: str
    started_at: float
    answered: int
    warm: bool = False
    role: str = "live"
    memory_bytes: int = 0


class CanaryState(msgspec.Struct, frozen=True):
    """A canary that answers. `answered` and `failed` count the requests it got; those failed got 502 or 504."""

    number: int
    percent: float
    answered: int
    failed: int


class ShadowState(msgspec.Struct, frozen=True):
    """A shadow and what was seen of it; see `shadows.Shadow`."""

    number: int
    asked: int
    dropped: int
    answered: int
    failed: int
    different: int
    largest: float
    seconds: float


class DeploymentState(msgspec.Struct, frozen=True):
    """One deployment. `number` is the version that answers, None if none does; `wanted` the one that should.

    decision, withdrawn: as in the route, with what this gateway itself withdrew.
    """

    name: str
    state: str
    model: str
    wanted: int
    number: int | None = None
    reason: str = ""
    remedy: str = ""
    code: str = ""
    restarts: int = 0
    replicas: tuple[ReplicaState, ...] = ()
    canary: CanaryState | None = None
    shadow: ShadowState | None = None
    decision: str = ""
    withdrawn: dict[str, str] = {}


class State(msgspec.Struct, frozen=True):
    """All deployments. `revision` grows with every change; it starts anew with the process, which `pid` tells."""

    pid: int
    revision: int
    deployments: tuple[DeploymentState, ...] = ()
