"""How kernels and the command line speak to a data folder, whoever owns it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_kronkers.client.client import Client

if TYPE_CHECKING:
    from jupyter_kronkers.client.registering import RegisteredVersion, register

__all__ = ["Client", "RegisteredVersion", "register"]


def __getattr__(name: str) -> object:
    # Registering brings NumPy; a list of models does not need it.
    if name in {"RegisteredVersion", "register"}:
        from jupyter_kronkers.client import registering

        return getattr(registering, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
