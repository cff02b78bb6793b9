"""Serving: which versions should answer under which name, and the processes that make it so.

    Deployments          the wishes, in the database
    GatewaySupervisor    keeps the gateway's process alive and tells it of the wishes
    gateway/             answers predictions

The gateway imports this package too, so nothing that speaks SQL is imported before it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_kronkers.serving.deployments import Deployments
    from jupyter_kronkers.serving.gateway.routes import ServingLimits
    from jupyter_kronkers.serving.supervisor import GatewaySupervisor
    from jupyter_kronkers.serving.wishes import Deployment, DeploymentMove, Replica

__all__ = ["Deployment", "DeploymentMove", "Deployments", "GatewaySupervisor", "Replica", "ServingLimits"]

_ROOM = {
    "Deployment": "wishes",
    "DeploymentMove": "wishes",
    "Deployments": "deployments",
    "GatewaySupervisor": "supervisor",
    "Replica": "wishes",
    "ServingLimits": "gateway.routes",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _ROOM:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOM[name]}"), name)
