"""The supervisor as its owner sees it: found or started, told the routes, heard, and started again if it dies.

owner ── Tie, Stop ─────────────▶ supervisor (`supervising/`) ── listening socket ──▶ gateways ── hosts
  ├── PUT /routes on every change ────────────────────────────────────────────────▶   │
  └── GET /state, long poll, of each ◀────────────────────────────────────────────────┘
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from jupyter_kronkers.errors import KronkersError, Unavailable
from jupyter_kronkers.serving.attaching import FIRST_WORD_S, Attached, Taken, Wish, begun, found
from jupyter_kronkers.serving.deployments import Deployments
from jupyter_kronkers.serving.gateway.routes import EVERY, Grant, Routes
from jupyter_kronkers.serving.gateway.sharing import MOST_GATEWAYS
from jupyter_kronkers.serving.gateway.states import State
from jupyter_kronkers.serving.listening import listen, url_of
from jupyter_kronkers.serving.merging import merged
from jupyter_kronkers.serving.supervising.supervision import STOP_S
from jupyter_kronkers.serving.telling import Line, Wanted
from jupyter_kronkers.store import AliasMoved, DeploymentChanged, Event, Folders, TokensChanged, VersionRegistered

log = logging.getLogger(__name__)

PAUSES_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_S = 30.0
TELL = (AliasMoved, DeploymentChanged, TokensChanged, VersionRegistered)


class GatewaySupervisor:
    """Has predictions served, by `gateways` processes on one port, from `start` to `stop`.

    What an owner who wished it to outlive him has left is taken over as it is, and left again by `stop` of one who does
    not wish that: a JupyterLab that came in between does not end what `serve` serves.

    port: 0 takes the one used last for this folder, or a free one. owner_token_digest: of a token that opens every
    deployment as long as this owner lives. memory_bytes: what all hosts together may take; 0: no limit.
    outlives: if this process dies without `stop`, all goes on being served, and the next owner of the folder takes it
    over; else it ends with us.
    Raises Conflict from `start` if the port that was asked for cannot be had.
    """

    def __init__(
        self,
        folders: Folders,
        deployments: Deployments,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        owner_token_digest: str = "",
        gateways: int = 1,
        memory_bytes: int = 0,
        outlives: bool = False,
    ) -> None:
        self._wish = Wish(folders.gateway, host, port, max(1, min(gateways, MOST_GATEWAYS)), outlives)
        self._deployments, self._memory_bytes = deployments, memory_bytes
        self._owner = (Grant(owner_token_digest, (EVERY,)),) if owner_token_digest else ()
        self._wanted = Wanted(self._routes)
        self._lock, self._observing = threading.Lock(), threading.Lock()
        self._stopping = threading.Event()
        self._unsubscribe: Callable[[], None] = lambda: None
        self._listening: socket.socket | None = None
        self._attached: Attached | None = None
        self._keeper: threading.Thread | None = None
        self._lines: list[Line] = []
        self._heard: dict[int, State] = {}
        self._revision = 0
        self.pids: tuple[int, ...] = ()
        """The gateways' process ids, 0 for one that is just being started again."""

    @property
    def url(self) -> str | None:
        """Where predictions are asked for; None before `start` and after `stop`."""
        return None if self._listening is None else url_of(self._listening)

    @property
    def pid(self) -> int | None:
        """The first gateway's process id, None while there is none."""
        return next((pid for pid in self.pids if pid), None)

    @property
    def admins(self) -> tuple[Path, ...]:
        """The gateways' admin sockets, where there are gateways."""
        attached = self._attached
        return admins_of(attached) if attached is not None and self._listening is not None else ()

    def start(self) -> None:
        """Serve. Returns when callers can connect; they wait until their version is ready."""
        self._stopping.clear()
        self._wanted.changed()
        self._attached = self._attach()
        self._unsubscribe = self._deployments.events.subscribe(self._hear)
        self._follow(self._attached)
        self._keeper = threading.Thread(target=self._keep, name="kronkers-supervised", daemon=True)
        self._keeper.start()

    def stop(self) -> None:
        """Let what is under way finish, end every process and release the port. Harmless to repeat."""
        self._unsubscribe()
        self._unsubscribe = lambda: None
        with self._lock:
            self._stopping.set()
            listening, self._listening = self._listening, None
            if listening is not None:
                listening.close()
            attached = self._attached
            goes_on = attached is not None and attached.first.outlives and not self._wish.outlives
            if attached is not None:
                (attached.leave if goes_on else attached.stop)()
        if self._keeper is not None:
            self._keeper.join(STOP_S + 1)
            self._keeper = None
        if attached is not None and not goes_on:
            attached.mourn()
        self._attached, self.pids = None, ()
        self._hang_up()
        with self._observing:
            self._deployments.observe(None)

    # The process

    def _attach(self) -> Attached:
        ends = time.monotonic() + FIRST_WORD_S
        while True:
            try:
                return self._attach_once()
            except Taken as problem:
                # Another one that serves this folder is just starting or just ending.
                if time.monotonic() > ends:
                    self._let_go()
                    raise Unavailable(problem.message, remedy=problem.remedy) from problem
                time.sleep(0.2)

    def _attach_once(self) -> Attached:
        attached = None if self._listening is not None else found(self._wish)
        if attached is not None:
            self._listening = attached.listening
            return attached
        if self._listening is None:
            self._listening = listen(self._wish.host, self._wish.port, self._wish.folder / "port")
        return begun(self._wish, self._listening)

    def _let_go(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    def _keep(self) -> None:
        """Follow the supervisor, and start another one on the same socket when it has died."""
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            attached = self._attached
            for report in attached.reports() if attached is not None else ():
                self.pids = report.pids
            failures = 1 if time.monotonic() - began > STEADY_S else failures + 1
            while not self._revived(failures):
                failures += 1

    def _revived(self, failures: int) -> bool:
        """Whether it lives again, or need not."""
        if self._stopping.wait(PAUSES_S[min(failures - 1, len(PAUSES_S) - 1)]):
            return True
        log.error("The supervisor of the gateways ended and is started again.")
        self.pids = ()
        try:
            with self._lock:
                if self._stopping.is_set() or self._listening is None:
                    return True
                if self._attached is not None:
                    self._attached.mourn()
                self._attached = begun(self._wish, self._listening)
        except (OSError, KronkersError) as problem:
            log.error("It did not start: %s", problem)
            return False
        self._hang_up()
        self._follow(self._attached)
        return True

    # Telling and hearing

    def _follow(self, attached: Attached) -> None:
        self.pids = attached.first.pids
        with self._observing:
            self._heard.clear()
        for slot, admin in enumerate(admins_of(attached)):
            line = Line(admin, self._wanted, self._listener(slot))
            self._lines.append(line)
            line.open()

    def _hang_up(self) -> None:
        lines, self._lines = self._lines, []
        for line in lines:
            line.close()
        for line in lines:
            line.join(STOP_S)

    def _listener(self, slot: int) -> Callable[[State], None]:
        def hear(state: State) -> None:
            # One at a time, so that what is observed last is what was heard last.
            with self._observing:
                if self._stopping.is_set():
                    return
                self._heard[slot] = state
                self._revision += 1
                told = [self._heard[number] for number in sorted(self._heard)]
                self._deployments.observe(merged(told, self._revision))

        return hear

    def _hear(self, event: Event) -> None:
        if isinstance(event, TELL):
            self._wanted.changed()
            for line in self._lines:
                line.changed()

    def _routes(self) -> Routes:
        """What each gateway is told: its share of the memory, and the owner's own token besides the others."""
        routes = self._deployments.routes()
        share = (self._memory_bytes or routes.memory_bytes) // max(1, len(self.pids))
        return replace(routes, grants=(*self._owner, *routes.grants), memory_bytes=share)


def admins_of(attached: Attached) -> tuple[Path, ...]:
    place = Path(attached.first.place)
    return tuple(place / f"admin.{slot}" for slot in range(len(attached.first.pids)))
