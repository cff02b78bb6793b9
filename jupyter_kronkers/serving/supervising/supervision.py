"""Supervision: one loop over children, owners and slots. It never blocks on any of them.

serving ── stop order, SIGTERM, or the owner died and we do not outlive him ──▶ stopping ── nothing left ──▶ ended
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import selectors
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from jupyter_kronkers.release import version
from jupyter_kronkers.serving.gateway.sharing import Shares
from jupyter_kronkers.serving.listening import url_of
from jupyter_kronkers.serving.supervising import whereabouts
from jupyter_kronkers.serving.supervising.orders import Report
from jupyter_kronkers.serving.supervising.slots import Ground, Slot
from jupyter_kronkers.serving.supervising.ties import Speaker, Stop, Tie
from jupyter_kronkers.serving.supervising.whereabouts import PLACE, Whereabouts
from jupyter_kronkers.store.processes import started_at

log = logging.getLogger(__name__)

STOP_S = 20.0
"""How long gateways may take to finish what is under way."""

LOOK_S = 5.0
SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Asked(NamedTuple):
    """What the supervisor was started with. tie: the first owner's connection."""

    folder: Path
    listening: socket.socket
    tie: socket.socket
    gateways: int


class Supervision:
    """From its start, under the lock, until nothing is left of it."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._nonce = secrets.token_urlsafe(24)
        self._place = Path(tempfile.mkdtemp(prefix=PLACE))
        shares = Shares.create(self._place / "shares")
        ground = Ground(asked.folder, self._place, asked.listening, shares)
        self._slots = [Slot(number, ground, time.monotonic()) for number in range(asked.gateways)]
        self._speakers: list[Speaker] = []
        self._outlives = False
        self._stop_by: float | None = None
        self._told: Report | None = None
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = socket.socketpair()
        self._door = socket.socket(socket.AF_UNIX)

    def run(self) -> None:
        """Serve until told to stop, then leave nothing behind."""
        self._listen_to_signals()
        self._open_door()
        self._say_where()
        self._welcome(self._asked.tie)
        try:
            while self._stop_by is None or any(slot.pid for slot in self._slots):
                self._turn(time.monotonic())
        finally:
            self._leave()

    def _turn(self, now: float) -> None:
        for slot in self._slots:
            self._see_to(slot, now)
        self._report()
        for key, _ in self._selector.select(self._until_next(now)):
            work: Callable[[], None] = key.data
            work()
        if self._stop_by is not None and time.monotonic() > self._stop_by:
            self._signal(signal.SIGKILL)

    def _see_to(self, slot: Slot, now: float) -> None:
        channel = slot.channel
        if slot.reap(now) and channel is not None:
            self._selector.unregister(channel)
        slot.check(now)
        if self._stop_by is not None or slot.due is None or slot.due > now:
            return
        slot.start(now)
        if slot.channel is not None:
            self._selector.register(slot.channel, selectors.EVENT_READ, lambda: self._hear_slot(slot))

    def _until_next(self, now: float) -> float:
        dues = [slot.due for slot in self._slots if slot.due is not None and self._stop_by is None]
        dues += [now + LOOK_S] if self._stop_by is None else [now + 0.1]
        return max(0.0, min(dues) - now)

    # Who speaks

    def _listen_to_signals(self) -> None:
        for end in (self._woken, self._wake):
            end.setblocking(False)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, lambda *_: None)
        self._selector.register(self._woken, selectors.EVENT_READ, self._hear_signal)

    def _hear_signal(self) -> None:
        with contextlib.suppress(BlockingIOError):
            if set(self._woken.recv(1_024)) - {signal.SIGCHLD}:
                self._stop()

    def _hear_slot(self, slot: Slot) -> None:
        channel = slot.channel
        slot.hear(time.monotonic())
        if channel is not None and slot.channel is None:
            self._selector.unregister(channel)

    def _open_door(self) -> None:
        self._door.bind(str(self._place / "supervisor"))
        self._door.listen(16)
        self._door.setblocking(False)
        self._selector.register(self._door, selectors.EVENT_READ, self._answer_door)

    def _answer_door(self) -> None:
        with contextlib.suppress(OSError):
            self._welcome(self._door.accept()[0])

    def _welcome(self, connection: socket.socket) -> None:
        speaker = Speaker(connection, self._nonce, self._asked.listening)
        self._speakers.append(speaker)
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._hear(speaker))
        if connection is self._asked.tie:
            # The first owner cannot know the nonce yet: he made this connection himself.
            speaker.tie(self._state())

    def _hear(self, speaker: Speaker) -> None:
        try:
            for order in speaker.hear():
                self._obey(speaker, order)
        except EOFError:
            self._part(speaker)

    def _obey(self, speaker: Speaker, order: Tie | Stop) -> None:
        if isinstance(order, Stop) or self._stop_by is not None:
            return self._stop()
        self._outlives = self._outlives or order.outlives
        speaker.tie(self._state())
        self._say_where()

    def _part(self, speaker: Speaker) -> None:
        """Someone left. If it was the owner, and no other has come, this is the end unless we outlive him."""
        self._selector.unregister(speaker.connection)
        self._speakers.remove(speaker)
        speaker.close()
        if speaker.tied and not self._outlives and not any(other.tied for other in self._speakers):
            log.info("The owner is gone.")
            self._stop()

    # What is told

    def _state(self) -> Report:
        pids = tuple(slot.pid for slot in self._slots)
        return Report(os.getpid(), str(self._place), self._nonce, pids, self._stop_by is not None, self._outlives)

    def _report(self) -> None:
        report = self._state()
        if report != self._told:
            self._told = report
            for speaker in self._speakers:
                if speaker.tied:
                    speaker.tell(report)

    def _say_where(self) -> None:
        pid, url = os.getpid(), url_of(self._asked.listening)
        place, count = str(self._place), len(self._slots)
        here = Whereabouts(pid, started_at(pid), self._nonce, place, url, count, version(), self._outlives)
        whereabouts.write(self._asked.folder, here)

    # The end

    def _stop(self) -> None:
        if self._stop_by is not None:
            return
        self._stop_by = time.monotonic() + STOP_S
        # Whoever comes now must not find us, and must find the port free.
        whereabouts.forget(self._asked.folder)
        self._selector.unregister(self._door)
        self._door.close()
        self._asked.listening.close()
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        for slot in self._slots:
            slot.signal(number)

    def _leave(self) -> None:
        for slot in self._slots:
            slot.give_up()
        whereabouts.sweep_place(self._place)
        for speaker in self._speakers:
            speaker.close()
