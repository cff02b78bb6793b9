"""What is remembered: SQL tables, files of the data folder, and facts told to other rooms.

`Store`, the tables and everything of SQLAlchemy are imported only when first asked for: a Jupyter Server that loads
the extension must not wait for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_kronkers.store.events import (
    AliasMoved,
    DeploymentChanged,
    Event,
    Events,
    TokensChanged,
    VersionRegistered,
)
from jupyter_kronkers.store.folders import Folders
from jupyter_kronkers.store.time import Clock, as_text, from_text, utc_now

if TYPE_CHECKING:
    from jupyter_kronkers.store.database import Store

__all__ = [
    "AliasMoved",
    "Clock",
    "DeploymentChanged",
    "Event",
    "Events",
    "Folders",
    "Store",
    "TokensChanged",
    "VersionRegistered",
    "as_text",
    "from_text",
    "utc_now",
]


def __getattr__(name: str) -> object:
    if name == "Store":
        from jupyter_kronkers.store.database import Store

        return Store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
