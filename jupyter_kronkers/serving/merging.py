"""Merging: what several gateway processes say of themselves, as one state."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from jupyter_kronkers.serving.gateway.states import CanaryState, DeploymentState, ShadowState, State

BEST_FIRST = ("idle", "ready", "degraded", "swapping", "starting", "failed", "stopped")
"""The worst is told: a deployment is ready when every gateway answers for it."""

Beside = TypeVar("Beside", CanaryState, ShadowState)
COUNTED = ("asked", "dropped", "answered", "failed", "different", "seconds")


def merged(states: Sequence[State], revision: int) -> State:
    """One state of all gateways, which each tell the same deployments; `pid` is that of the first."""
    if len(states) == 1:
        return states[0]
    names = sorted({deployment.name for state in states for deployment in state.deployments})
    found = (together([d for state in states for d in state.deployments if d.name == name]) for name in names)
    return State(states[0].pid, revision, tuple(found))


def together(told: Sequence[DeploymentState]) -> DeploymentState:
    """What the worst says, with the replicas of all. `number` is the version that all answer with, or still some."""
    worst = max(told, key=lambda deployment: rank(deployment.state))
    return replace(
        worst,
        number=lagging({deployment.number for deployment in told}, worst.wanted),
        restarts=sum(deployment.restarts for deployment in told),
        replicas=tuple(replica for deployment in told for replica in deployment.replicas),
        canary=summed([deployment.canary for deployment in told]),
        shadow=summed([deployment.shadow for deployment in told]),
        withdrawn={role: why for deployment in told for role, why in deployment.withdrawn.items()},
    )


def summed(told: Sequence[Beside | None]) -> Beside | None:
    """What all gateways saw of a canary or shadow; of the newest version, where they differ."""
    found = [one for one in told if one is not None]
    if not found:
        return None
    newest = max(found, key=lambda one: one.number)
    alike = [one for one in found if one.number == newest.number]
    counts = {name: sum(getattr(one, name) for one in alike) for name in COUNTED if hasattr(newest, name)}
    largest = {"largest": max(getattr(one, "largest", 0.0) for one in alike)} if hasattr(newest, "largest") else {}
    return replace(newest, **counts, **largest)


def rank(state: str) -> int:
    return BEST_FIRST.index(state) if state in BEST_FIRST else len(BEST_FIRST)


def lagging(numbers: Collection[int | None], wanted: int) -> int | None:
    """The number to tell where gateways differ: the one that is still to go, since callers may meet it."""
    behind = sorted(present(number for number in numbers if number != wanted))
    return behind[0] if behind else next(iter(numbers), None) if len(numbers) == 1 else wanted


def present(numbers: Iterable[int | None]) -> list[int]:
    return [number for number in numbers if number is not None]
