"""Processes behind a fence have ids of their own there; these are the ids as everybody else sees them."""

from __future__ import annotations

from .launch import descendants


def outer_pid(watcher: int, own: int) -> int:
    """The id of the process below `watcher` that calls itself `own`; `own` itself where there is no telling."""
    known = [(pid, names) for pid in descendants(watcher) if (names := _names(pid))]
    deepest = max((len(names) for _, names in known), default=0)
    return next((pid for pid, names in known if len(names) == deepest and names[-1] == own), own)


def _names(pid: int) -> list[int]:
    """A process's ids, from ours inwards; [] if it has gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            line = next((line for line in file if line.startswith("NSpid:")), "")
    except OSError:
        return []
    return [int(word) for word in line.split()[1:]]


def started_at(pid: int) -> str:
    """When the process began, as the system counts; with its id it names a process for good. "" if it has gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
