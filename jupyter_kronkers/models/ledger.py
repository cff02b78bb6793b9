"""The ledger: every move of every alias, by whom and why, for ever.

    move ──▶ our row, alias and audit, in one transaction ──▶ MLflow's alias ──▶ marked as known there
                                             a kill here is made good by the next look

MLflow shows the present; the ledger answers what was live on a day, and does "put it back". Whatever changed MLflow
behind our back is noticed before each move and in each look, kept as a move of origin "outside", and told to the
others: it is true, and it is never overwritten in silence.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from jupyter_kronkers.access import Principal, names, require
from jupyter_kronkers.access.audit import Audit
from jupyter_kronkers.errors import Conflict, NotFound, Stale, Unavailable
from jupyter_kronkers.models import rows
from jupyter_kronkers.models.aliases import AliasMove
from jupyter_kronkers.models.mlflow_registry import MlflowRegistry
from jupyter_kronkers.models.versions import OUTSIDE, READY, Page
from jupyter_kronkers.store import AliasMoved, Clock, Events
from jupyter_kronkers.store.database import Store

log = logging.getLogger(__name__)

Also = Callable[[sa.Connection], None]
"""Another change that is kept with a move, or lost with it."""

SOMEBODY = Principal("outside", frozenset())
NOTICED = "MLflow was changed by something else than Kronkers"


class Ledger:
    """Moves aliases and remembers it."""

    def __init__(self, store: Store, registry: MlflowRegistry, audit: Audit, events: Events, clock: Clock) -> None:
        self._store, self._registry, self._audit, self._events, self._clock = store, registry, audit, events, clock
        self._turn = threading.Lock()

    def move(
        self,
        who: Principal,
        model: str,
        alias: str,
        number: int,
        *,
        why: str = "",
        revision: int | None = None,
        also: Also | None = None,
    ) -> AliasMove:
        """Points the alias at a version. Repeating it changes nothing and gives the last move.

        revision: the alias's, as last read; 0 for one that should not be set yet. also: done in the same transaction.
        Raises Denied, NotFound, Conflict for a version that is rejected, Stale if the alias has moved since.
        """
        names.alias(alias)
        wish = AliasMove(0, model, alias, None, number, self._clock(), who.name, why)
        return self._change(who, wish, revision, also)

    def unset(self, who: Principal, model: str, alias: str, *, why: str = "", revision: int | None = None) -> AliasMove:
        """Takes the alias away; the ledger keeps where it pointed. Raises Denied, NotFound, Stale."""
        return self._change(who, AliasMove(0, model, alias, None, None, self._clock(), who.name, why), revision)

    def history(self, model: str, *, alias: str | None, limit: int, before: int | None) -> Page[AliasMove]:
        """Moves, newest first, from the one before `before`. Raises NotFound."""
        with self._store.reading() as tx:
            refuse_unknown(tx, model)
            found = rows.move_page(tx, model, alias=alias, before=before, limit=limit + 1)
        return Page(tuple(found[:limit]), str(found[limit - 1].seq) if len(found) > limit else None)

    def live_at(self, model: str, alias: str, when: datetime) -> int | None:
        """The number the alias pointed at, at that moment. Raises NotFound."""
        with self._store.reading() as tx:
            refuse_unknown(tx, model)
            move = rows.last_move_at(tx, model, alias, when)
        return move.after if move else None

    def mirror(self) -> None:
        """Tells MLflow of the moves it has not heard of. Does not open MLflow if there are none."""
        with self._store.reading() as tx:
            behind = rows.not_in_mlflow(tx)
        if behind:
            self._registry.warm()
            with self._store.writing() as tx:
                self._mirror(tx)

    def look(self) -> list[AliasMove]:
        """Notes every alias that MLflow shows elsewhere than we do. Returns those moves."""
        with self._turn:
            moves = self._notice(lambda tx: dict.fromkeys(rows.points(tx)) | self._registry.aliases())
        self._emit(moves)
        return moves

    def _change(self, who: Principal, wish: AliasMove, revision: int | None, also: Also | None = None) -> AliasMove:
        require(who, "write")
        names.prose(wish.why, "why")
        with self._turn:
            moves = self._notice(lambda _: {(wish.model, wish.alias): self._registry.alias(wish.model, wish.alias)})
            with self._store.writing() as tx:
                refuse_unfit(tx, wish)
                here = refuse_stale(tx, wish, revision)
                if here != wish.after:
                    moves.append(self._add(tx, who, replace(wish, before=here), in_mlflow=False))
                if also is not None:
                    also(tx)
                last = rows.move_page(tx, wish.model, alias=wish.alias, before=None, limit=1)[0]
            self._mirror_soon()
        self._emit(moves)
        return last

    def _mirror_soon(self) -> None:
        try:
            self.mirror()
        except Unavailable as problem:  # the move stands; the next look or move tells MLflow
            log.warning("MLflow will hear of a move later: %s", problem)

    def _notice(self, read: Callable[[sa.Connection], Mapping[tuple[str, str], int | None]]) -> list[AliasMove]:
        # All in one transaction of ours: no other process can move an alias between MLflow's answer and our look.
        self._registry.warm()
        with self._store.writing() as tx:
            self._mirror(tx)
            moves = [self._note_one(tx, *alias, number) for alias, number in read(tx).items()]
        return [move for move in moves if move is not None]

    def _mirror(self, tx: sa.Connection) -> None:
        for model, alias in rows.not_in_mlflow(tx):
            self._registry.point(model, alias, number_at(tx, model, alias))
            rows.mark_in_mlflow(tx, model, alias)

    def _note_one(self, tx: sa.Connection, model: str, alias: str, number: int | None) -> AliasMove | None:
        here = number_at(tx, model, alias)
        if here == number or not rows.has_model(tx, model):
            return None
        move = AliasMove(0, model, alias, here, number, self._clock(), SOMEBODY.name, NOTICED, OUTSIDE)
        return self._add(tx, SOMEBODY, move, in_mlflow=True)

    def _add(self, tx: sa.Connection, who: Principal, move: AliasMove, *, in_mlflow: bool) -> AliasMove:
        subject, before, after = f"{move.model}@{move.alias}", move.before, move.after
        self._audit.record(
            tx, who, "alias.moved", subject, before=before, after=after, why=move.why, origin=move.origin
        )
        return rows.add_move(tx, move, in_mlflow=in_mlflow)

    def _emit(self, moves: list[AliasMove]) -> None:
        for move in moves:
            self._events.emit(AliasMoved(move.model, move.alias, move.before, move.after))


def number_at(tx: sa.Connection, model: str, alias: str) -> int | None:
    here = rows.alias(tx, model, alias)
    return here.number if here else None


def refuse_unknown(tx: sa.Connection, model: str) -> None:
    if not rows.has_model(tx, model):
        raise NotFound("model", model)


def refuse_unfit(tx: sa.Connection, wish: AliasMove) -> None:
    """Raises unless the alias may point there: NotFound, or Conflict for a rejected version."""
    refuse_unknown(tx, wish.model)
    if wish.after is None:
        if number_at(tx, wish.model, wish.alias) is None:
            raise NotFound("alias", f"{wish.model}@{wish.alias}")
        return
    version = rows.version(tx, wish.model, wish.after)
    if version is None:
        raise NotFound("version", f"{wish.model} {wish.after}")
    if version.state != READY:
        raise Conflict(
            f"{version.name} was rejected, so no alias can point at it. {version.reason}", remedy=version.remedy
        )


def refuse_stale(tx: sa.Connection, wish: AliasMove, revision: int | None) -> int | None:
    """Where the alias points. Raises Stale if it is not at `revision`."""
    here = rows.alias(tx, wish.model, wish.alias)
    if revision is not None and revision != (here.revision if here else 0):
        raise Stale("alias", f"{wish.model}@{wish.alias}")
    return here.number if here else None
