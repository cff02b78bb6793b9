"""Aliases, and the moves that are kept of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from jupyter_kronkers.models.versions import KRONKERS


@dataclass(frozen=True)
class Alias:
    """Where a name points now. `revision` is the `seq` of the move that put it there."""

    model: str
    alias: str
    number: int
    revision: int
    moved_at: datetime
    moved_by: str


@dataclass(frozen=True)
class AliasMove:
    """One row of the ledger. `before` and `after` are version numbers, None where the alias was or is not set.

    origin: "kronkers", or "outside" if MLflow was changed by something else and we noticed.
    """

    seq: int
    model: str
    alias: str
    before: int | None
    after: int | None
    at: datetime
    by: str
    why: str = ""
    origin: str = KRONKERS
