"""Models: register, prove, sign, number, point at, compare. MLflow lives in this room and only here.

Light to import: SQL, NumPy and whatever opens MLflow are loaded when first asked for. `manifests` needs none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_kronkers.models.aliases import Alias, AliasMove
    from jupyter_kronkers.models.diffs import Change, Diff, MetricChange
    from jupyter_kronkers.models.models import Models
    from jupyter_kronkers.models.signing import Signer
    from jupyter_kronkers.models.uploads import Uploads
    from jupyter_kronkers.models.versions import Model, Page, Version

__all__ = [
    "Alias",
    "AliasMove",
    "Change",
    "Diff",
    "MetricChange",
    "Model",
    "Models",
    "Page",
    "Signer",
    "Uploads",
    "Version",
]

_ROOM = {
    "aliases": ["Alias", "AliasMove"],
    "diffs": ["Change", "Diff", "MetricChange"],
    "models": ["Models"],
    "signing": ["Signer"],
    "uploads": ["Uploads"],
    "versions": ["Model", "Page", "Version"],
}
_MODULE_OF = {name: module for module, names in _ROOM.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
