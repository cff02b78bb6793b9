"""What several gateways say, as one state."""

from __future__ import annotations

from msgspec.structs import replace

from jupyter_kronkers.serving.gateway.states import DeploymentState, ReplicaState, State
from jupyter_kronkers.serving.merging import merged


def told(pid: int, state: str, number: int | None = 2, restarts: int = 0) -> State:
    replica = ReplicaState(pid * 10, number or 0, "idle", 0.0, 1)
    deployment = DeploymentState("live", state, "churn", 2, number, f"{state} at {pid}", restarts=restarts)
    return State(pid, 5, (replace(deployment, replicas=(replica,)),))


def test_one_gateway_speaks_for_itself():
    state = told(7, "ready")
    assert merged([state], 99) is state


def test_the_worst_state_is_told_with_its_reason_and_the_replicas_of_all():
    (found,) = merged([told(1, "ready", restarts=1), told(2, "failed", None, 2), told(3, "idle")], 9).deployments
    assert (found.state, found.reason, found.restarts) == ("failed", "failed at 2", 3)
    assert [replica.pid for replica in found.replicas] == [10, 20, 30]


def test_a_swap_is_over_when_the_last_gateway_has_swapped():
    (half,) = merged([told(1, "ready", 2), told(2, "swapping", 1)], 9).deployments
    (whole,) = merged([told(1, "ready"), told(2, "ready")], 9).deployments
    assert (half.number, whole.number) == (1, 2)


def test_a_deployment_that_only_one_has_heard_of_is_told():
    found = merged([State(1, 5, ()), told(2, "starting", None)], 9)
    assert [(d.name, d.state, d.number) for d in found.deployments] == [("live", "starting", None)]


def test_gateways_of_which_one_sleeps_are_ready():
    (found,) = merged([told(1, "ready"), told(2, "idle", 2)], 9).deployments
    assert (found.state, found.number) == ("ready", 2)
