"""The fence around a host: bubblewrap (`bwrap`), where the machine has one that works; else limits alone.

    KRONKERS_FENCE=auto       with bubblewrap where it works (the default)
                   required   no host starts without it
                   off        never

Standard library only: the artifacts carry a copy.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from . import mounts
from .mounts import ROOM

SETTING = "KRONKERS_FENCE"
INSTALL = "Install bubblewrap: apt-get install --no-install-recommends bubblewrap (Fedora: dnf install bubblewrap)."
_OWN = ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--cap-drop", "ALL", "--die-with-parent")
# /proc/sys is the machine's own even behind a fence, and root may write there without any capability.
_SYSTEM = ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys")
_PROBE_S = 10.0


class Protection(NamedTuple):
    """What keeps hosts apart on this machine. `program` begins the command of the fence; () where there is none."""

    program: tuple[str, ...]
    words: str
    remedy: str = ""


class Unfenced(Exception):
    """A fence is required, and this machine has none."""

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(why)
        self.why, self.remedy = why, remedy


def protection(setting: str = "") -> Protection:
    """What is in force, by `setting` or else by the environment. Tried out once per process."""
    setting = setting or os.environ.get(SETTING, "auto")
    if setting == "off":
        return Protection((), "limits only: the fence is off", f"Unset {SETTING}.")
    return probed(shutil.which("bwrap") or "")


@functools.lru_cache(maxsize=8)
def probed(program: str) -> Protection:
    if sys.platform != "linux":
        return Protection((), "limits only: this system has no bubblewrap")
    if not program:
        return Protection((), "limits only: network and files are open to models", INSTALL)
    # A user namespace takes root's rights over the machine away too; some containers allow only one of both forms.
    for form in ((program, "--unshare-user"), (program,)):
        if _works(form):
            return Protection(form, "bubblewrap: no network, files are read-only, other processes are out of sight")
    remedy = "Allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces)."
    return Protection((), "limits only: bubblewrap may not make namespaces here", remedy)


def _works(form: tuple[str, ...]) -> bool:
    trial = [*form, *_OWN, "--unshare-net", *_SYSTEM, "--tmpfs", "/tmp", "--remount-ro", "/dev", "/bin/sh", "-c", ":"]  # noqa: S108
    try:
        done = subprocess.run(trial, capture_output=True, check=False, timeout=_PROBE_S, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def fenced(setting: str, data: Path, needed: Iterable[str], *, network: bool) -> list[str]:
    """What stands before a host's own command; nothing where there is no fence.

    needed: files and folders that it must see, besides `data`. Raises Unfenced if a fence is required and not there.
    """
    found = protection(setting)
    if not found.program:
        if (setting or os.environ.get(SETTING)) == "required":
            raise Unfenced(f"Hosts must be fenced here ({SETTING}=required), but: {found.words}.", found.remedy)
        return []
    # With the rows recorded beside it a host proves its fast path.
    own = [str(data), *(str(data.parent / name) for name in ("conformance.json", "baseline.json"))]
    seen = mounts.words(mounts.hidden(data), [*own, *needed, *(["/etc/resolv.conf"] if network else [])])
    alone = [] if network else ["--unshare-net"]
    private = ["--bind", f"{ROOM}/shm", "/dev/shm", "--remount-ro", "/dev"]  # noqa: S108
    return [*found.program, *_OWN, *alone, *_SYSTEM, *seen, *private, "--chdir", ROOM, "--"]


# What a language needs


def needed(executable: str, library_paths: Sequence[str], sources: Path) -> Iterator[str]:
    """What a host must see: its program's sources, its interpreter, its packages."""
    yield str(sources)
    homes = [sys.prefix, sys.base_prefix, *interpreter_folders(executable)]
    yield executable
    yield from homes
    yield from (path.removeprefix("project:") for path in library_paths)
    for name in ("LD_LIBRARY_PATH", "R_HOME"):
        yield from filter(os.path.isabs, os.environ.get(name, "").split(os.pathsep))
    for home in dict.fromkeys(homes):
        yield from editable_packages(Path(home))


def interpreter_folders(executable: str) -> Iterator[str]:
    """The folder above `bin`, for the program and each that it links to: that of a venv, then of its base."""
    for _ in range(10):
        folder = os.path.realpath(os.path.dirname(executable))
        yield os.path.dirname(folder)
        program = os.path.join(folder, os.path.basename(executable))
        if not os.path.islink(program):
            return
        executable = os.path.join(folder, os.readlink(program))


def editable_packages(home: Path) -> Iterator[str]:
    """Folders that `.pth` files of a Python add to its path."""
    for file in home.glob("lib/python3*/site-packages/*.pth"):
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        yield from (line.strip() for line in lines if os.path.isabs(line) and os.path.isdir(line.strip()))
