"""Descriptions: what a running deployment says of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from jupyter_kronkers.errors import KronkersError
from jupyter_kronkers.serving.gateway.states import CanaryState, DeploymentState, ReplicaState, ShadowState

if TYPE_CHECKING:
    from jupyter_kronkers.serving.gateway.deployments.canaries import Canary
    from jupyter_kronkers.serving.gateway.deployments.deployment import Deployment
    from jupyter_kronkers.serving.gateway.deployments.shadows import Shadow
    from jupyter_kronkers.serving.gateway.hosts.replicas import Replica
    from jupyter_kronkers.serving.gateway.versions.versions import LoadedVersion

MemoryOf = Callable[[int], int]


def described(deployment: Deployment, memory_of: MemoryOf) -> DeploymentState:
    live, route = deployment.live, deployment.route
    state, problem = standing(deployment)
    return DeploymentState(
        name=deployment.name,
        state=state,
        model=route.version.model if route else "",
        wanted=route.version.number if route else 0,
        number=live.artifact.placed.number if live else None,
        reason=problem.message,
        remedy=problem.remedy,
        code=problem.code if problem.message else "",
        restarts=live.counts.restarts if live else 0,
        replicas=tuple(
            replica_state(deployment, version, replica, memory_of)
            for version, _ in deployment.versions
            for replica in version.replicas
        ),
        canary=canary_state(deployment.canary) if deployment.canary else None,
        shadow=shadow_state(deployment.shadow) if deployment.shadow else None,
        decision=route.decision if route else "",
        withdrawn={**(route.withdrawn if route else {}), **deployment.withdrawn},
    )


def standing(deployment: Deployment) -> tuple[str, KronkersError]:
    """Its state and what is wrong, as its live version's replicas have it."""
    live, state, problem = deployment.live, deployment.state, deployment.problem
    if live is None or state != "ready":
        return state, problem
    if live.asleep:
        return "idle", problem
    if live.waking:
        return "starting", problem
    if live.reason is not None and not live.serving:
        return "degraded", live.reason
    return state, problem


def replica_state(
    deployment: Deployment, version: LoadedVersion, replica: Replica, memory_of: MemoryOf
) -> ReplicaState:
    role, pid = deployment.role_of(version), replica.pid
    return ReplicaState(
        pid=pid,
        number=version.artifact.placed.number,
        state="spare" if replica in version.lineup.standby and replica.state == "idle" else replica.state,
        started_at=replica.started_at,
        answered=replica.answered,
        warm=role == "warm",
        role=role,
        memory_bytes=memory_of(pid) if pid else 0,
    )


def canary_state(canary: Canary) -> CanaryState:
    version = canary.version
    return CanaryState(version.artifact.placed.number, canary.percent, version.answered, version.failed)


def shadow_state(shadow: Shadow) -> ShadowState:
    number = shadow.version.artifact.placed.number
    counts = (shadow.asked, shadow.dropped, shadow.answered, shadow.failed, shadow.different)
    return ShadowState(number, *counts, shadow.largest, shadow.seconds)
