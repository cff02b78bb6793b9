"""One control plane per data folder: who owns it, and what its owner builds and keeps true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_kronkers.control.ownership import Ownership, Plane, living_owner

if TYPE_CHECKING:
    from jupyter_kronkers.control.plane import ControlPlane

__all__ = ["ControlPlane", "Ownership", "Plane", "living_owner"]


def __getattr__(name: str) -> object:
    # The rooms bring SQLAlchemy; whoever only looks for the owner must not wait for it.
    if name == "ControlPlane":
        from jupyter_kronkers.control.plane import ControlPlane

        return ControlPlane
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
