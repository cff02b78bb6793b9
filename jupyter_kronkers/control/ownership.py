"""Who owns a data folder, and how to reach them.

control/lock         held (flock) by the owner; the system lets go of it when the owner dies, however it dies
control/plane.json   0600: how to reach the owner; believed only while the process it names lives

free ──take──▶ taken ──announce──▶ reachable ──release or death──▶ free
"""

from __future__ import annotations

import os

import msgspec

from jupyter_kronkers.errors import Conflict
from jupyter_kronkers.release import version
from jupyter_kronkers.store import Folders
from jupyter_kronkers.store.locks import locked, write_private
from jupyter_kronkers.store.processes import alive, started_at

WORDS = {"lab": "JupyterLab", "serve": "jupyter kronkers serve", "command": "a command"}


class Plane(msgspec.Struct, frozen=True):
    """What an owner tells of itself. `url` is "" while it cannot be asked: a command, or a server still starting.

    started_at: the moment its process started, as the system counts, so that a reused pid deceives nobody.
    """

    url: str
    pid: int
    started_at: int
    token: str
    version: str
    kind: str

    @property
    def alive(self) -> bool:
        return alive(self.pid, self.started_at)

    def __str__(self) -> str:
        place = f" at {self.url}" if self.url else ""
        return f"{WORDS.get(self.kind, self.kind)} (pid {self.pid}){place}"


class Ownership:
    """This process's hold on one data folder. kind: lab, serve or command. token: what others show to be let in."""

    def __init__(self, folders: Folders, kind: str, token: str = "") -> None:
        self._folders, self._kind = folders, kind
        self._lock: int | None = None
        self._token = token

    @property
    def held(self) -> bool:
        return self._lock is not None

    def take(self) -> bool:
        """Whether the folder is ours now. Never waits; a dead owner's folder is free."""
        if self._lock is None:
            self._lock = locked(self._folders.control / "lock")
            if self._lock is not None:
                self.announce("")
        return self._lock is not None

    def announce(self, url: str) -> None:
        """Tell others how to reach us."""
        plane = Plane(url, os.getpid(), started_at(os.getpid()), self._token, version(), self._kind)
        write_private(self._folders.control / "plane.json", msgspec.json.encode(plane))

    def release(self) -> None:
        """Give the folder up. Harmless to repeat."""
        if self._lock is None:
            return
        # The file goes first: after the lock is free it may already be the next owner's.
        (self._folders.control / "plane.json").unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = None


def living_owner(folders: Folders) -> Plane | None:
    """The owner that lives now, or None. Waits for nothing and changes nothing."""
    try:
        plane = msgspec.json.decode((folders.control / "plane.json").read_bytes(), type=Plane)
    except (OSError, msgspec.MsgspecError):
        return None
    return plane if plane.alive else None


def owned_by_another(folders: Folders, plane: Plane | None) -> Conflict:
    """The words for whoever wanted the folder and came second."""
    owner = str(plane) if plane else "another process that is just starting"
    return Conflict(
        f"The data folder {folders.root} belongs to {owner}.",
        remedy="Use that one, stop it first, or choose another folder with KRONKERS_DATA_DIR.",
        code="folder_taken",
    )
