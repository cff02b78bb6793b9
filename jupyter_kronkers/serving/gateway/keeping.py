"""Keeping: what a gateway leaves with its supervisor, so that its successor can go on with it after a kill.

A process whose pipes the supervisor holds too does not notice the gateway's death. The next gateway of the same slot is
started with those descriptors and takes up what it can use; the rest is ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Kept(NamedTuple):
    """Something kept: its name, what was said of it, and its descriptors under this process's own numbers."""

    name: str
    facts: Mapping[str, str]
    descriptors: tuple[int, ...]


class Keeping:
    """The gateway's side. Without a supervisor nothing is kept."""

    def keep(self, name: str, facts: Mapping[str, str], descriptors: Sequence[int]) -> None:
        """Leave copies of the descriptors with the supervisor, under a name of the caller's choice."""

    def drop(self, name: str) -> None:
        """The supervisor closes its copies. Harmless if there are none."""

    def take(self, **facts: str) -> Kept | None:
        """One of those that the gateway before left, whose facts include these; each is given once."""
        return None

    def close_rest(self) -> None:
        """Close whatever nobody took: the processes behind it end."""
