"""The supervisor: keeps one gateway process alive on a socket that outlives it, and keeps it told.

owner ── listening socket ─────────▶ gateway ── hosts       A killed gateway is started again on the same socket:
  ├── stdin pipe (held open) ──────▶   │                    callers wait in the socket's queue, none is refused.
  ├── PUT /routes on every change ─▶   │
  └── GET /state, long poll ◀────────  ┘                    A dead owner closes the pipe, and the gateway ends.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from jupyter_kronkers.errors import Conflict, KronkersError, Unavailable
from jupyter_kronkers.serving.deployments import Deployments
from jupyter_kronkers.serving.gateway.routes import EVERY, Grant, Routes
from jupyter_kronkers.serving.gateway.states import State
from jupyter_kronkers.store import AliasMoved, DeploymentChanged, Event, Folders, TokensChanged, VersionRegistered

log = logging.getLogger(__name__)

BACKLOG = 1_024
STOP_S = 20.0
PAUSES_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_S = 30.0
"""A gateway that lived this long was no failure: the next start is at once again."""

TELL = (AliasMoved, DeploymentChanged, TokensChanged, VersionRegistered)


class GatewaySupervisor:
    """Starts the gateway, restarts it, tells it the routes, and hears how they are.

    port: 0 takes the one used last for this folder, or a free one. owner_token: opens every deployment as long as
    this owner lives. Raises Conflict from `start` if another process listens on a port that was asked for.
    """

    def __init__(
        self,
        folders: Folders,
        deployments: Deployments,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        owner_token_digest: str = "",
    ) -> None:
        self._folder, self._deployments = folders.gateway, deployments
        self._host, self._port = host, port
        self._owner = (Grant(owner_token_digest, (EVERY,)),) if owner_token_digest else ()
        self._threads: list[threading.Thread] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._place: Path | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._told: Routes | None = None

    @property
    def url(self) -> str | None:
        """Where predictions are asked for; None before `start` and after `stop`."""
        if self._socket is None:
            return None
        host, port = self._socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def pid(self) -> int | None:
        """The gateway's process id, None while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Listen, and start the gateway. Returns when callers can connect; they wait until their version is ready."""
        self._socket = self._listen()
        self._place = Path(tempfile.mkdtemp(prefix="kronkers-gw-"))
        self._unsubscribe = self._deployments.events.subscribe(self._hear)
        self._stopping.clear()
        self._news.set()
        for work in (self._keep_alive, self._keep_told, self._keep_watching):
            thread = threading.Thread(target=work, name=f"kronkers-{work.__name__.strip('_')}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Let what is under way finish, end every process and release the port. Harmless to repeat."""
        self._unsubscribe()
        self._unsubscribe = lambda: None
        self._stopping.set()
        self._news.set()
        self._end_process()
        for thread in self._threads:
            thread.join(STOP_S)
        self._threads.clear()
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._place is not None:
            shutil.rmtree(self._place, ignore_errors=True)
        self._deployments.observe(None)

    # The socket

    def _listen(self) -> socket.socket:
        remembered = self._folder / "port"
        last = int(remembered.read_text()) if not self._port and remembered.exists() else 0
        try:
            listening = bound(self._host, self._port or last)
        except OSError as problem:
            if self._port:
                raise Conflict(
                    f"The gateway cannot listen on {self._host}:{self._port}: {problem.strerror}.",
                    remedy=f"Find who does with: ss -ltnp 'sport = :{self._port}'. Or choose another port.",
                ) from problem
            listening = bound(self._host, 0)
        remembered.write_text(str(listening.getsockname()[1]))
        return listening

    # The process

    def _keep_alive(self) -> None:
        # This thread lives as long as the gateway it starts.
        failures = 0
        while not self._stopping.wait(PAUSES_S[min(failures, len(PAUSES_S) - 1)]):
            began = time.monotonic()
            process = self._process = self._spawn()
            self._told = None
            self._news.set()
            if self._stopping.is_set():
                self._end_process()
            status = process.wait()
            failures = 1 if time.monotonic() - began > STEADY_S else failures + 1
            if not self._stopping.is_set():
                log.error("The gateway (pid %s) ended with status %s and is started again.", process.pid, status)

    def _spawn(self) -> subprocess.Popen[bytes]:
        if self._socket is None:
            raise Unavailable("The supervisor was not started.")
        self._admin.unlink(missing_ok=True)
        command = [sys.executable, "-m", "jupyter_kronkers.serving.gateway"]
        command += ["--socket-fd", str(self._socket.fileno()), "--admin", str(self._admin)]
        command += ["--folder", str(self._folder)]
        with (self._folder / "gateway.log").open("ab") as printed:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=printed,
                stderr=printed,
                pass_fds=[self._socket.fileno()],
                start_new_session=True,
            )

    def _end_process(self) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()

    # Telling and hearing

    def _hear(self, event: Event) -> None:
        if isinstance(event, TELL):
            self._news.set()

    def _keep_told(self) -> None:
        while not self._stopping.is_set():
            self._news.wait()
            self._news.clear()
            if self._stopping.is_set():
                return
            try:
                self._tell()
            except (OSError, KronkersError, http.client.HTTPException) as problem:
                log.debug("The gateway was not told its routes: %s", problem)
                self._stopping.wait(0.1)
                self._news.set()

    def _tell(self) -> None:
        routes = self._deployments.routes()
        routes = msgspec.structs.replace(routes, grants=(*self._owner, *routes.grants))
        if routes == self._told:
            return
        self._ask("PUT", "/routes", msgspec.json.encode(routes))
        self._told = routes

    def _keep_watching(self) -> None:
        after, pid = 0, 0
        while not self._stopping.is_set():
            try:
                state = msgspec.json.decode(self._ask("GET", f"/state?after={after}"), type=State)
            except (OSError, KronkersError, http.client.HTTPException, msgspec.MsgspecError):
                after = 0
                self._stopping.wait(0.1)
                continue
            after, pid = (state.revision, state.pid) if state.pid in (pid, self.pid) else (0, 0)
            self._deployments.observe(state)

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Raises OSError while the gateway is away, Unavailable if it refuses."""
        connection = http.client.HTTPConnection("gateway", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(60)
        with contextlib.closing(connection):
            connection.sock.connect(str(self._admin))
            connection.request(method, path, body)
            answer = connection.getresponse()
            content = answer.read()
        if answer.status != 200:
            raise Unavailable(f"The gateway answered {answer.status} to {method} {path}: {content[:500]!r}")
        return content

    @property
    def _admin(self) -> Path:
        if self._place is None:
            raise Unavailable("The supervisor was not started.")
        return self._place / "admin"


def bound(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError if another process listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # SO_REUSEADDR only lets a port be taken again whose last connections are still fading away.
    return socket.create_server((host, port), family=family, backlog=BACKLOG)
