"""`jupyter kronkers serve`: the extension inside a Jupyter Server that has nothing else.

No files, kernels, terminals or sessions: Jupyter's own services are left out, and the Authorizer denies what remains.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_core.application import JupyterApp
from jupyter_server.auth import Authorizer
from jupyter_server.serverapp import ServerApp

from jupyter_kronkers.access import guard
from jupyter_kronkers.app import KronkersApp
from jupyter_kronkers.app.handlers import RESOURCE
from jupyter_kronkers.errors import KronkersError

if TYPE_CHECKING:
    from jupyter_server.auth import User
    from jupyter_server.base.handlers import JupyterHandler


class OnlyOurs(Authorizer):  # type: ignore[misc]  # Jupyter Server is untyped to us
    """Whoever is known may use our interface, and nothing else that a Jupyter Server could do."""

    def is_authorized(self, handler: JupyterHandler, user: User, action: str, resource: str) -> bool:
        return resource == RESOURCE


class TrimmedServer(ServerApp):  # type: ignore[misc]
    """A Jupyter Server without Jupyter's own interface."""

    name = "jupyter_kronkers_server"
    default_services = ("auth", "security")

    def init_signal(self) -> None:
        """A terminal that is closed, or an interrupt, stops us in order: our gateways would outlive anything less."""
        super().init_signal()
        for number in (signal.SIGHUP, signal.SIGINT):
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):  # nohup ignores the first
                signal.signal(number, self._signal_stop)

    def start_app(self) -> None:
        """Begin without Jupyter's greeting: it names pages that are not here, and writes a token into the log."""
        JupyterApp.start(self)
        self.write_server_info_file()


class ServeApp(KronkersApp):
    """Built by `serve` below."""

    serverapp_class = TrimmedServer
    load_other_extensions = False
    extension_url = "/kronkers/api/v1/health/ready"


def serve(folder: Path, settings: dict[str, Any]) -> None:
    """Run until a signal comes. settings: traits of the extension and of the server, as `Class.trait`.

    Raises SystemExit with Jupyter's code if its port is taken, and what kept the control plane from starting.
    """
    # No other people's extensions live here, so the guard may hold for good.
    guard.lock_process()
    arguments = [f"--{name}={value}" for name, value in (trimmed(folder) | settings).items()]
    ServeApp.launch_instance(argv=arguments)
    problem: KronkersError | None = (
        TrimmedServer.instance().extension_manager.extension_points[KronkersApp.name].app.problem
    )
    if problem is not None:
        raise problem


def trimmed(folder: Path) -> dict[str, Any]:
    """What makes the server small and keeps it on loopback."""
    return {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": 8890,
        "ServerApp.open_browser": False,
        # Nothing of a notebook runs in this process, so root needs no warning here.
        "ServerApp.allow_root": True,
        "ServerApp.allow_remote_access": False,
        "ServerApp.allow_unauthenticated_access": False,
        "ServerApp.root_dir": os.fspath(folder / "control"),
        "ServerApp.terminals_enabled": False,
        "ServerApp.authorizer_class": f"{__name__}.OnlyOurs",
        "KronkersApp.kind": "serve",
        "KronkersApp.data_dir": os.fspath(folder),
    }
