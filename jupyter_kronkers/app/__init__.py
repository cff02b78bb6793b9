"""The door of JupyterLab: the server extension, and the same inside a trimmed server for `jupyter kronkers serve`.

Loading it costs a few milliseconds: databases, MLflow and the rest are brought in by a thread once the server runs,
and a request that comes earlier waits for them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Enum, Int, Unicode, default

from jupyter_kronkers.app.handlers import api_handlers
from jupyter_kronkers.app.seat import Seat, Wishes
from jupyter_kronkers.errors import KronkersError
from jupyter_kronkers.store import Folders

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_events import EventLogger
    from jupyter_server.serverapp import ServerApp

    from jupyter_kronkers.api import Transport
    from jupyter_kronkers.api.rooms import Desk


class KronkersApp(ExtensionApp):  # type: ignore[misc]  # Jupyter Server is untyped to us
    """Models, versions and deployments below `<base url>/kronkers/api/v1`."""

    name = "jupyter_kronkers"
    extension_url = "/lab"
    load_other_extensions = True

    data_dir = Unicode(
        help="The data folder: databases, artifacts, keys. One process owns it, others attach to it."
    ).tag(config=True)
    gateway_ip = Unicode(
        "127.0.0.1", help="The address on which predictions are served. Loopback unless you say so."
    ).tag(config=True)
    gateway_port = Int(0, help="The port on which predictions are served. 0: the one used last for this folder.").tag(
        config=True
    )
    gateways = Int(
        1, min=1, max=16, help="How many processes serve predictions on that port, each with replicas of its own."
    ).tag(config=True)
    memory = Unicode(
        help="What all hosts together may take, as 8GiB. Empty: three quarters of the machine, or of the container."
    ).tag(config=True)
    gateway_outlives = Bool(
        help="Whether predictions go on if this process is killed, until another one takes them over or "
        "`jupyter kronkers stop`. By default so with `jupyter kronkers serve`, not with JupyterLab."
    ).tag(config=True)
    kind = Enum(
        ["lab", "serve"], "lab", help="What others are told of this process. Set by `jupyter kronkers serve`."
    ).tag(config=True)

    seat: Seat | None = None
    problem: KronkersError | None = None
    """What keeps the control plane from starting, if something does."""

    _stop_telling: Callable[[], object] = staticmethod(lambda: None)

    @default("data_dir")
    def _default_data_dir(self) -> str:
        return str(Folders.default().root)

    @default("gateway_outlives")
    def _default_gateway_outlives(self) -> bool:
        return bool(self.kind == "serve")

    def initialize_handlers(self) -> None:
        """Called by Jupyter while it loads: nothing is opened yet."""
        folders = Folders(Path(self.data_dir).expanduser())
        tell_kernels(KRONKERS_DATA_DIR=str(folders.root), KRONKERS_COMMAND=command())
        wishes = Wishes(
            folders,
            self.kind,
            self.gateway_ip,
            self.gateway_port,
            self.gateways,
            self.memory,
            self.gateway_outlives,
        )
        self.seat = Seat(wishes, desk=self._desk, opened=self._opened, failed=self._failed)
        self.handlers.extend(api_handlers(self.seat))

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        """Called by Jupyter once its loop runs."""
        from jupyter_kronkers.app.announcing import register_schema

        register_schema(serverapp.event_logger)
        if self.seat is not None:
            await self.seat.open()

    async def stop_extension(self) -> None:
        """Called by Jupyter when it ends: what we started ends first."""
        self._stop_telling()
        if self.seat is not None:
            await self.seat.close()

    def _opened(self, seat: Seat) -> None:
        """We own the folder now, or found its owner."""

        self.log.info("Kronkers: %s", seat)
        if seat.gateway_url:
            tell_kernels(KRONKERS_GATEWAY_URL=seat.gateway_url)
        if self.serverapp is not None:
            self._tell(seat, self.serverapp.event_logger)

    def _tell(self, seat: Seat, logger: EventLogger) -> None:
        """Have our browsers hear of changes: ours, or those of the owner that we are attached to."""
        from jupyter_kronkers.app.announcing import announce, teller
        from jupyter_kronkers.app.following import follow

        self._stop_telling()
        if seat.control is not None:
            self._stop_telling = announce(seat.control.events, teller(logger))
        elif seat.plane is not None:
            self._stop_telling = follow(seat.plane, teller(logger)).cancel

    def _failed(self, problem: KronkersError) -> None:
        """JupyterLab lives on and tells it to whoever asks; a server that is there for nothing else ends."""
        if str(problem) != str(self.problem):
            self.log.error("Kronkers: %s", problem)
        self.problem = problem
        if self.kind == "serve" and self.serverapp is not None:
            self.serverapp.stop()

    def _desk(self, transport: Transport) -> Desk:
        from jupyter_kronkers.app.desk import desk_of

        return desk_of(self.serverapp, Folders(Path(self.data_dir).expanduser()), transport)


def tell_kernels(**words: str) -> None:
    """Kernels inherit our environment, and their helpers look there for whom to ask."""
    os.environ.update(words)


def command() -> str:
    """The program that R and Julia call: the one beside this Python, wherever PATH points."""
    beside = Path(sys.executable).with_name("jupyter-kronkers")
    return str(beside) if beside.exists() else "jupyter-kronkers"
