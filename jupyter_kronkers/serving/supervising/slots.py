"""A slot: one gateway process after the other, on the same socket, each with what the one before left.

waiting ── due ──▶ running ── ended ──▶ waiting (longer, the sooner it ended)      end ──▶ gone
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from jupyter_kronkers.languages.memory import KEEPS_MEMORY
from jupyter_kronkers.serving.gateway.sharing import Shares
from jupyter_kronkers.serving.supervising.custody import KIND, Custody

log = logging.getLogger(__name__)

PAUSES_S = (0.0, 0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""How long to wait before a start, by the failures that are not yet forgiven."""

FORGIVEN_S = 5.0
"""A gateway that lived this long makes up for one that failed."""

MISTRUSTED_AFTER = 4
"""After so many failures the next gateway gets nothing of what they left: it may be why they end."""

SILENT_S = 60.0
"""A gateway whose loop has not turned for this long hangs, and is killed."""

LARGEST_LOG = 4 << 20


class Ground(NamedTuple):
    """What all slots stand on: the gateway's own folder, the folder of sockets, the socket that callers connect to."""

    folder: Path
    place: Path
    listening: socket.socket
    shares: Shares


class Slot:
    """Keeps one gateway process alive. Nothing here waits: the supervisor's loop calls when something happened."""

    def __init__(self, number: int, ground: Ground, now: float) -> None:
        self.number = number
        self.due: float | None = now
        self.channel: socket.socket | None = None
        self.custody = Custody()
        self._ground = ground
        self._process: subprocess.Popen[bytes] | None = None
        self._began = self._heard_at = 0.0
        self._failures = 0
        self._beats = False

    @property
    def pid(self) -> int:
        """0 while there is no process."""
        return self._process.pid if self._process is not None else 0

    @property
    def admin(self) -> Path:
        return self._ground.place / f"admin.{self.number}"

    def start(self, now: float) -> None:
        """Start the next gateway. Leaves a later due time where the system has no process for us now."""
        if self._failures >= MISTRUSTED_AFTER:
            self.custody.close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, KIND)
        ours.setblocking(False)
        try:
            self._process = self._spawn(theirs.fileno())
        except OSError as problem:
            log.error("Gateway %d could not be started: %s", self.number, problem)
            ours.close()
            self._fail(now)
            return
        finally:
            theirs.close()
        self.channel, self.due = ours, None
        self._began = self._heard_at = now
        self._beats = False

    def _spawn(self, channel: int) -> subprocess.Popen[bytes]:
        ground = self._ground
        self.admin.unlink(missing_ok=True)
        handed = ground.place / f"kept.{self.number}"
        self.custody.write(handed)
        listening = ground.listening.fileno()
        command = [sys.executable, "-P", "-m", "jupyter_kronkers.serving.gateway"]
        command += ["--socket-fd", str(listening), "--admin", str(self.admin), "--folder", str(ground.folder)]
        command += ["--keep-fd", str(channel), "--kept", str(handed), "--shares", str(ground.shares.path)]
        command += ["--known", str(ground.place / "known"), "--slot", str(self.number)]
        with opened_log(ground.folder / "gateway.log") as printed:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=printed,
                stderr=printed,
                env=os.environ | KEEPS_MEMORY,
                pass_fds=[listening, channel, *self.custody.descriptors],
                start_new_session=True,
            )

    def hear(self, now: float) -> None:
        """Take what the gateway wrote, all of it."""
        while self.channel is not None:
            try:
                beats = self.custody.hear(self.channel)
            except BlockingIOError:
                return
            except (OSError, EOFError):
                return self._hang_up()
            self._heard_at = now
            self._beats = self._beats or beats

    def reap(self, now: float) -> bool:
        """Whether the process has ended; then the next one is due."""
        process = self._process
        if process is None or (status := process.poll()) is None:
            return False
        # What it left last must be known before its successor is started with it.
        self.hear(now)
        self._hang_up()
        if process.stdin is not None:
            process.stdin.close()
        self._process = None
        self._ground.shares.leave(self.number)
        self._failures = max(0, self._failures - int((now - self._began) / FORGIVEN_S)) + 1
        level = logging.ERROR if status else logging.INFO
        log.log(level, "Gateway %d (pid %d) ended with status %d.", self.number, process.pid, status)
        self._fail(now)
        return True

    def check(self, now: float) -> None:
        """Kill a gateway that hangs."""
        if self._process is not None and self._beats and now - self._heard_at > SILENT_S:
            log.error("Gateway %d (pid %d) hangs and is killed.", self.number, self.pid)
            self.signal(signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def give_up(self) -> None:
        """No gateway comes after this one: close all that was left."""
        self.due = None
        self.custody.close()
        self.admin.unlink(missing_ok=True)

    def _fail(self, now: float) -> None:
        self.due = now + PAUSES_S[min(max(self._failures - 1, 0), len(PAUSES_S) - 1)]

    def _hang_up(self) -> None:
        if self.channel is not None:
            self.channel.close()
            self.channel = None


def opened_log(path: Path):  # type: ignore[no-untyped-def]
    """The file, opened at its end; one that has grown large is put aside first."""
    with contextlib.suppress(OSError):
        if path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
    try:
        return path.open("ab")
    except OSError:
        # A full or read-only disk keeps nobody from being served.
        return open(os.devnull, "ab")
