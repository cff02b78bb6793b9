"""Finding whoever answers for a data folder: its living owner, else this process under the folder's lock.

owner alive ──▶ HTTP to it
none        ──▶ take the lock, build the rooms, answer here, give the lock back
lock taken by a short command ──▶ wait our turn
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jupyter_kronkers.api import Transport
from jupyter_kronkers.client.http import HttpTransport
from jupyter_kronkers.control import Ownership, Plane, living_owner
from jupyter_kronkers.control.ownership import WORDS, owned_by_another
from jupyter_kronkers.errors import Unavailable
from jupyter_kronkers.store import Folders

TURN_S = 120.0
PAUSE_S = 0.1
TELL_AFTER_S = 2.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Connection:
    """A way to the folder. plane: the owner that is asked, or None if this process answers itself."""

    transport: Transport
    close: Callable[[], None]
    plane: Plane | None


def connect(folders: Folders, *, say: Say, wait_s: float = TURN_S) -> Connection:
    """A connection, after waiting our turn while others work on the folder.

    wait_s: how long the same process may keep us waiting. Raises Unavailable naming it after that.
    """
    folders.prepare()
    before, since, told = living_owner(folders), time.monotonic(), False
    while not (found := to_owner(folders) or in_process(folders)):
        waited_s, now = time.monotonic() - since, living_owner(folders)
        if now != before:
            # Another one's turn: the queue moves, so we go on waiting.
            before, since = now, time.monotonic()
        elif waited_s > wait_s:
            raise Unavailable(owned_by_another(folders, now).message, remedy="Try again when it is done.")
        if not told and waited_s > TELL_AFTER_S:
            say(f"Waiting for {occupant(folders)}, which is working on {folders.root} …")
            told = True
        time.sleep(PAUSE_S)
    return found


def to_owner(folders: Folders) -> Connection | None:
    plane = living_owner(folders)
    if plane is None or not plane.url:
        return None
    transport = HttpTransport(plane)
    return Connection(transport, transport.close, plane)


def in_process(folders: Folders) -> Connection | None:
    ownership = Ownership(folders, "command")
    if not ownership.take():
        return None
    try:
        from jupyter_kronkers.control.plane import ControlPlane

        control = ControlPlane(folders)
        control.recover()
    except BaseException:
        ownership.release()
        raise

    def close() -> None:
        control.stop()
        ownership.release()

    return Connection(control.dispatcher, close, None)


def occupant(folders: Folders) -> str:
    plane = living_owner(folders)
    return f"{WORDS.get(plane.kind, plane.kind)} (pid {plane.pid})" if plane else "another process"


def folders_at(data_dir: str | Path | None) -> Folders:
    return Folders(Path(data_dir).expanduser()) if data_dir else Folders.default()
