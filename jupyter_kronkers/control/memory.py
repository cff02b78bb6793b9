"""Memory: how much of the machine the hosts may take together."""

from __future__ import annotations

import os
import re
from pathlib import Path

from jupyter_kronkers.errors import Fault, Invalid

SHARE = 0.75
"""What hosts get where nobody said otherwise; the rest is for notebooks and the system."""

UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
UNITS |= {"ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30, "ti": 1 << 40}
SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) ?(|[kmgt]i?)b?", re.IGNORECASE)
CONTROL_GROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def bytes_of(words: str) -> int:
    """A size as people write it (8GiB, 512 MiB, 1.5g, 1073741824); "" is the share of this machine.

    Raises Invalid for what is no size.
    """
    if not words.strip():
        return int(SHARE * machine_bytes())
    found = SIZE.fullmatch(words.strip())
    if found is None:
        raise Invalid(Fault("memory", f"{words!r} is no size; write it as 8GiB or 512MiB"))
    return int(float(found[1]) * UNITS[found[2].lower()])


def machine_bytes() -> int:
    """What this machine has, or the container or service that we run in, if that is less."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([there, *(limit for path in CONTROL_GROUPS if (limit := limit_in(path)) is not None)])


def limit_in(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # no such file, or "max"
        return None
