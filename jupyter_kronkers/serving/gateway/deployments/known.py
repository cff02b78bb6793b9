"""Known: what gateways under one supervisor have found out already, so that a successor answers within a second.

Verifying a copy reads all of it, and asking R or Julia where its packages are starts it. Neither is done again as long
as the copy is untouched: each file the same by device, inode, mode, size and both times, of which nobody but the system
writes the last. It is remembered in the supervisor's folder of sockets, and forgotten with it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from jupyter_kronkers.languages import Runtime
from jupyter_kronkers.serving.gateway.routes import Placed
from jupyter_kronkers.store.locks import write_private

DIGEST = re.compile(r"[0-9a-f]{64}")


class Found(NamedTuple):
    """A verified copy and the interpreter that runs it."""

    folder: Path
    runtime: Runtime


class Noted(msgspec.Struct, frozen=True):
    """What is written down of one copy. Of another artifact, key, copy or interpreter nothing is known."""

    model: str
    number: int
    key: str
    copy: str
    interpreter: str
    runtime: Runtime


class Known:
    """The memory. folder: where it is written; None: nothing is remembered."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        if folder is not None:
            folder.mkdir(mode=0o700, exist_ok=True)

    def find(self, placed: Placed, cache: Path, public_key: bytes) -> Found | None:
        """The verified, untouched copy of this version; None if it must be brought."""
        if self._folder is None or not DIGEST.fullmatch(placed.digest):
            return None
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            noted = msgspec.json.decode((self._folder / placed.digest).read_bytes(), type=Noted)
            found = Found(cache / placed.digest, noted.runtime)
            return found if noted == note(placed, found, public_key) else None
        return None

    def remember(self, placed: Placed, found: Found, public_key: bytes) -> None:
        """For the next one. Only for a copy that was verified just now."""
        if self._folder is None or not DIGEST.fullmatch(placed.digest):
            return
        with contextlib.suppress(OSError):
            write_private(self._folder / placed.digest, msgspec.json.encode(note(placed, found, public_key)))


def note(placed: Placed, found: Found, public_key: bytes) -> Noted:
    """Raises OSError if the copy or the interpreter is gone."""
    key = hashlib.sha256(public_key).hexdigest()
    copy = hashlib.sha256("\n".join(stamps(found.folder)).encode()).hexdigest()
    interpreter = stamp(Path(found.runtime.executable))
    return Noted(placed.model, placed.number, key, copy, interpreter, found.runtime)


def stamps(folder: Path) -> Iterator[str]:
    """A line for the folder, and for each file and folder in it, in order."""
    yield stamp(folder)
    for path in sorted(folder.rglob("*")):
        yield f"{path.relative_to(folder)} {stamp(path)}"


def stamp(path: Path) -> str:
    """What changes when anyone writes to the file, replaces it, or sets its times back."""
    found = os.lstat(path)
    return " ".join(
        str(fact)
        for fact in (found.st_dev, found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    )
