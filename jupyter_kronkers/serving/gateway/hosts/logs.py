"""What hosts printed. Each replica has its own file, `logs/<deployment>/<version>.<slot>.log`, which its watcher caps
and rotates; the second of several gateways on one folder writes below `logs.1`, and so on.
"""

from __future__ import annotations

import os
from pathlib import Path

MOST_FILES = 8
BYTES = 256 << 10


def folder_of(gateway: Path, deployment: str, slot: int = 0) -> Path:
    """Where the hosts of one gateway process print. gateway: the data folder's gateway folder."""
    return gateway / (f"logs.{slot}" if slot else "logs") / deployment


def lines(gateway: Path, deployment: str, tail: int) -> list[str]:
    """The last `tail` lines of a deployment's hosts, oldest file first; none if nothing was printed."""
    found = sorted(gateway.glob(f"logs*/{deployment}/*.log"), key=changed_at)[-MOST_FILES:]
    said = [f"{file.stem}: {line}" for file in found for line in end_of(file)]
    return said[-tail:]


def end_of(file: Path) -> list[str]:
    try:
        with file.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - BYTES))
            return log.read(BYTES).decode("utf-8", "replace").splitlines()
    except OSError:  # it was rotated away just now
        return []


def changed_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
