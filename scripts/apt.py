"""Debian's packages, one installation at a time, while other steps go on."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from scripts.machine import Trouble, can_install_by_apt, run

WAIT_FOR_OTHERS = ["-o", "DPkg::Lock::Timeout=600", "-o", "Acquire::Retries=3"]

_turn = threading.Lock()
_lists_are_fresh = False


def install(packages: Sequence[str], log: Path, *, otherwise: str) -> None:
    """Installs the packages without those they only recommend.

    Raises Trouble, with `otherwise` as what helps, where this machine is no Debian or we are not root.
    """
    if not can_install_by_apt():
        raise Trouble("not installed here, and only root on Debian can have it installed by this command", otherwise)
    with _turn:
        refresh_lists(log)
        run(
            ["apt-get", "install", "-y", "-q", "--no-install-recommends", *WAIT_FOR_OTHERS, *packages],
            log,
            extra={"DEBIAN_FRONTEND": "noninteractive"},
        )


def refresh(log: Path, *, otherwise: str) -> None:
    """The lists of packages are those of today. Raises Trouble as `install` does."""
    if not can_install_by_apt():
        raise Trouble("not installed here, and only root on Debian can have it brought by this command", otherwise)
    with _turn:
        refresh_lists(log)


def refresh_lists(log: Path) -> None:
    """`apt-get update`, once in the life of this process."""
    global _lists_are_fresh  # noqa: PLW0603
    if not _lists_are_fresh:
        run(["apt-get", "update", "-q", *WAIT_FOR_OTHERS], log)
        _lists_are_fresh = True
