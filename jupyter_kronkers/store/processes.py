"""Processes by pid and start: a pid alone may by now be someone else's."""

from __future__ import annotations

import calendar
import os
import subprocess
import sys
import time
from pathlib import Path


def alive(pid: int, started: int) -> bool:
    """Whether the process that had this pid and started at that moment still lives (a zombie does not)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return started_at(pid) == started


def started_at(pid: int) -> int:
    """When a process started: clock ticks since boot on Linux, Unix seconds elsewhere; 0 if there is none."""
    if sys.platform != "linux":
        return started_elsewhere(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    # The second field is the command in brackets and may hold anything, so count from behind it (proc(5)).
    fields = stat.rpartition(")")[2].split()
    return 0 if fields[0] in "ZX" else int(fields[19])


def started_elsewhere(pid: int) -> int:
    found = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath},
    )
    words = found.stdout.strip()
    return calendar.timegm(time.strptime(words, "%a %b %d %H:%M:%S %Y")) if words else 0
