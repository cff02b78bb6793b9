"""`python -m jupyter_kronkers.serving.supervising`: the supervisor's process, started by a control plane."""

from __future__ import annotations

import argparse
import logging
import os
import socket
import sys
import time
from pathlib import Path

from jupyter_kronkers.serving.supervising import whereabouts
from jupyter_kronkers.serving.supervising.supervision import Asked, Supervision
from jupyter_kronkers.store.locks import locked

TAKEN = 3
"""Exit code: another supervisor holds the folder."""

PATIENCE_S = 2.0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m jupyter_kronkers.serving.supervising")
    parser.add_argument("--folder", type=Path, required=True, help="the data folder's gateway folder")
    parser.add_argument("--socket-fd", type=int, required=True, help="the listening socket, inherited")
    parser.add_argument("--tie-fd", type=int, required=True, help="the owner's connection, inherited")
    parser.add_argument("--gateways", type=int, default=1, help="how many gateway processes")
    asked = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s supervisor %(levelname)s %(message)s")
    lock = patiently_locked(asked.folder / whereabouts.LOCK)
    if lock is None:
        return TAKEN
    whereabouts.sweep(asked.folder)
    listening, tie = (inherited(number) for number in (asked.socket_fd, asked.tie_fd))
    Supervision(Asked(asked.folder, listening, tie, asked.gateways)).run()
    os.close(lock)
    return 0


def inherited(number: int) -> socket.socket:
    os.set_inheritable(number, False)
    return socket.socket(fileno=number)


def patiently_locked(path: Path) -> int | None:
    """The lock; one that has just died may hold it a moment longer. None: someone else lives there."""
    ends = time.monotonic() + PATIENCE_S
    while (lock := locked(path)) is None and time.monotonic() < ends:
        time.sleep(0.02)
    return lock


if __name__ == "__main__":
    sys.exit(main())
