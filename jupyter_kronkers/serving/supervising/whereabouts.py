"""Whereabouts: how a living supervisor is found, in `gateway/supervisor.json` (0600)."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import msgspec

from jupyter_kronkers.store.locks import write_private
from jupyter_kronkers.store.processes import alive

FILE, LOCK = "supervisor.json", "supervisor.lock"
PLACE = "kronkers-gw-"
"""How the names of the folders of sockets begin."""


class Whereabouts(msgspec.Struct, frozen=True):
    """Believed only while the process it names lives. `place`: the folder with the sockets of it and its gateways.

    Fields are only ever added, with a default: another release must be able to find it, and to stop it.
    """

    pid: int
    started_at: int
    nonce: str
    place: str
    url: str
    gateways: int = 1
    release: str = ""
    outlives: bool = False

    @property
    def alive(self) -> bool:
        return alive(self.pid, self.started_at)

    @property
    def door(self) -> Path:
        """The socket at which it is spoken to."""
        return Path(self.place) / "supervisor"

    def __str__(self) -> str:
        return f"a supervisor (pid {self.pid}) with predictions at {self.url}"


def living_supervisor(folder: Path) -> Whereabouts | None:
    """The supervisor of this gateway folder that lives now, or None. Waits for nothing and changes nothing."""
    found = written(folder)
    return found if found is not None and found.alive else None


def written(folder: Path) -> Whereabouts | None:
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Whereabouts)
    except (OSError, msgspec.MsgspecError):
        return None


def write(folder: Path, whereabouts: Whereabouts) -> None:
    write_private(folder / FILE, msgspec.json.encode(whereabouts))


def forget(folder: Path) -> None:
    """Nobody is to find us any more."""
    with contextlib.suppress(FileNotFoundError):
        (folder / FILE).unlink()


def sweep(folder: Path) -> None:
    """Remove what a killed supervisor left. Only for who holds the lock."""
    found = written(folder)
    if found is not None and Path(found.place).name.startswith(PLACE):
        sweep_place(Path(found.place))
    forget(folder)


def sweep_place(place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
