"""The audit: one row per change, in the change's own transaction, each row holding the hash of the one before.

Row n+1 carries hash(n), so an edited, removed, inserted or reordered row breaks the chain at a place that
`verify` names. (What a chain alone cannot show, a cut tail or a wholly rewritten table, needs checkpoints kept
elsewhere.)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from jupyter_kronkers.access.principals import Principal
from jupyter_kronkers.errors import Tampered, shorten
from jupyter_kronkers.store.tables import audit
from jupyter_kronkers.store.time import Clock, as_text, utc_now

START = "0" * 64
LONGEST_VALUE = 2_000

Detail = str | int | float | bool | None


@dataclass(frozen=True)
class AuditRow:
    seq: int
    at: str
    actor: str
    action: str
    object: str
    result: str
    details: str
    previous: str
    hash: str


class Audit:
    """Writes and checks the chain."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock

    def record(
        self, tx: sa.Connection, who: Principal, action: str, subject: str, *, result: str = "done", **details: Detail
    ) -> AuditRow:
        """Add one row to the writer's transaction `tx`: kept with the change, or lost with it.

        action: past tense with its noun, such as `alias.moved`; subject: what it was done to, such as `churn@champion`.
        """
        last = tx.execute(sa.select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).first()
        seq, previous = (last.seq + 1, last.hash) if last else (1, START)
        words = (seq, as_text(self._clock()), one_line(who.name), action, one_line(subject), result, canonical(details))
        row = AuditRow(*words, previous, chained(previous, words))
        tx.execute(audit.insert().values(**row.__dict__))
        return row

    def rows(self, tx: sa.Connection, *, after: int = 0, limit: int = 1_000) -> list[AuditRow]:
        """Rows with `seq` > `after`, oldest first."""
        found = tx.execute(sa.select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(limit))
        return [AuditRow(**row) for row in found.mappings()]

    def verify(self, tx: sa.Connection) -> int:
        """Walk the whole chain. Returns the number of rows; raises Tampered naming the first bad one."""
        previous, expected = START, 1
        for row in self._all(tx):
            words = (row.seq, row.at, row.actor, row.action, row.object, row.result, row.details)
            if row.seq != expected or row.previous != previous or row.hash != chained(previous, words):
                raise Tampered("The audit", f"row {expected} was changed, removed or moved")
            previous, expected = row.hash, expected + 1
        return expected - 1

    def _all(self, tx: sa.Connection) -> Iterator[AuditRow]:
        after = 0
        while batch := self.rows(tx, after=after):
            yield from batch
            after = batch[-1].seq


def chained(previous: str, words: tuple[object, ...]) -> str:
    """The hash of a row: SHA-256 of the hash before it and the row's words as canonical JSON."""
    return hashlib.sha256(f"{previous}\n{json.dumps(words, ensure_ascii=True)}".encode()).hexdigest()


def canonical(details: dict[str, Detail]) -> str:
    cut = {key: shorten(value, LONGEST_VALUE) if isinstance(value, str) else value for key, value in details.items()}
    return json.dumps(cut, sort_keys=True, ensure_ascii=True)


def one_line(text: str) -> str:
    """Printable and on one line, so that no name can forge a row of a log."""
    return shorten("".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text), 500)
