"""The rooms of one data folder, as operations get them. Built by the doors, never here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from jupyter_kronkers.access import Audit, Principal, Tokens
    from jupyter_kronkers.api.versions import NewVersion, Version
    from jupyter_kronkers.models import Models, Uploads
    from jupyter_kronkers.serving import Deployments
    from jupyter_kronkers.serving.calling import Caller
    from jupyter_kronkers.serving.traffic import Traffic
    from jupyter_kronkers.store import Clock, Store


Step = Literal["capture", "upload", "proof", "done", "failed"]
"""How far a capture is; what `capture_progressed` in app/changes.yaml knows."""


class Gateway(Protocol):
    """What serves predictions, as far as the interface speaks of it."""

    @property
    def url(self) -> str | None:
        """Where it listens, or None if nothing does."""


@dataclass(frozen=True)
class Rooms:
    """gateway, caller, traffic: None where the folder is worked on by a command and nothing serves."""

    store: Store
    audit: Audit
    models: Models
    uploads: Uploads
    deployments: Deployments
    tokens: Tokens
    clock: Clock
    gateway: Gateway | None = None
    caller: Caller | None = None
    traffic: Traffic | None = None


@dataclass(frozen=True)
class Desk:
    """What only the user's own Jupyter Server has: live kernels.

    kernels, sessions: Jupyter's own. root: the folder its notebooks lie in.
    register: hands a finished capture to whoever owns the data folder; the last argument is called once it is there
    and its proof begins.
    progressed: tells the browsers of this server how far a capture is: the id that the browser gave it, and the step
    that begins now, or done, or failed. May be called from any thread; without an id nobody is told.
    """

    kernels: Any
    sessions: Any
    root: Path
    register: Callable[[Principal, str, Path, NewVersion, Callable[[], None]], Version]
    progressed: Callable[[str | None, Step], None]
