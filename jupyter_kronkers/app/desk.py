"""What the user's own Jupyter Server adds: its live kernels, and a way to register what they hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_kronkers.access import Principal
from jupyter_kronkers.api.rooms import Desk
from jupyter_kronkers.api.versions import NewVersion, Version
from jupyter_kronkers.app.announcing import announcer_of_captures
from jupyter_kronkers.client import Client
from jupyter_kronkers.client.connecting import Connection

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from jupyter_kronkers.api import Transport
    from jupyter_kronkers.store import Folders


def desk_of(server: ServerApp, folders: Folders, transport: Transport) -> Desk:
    """transport: to whoever owns the data folder now."""

    def register(who: Principal, name: str, finished: Path, wish: NewVersion, uploaded: Callable[[], None]) -> Version:
        client = Client(folders, Connection(transport, lambda: None, None), who, lambda words: None)
        words = {"title": wish.title, "description": wish.description, "note": wish.note}
        return client.register(name, finished, **words, uploaded=uploaded)

    return Desk(
        server.kernel_manager,
        server.session_manager,
        Path(server.root_dir),
        register,
        announcer_of_captures(server.event_logger),
    )
