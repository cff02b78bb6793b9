"""Builds the rooms of one data folder, and keeps true what was wished."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from jupyter_kronkers.access import Audit, Tokens
from jupyter_kronkers.access.tokens import digest
from jupyter_kronkers.api.dispatch import Dispatcher
from jupyter_kronkers.api.rooms import Rooms
from jupyter_kronkers.control.rounds import Round, Rounds
from jupyter_kronkers.models import Models, Uploads
from jupyter_kronkers.serving import Deployments, GatewaySupervisor
from jupyter_kronkers.serving.calling import Caller
from jupyter_kronkers.serving.traffic import Traffic
from jupyter_kronkers.store import Clock, DeploymentChanged, Event, Events, Folders, Store, utc_now

log = logging.getLogger(__name__)

LOOK_OUTSIDE_S = 3.0
SWEEP_S = 3_600.0


@dataclass(frozen=True)
class Served:
    """How predictions are served. port: 0 takes the one used last for this folder, or a free one.

    gateways: processes that answer on that port. memory_bytes: what all hosts together may take; 0: no limit.
    outlives: whether all goes on being served when the control plane dies; `stop` ends it in any case.
    """

    host: str = "127.0.0.1"
    port: int = 0
    gateways: int = 1
    memory_bytes: int = 0
    outlives: bool = False


class ControlPlane:
    """Everything a person decides, for the owner of the folder; whoever builds one holds the folder's lock.

    served: how predictions are served once `start` was called.
    owner_token: opens every deployment at the gateway for as long as this process lives.
    """

    def __init__(
        self,
        folders: Folders,
        *,
        served: Served | None = None,
        owner_token: str = "",
        clock: Clock = utc_now,
    ) -> None:
        self._closing = ExitStack()
        self.folders, self.events = folders, Events()
        store = Store.at(folders.database)
        self._closing.callback(store.close)
        audit = Audit(clock)
        self.models = Models(store, folders, audit, self.events, clock)
        self.uploads = Uploads(store, folders, clock)
        self.tokens = Tokens(store, audit, self.events, clock)
        self.deployments = Deployments(store, folders, audit, self.events, self.models, clock)
        token_digest = digest(owner_token) if owner_token else ""
        served = served or Served()
        self.gateway = GatewaySupervisor(
            folders,
            self.deployments,
            served.host,
            served.port,
            owner_token_digest=token_digest,
            gateways=served.gateways,
            memory_bytes=served.memory_bytes,
            outlives=served.outlives,
        )
        self._caller = Caller(lambda: self.gateway.url, owner_token)
        self._traffic = Traffic(lambda: self.gateway.admins, self.deployments.served, clock)
        self._store, self._audit, self._clock = store, audit, clock
        self.dispatcher = self._dispatcher(serves=False)

    def start(self) -> None:
        """Finish or undo what a killed owner left, serve the deployments, and go the rounds until `stop`."""
        self.recover()
        self.dispatcher = self._dispatcher(serves=True)
        self._start(self.gateway.start, self.gateway.stop)
        self._start(self._traffic.start, self._traffic.stop)
        self._closing.callback(self.events.subscribe(self._look_at_new))
        rounds = Rounds([Round(LOOK_OUTSIDE_S, self.models.look_outside), Round(SWEEP_S, self.uploads.sweep)])
        self._start(rounds.start, rounds.stop)
        threading.Thread(target=self.models.warm, name="kronkers-warm", daemon=True).start()

    def recover(self) -> None:
        """Finish or undo what a killed owner left."""
        self.models.recover()
        self.dispatcher.recover()

    def stop(self) -> None:
        """End everything that was started, the latest first. Harmless to repeat."""
        self._closing.close()

    def _look_at_new(self, event: Event) -> None:
        if isinstance(event, DeploymentChanged):
            self._traffic.wake()

    def _start(self, start: Callable[[], object], stop: Callable[[], object]) -> None:
        self._closing.callback(stop)
        start()

    def _dispatcher(self, *, serves: bool) -> Dispatcher:
        return Dispatcher(
            Rooms(
                store=self._store,
                audit=self._audit,
                models=self.models,
                uploads=self.uploads,
                deployments=self.deployments,
                tokens=self.tokens,
                clock=self._clock,
                gateway=self.gateway if serves else None,
                caller=self._caller if serves else None,
                traffic=self._traffic if serves else None,
            )
        )
