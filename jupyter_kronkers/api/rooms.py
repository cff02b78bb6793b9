"""The rooms of one data folder, as operations get them. Built by the doors, never here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from jupyter_kronkers.access import Audit, Principal, Tokens
    from jupyter_kronkers.api.versions import NewVersion, Version
    from jupyter_kronkers.models import Models, Uploads
    from jupyter_kronkers.serving import Deployments
    from jupyter_kronkers.store import Clock, Store


class Gateway(Protocol):
    """What serves predictions, as far as the interface speaks of it."""

    @property
    def url(self) -> str | None:
        """Where it listens, or None if nothing does."""


@dataclass(frozen=True)
class Rooms:
    """gateway: None where the folder is worked on by a command and nothing serves."""

    store: Store
    audit: Audit
    models: Models
    uploads: Uploads
    deployments: Deployments
    tokens: Tokens
    clock: Clock
    gateway: Gateway | None = None


@dataclass(frozen=True)
class Desk:
    """What only the user's own Jupyter Server has: live kernels.

    kernels, sessions: Jupyter's own. root: the folder its notebooks lie in.
    register: hands a finished capture to whoever owns the data folder.
    """

    kernels: Any
    sessions: Any
    root: Path
    register: Callable[[Principal, str, Path, NewVersion], Version]
