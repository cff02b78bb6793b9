"""States: what the gateway says of itself, as it travels to the control plane.

starting ──▶ ready ──▶ swapping ──▶ ready          stopped: not wanted, nothing runs
    │          └──▶ degraded ──▶ ready             degraded: an answer is given, but not as it was wished
    └──▶ failed ──▶ ready                          failed: no answer can be given
"""

from __future__ import annotations

import msgspec


class ReplicaState(msgspec.Struct, frozen=True):
    """One host. `state` is starting, idle, busy or ending; `answered` counts requests to it, batches as one."""

    pid: int
    number: int
    state: str
    started_at: float
    answered: int
    warm: bool = False


class DeploymentState(msgspec.Struct, frozen=True):
    """One deployment. `number` is the version that answers, None if none does; `wanted` the one that should."""

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


class State(msgspec.Struct, frozen=True):
    """All deployments. `revision` grows with every change; it starts anew with the process, which `pid` tells."""

    pid: int
    revision: int
    deployments: tuple[DeploymentState, ...] = ()
