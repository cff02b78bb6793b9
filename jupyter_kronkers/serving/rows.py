"""SQL of the serving room: deployments, and every decision about them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from jupyter_kronkers.errors import Conflict
from jupyter_kronkers.serving.gateway.routes import ServingLimits
from jupyter_kronkers.serving.wishes import DeploymentMove, Wish
from jupyter_kronkers.store.tables import deployment_moves, deployments
from jupyter_kronkers.store.time import as_text, from_text


def add(tx: sa.Connection, wish: Wish) -> None:
    """Raises Conflict if the name is taken."""
    try:
        tx.execute(deployments.insert().values(**row_of(wish)))
    except IntegrityError as problem:
        taken = f"There is a deployment {wish.name!r} already."
        raise Conflict(taken, remedy="Change it, or choose another name.") from problem


def replace(tx: sa.Connection, wish: Wish) -> None:
    tx.execute(deployments.update().where(deployments.c.name == wish.name).values(**row_of(wish)))


def remove(tx: sa.Connection, name: str) -> None:
    tx.execute(deployments.delete().where(deployments.c.name == name))


def find(tx: sa.Connection, name: str) -> Wish | None:
    row = tx.execute(sa.select(deployments).where(deployments.c.name == name)).mappings().first()
    return wish_of(row) if row else None


def every(tx: sa.Connection) -> Sequence[Wish]:
    """All of them, by name."""
    return [wish_of(row) for row in tx.execute(sa.select(deployments).order_by(deployments.c.name)).mappings()]


def add_move(tx: sa.Connection, move: DeploymentMove) -> None:
    """`seq` is given by the database."""
    row = {key: getattr(move, key) for key in ("deployment", "action", "by", "why")}
    sides = {side: msgspec.json.encode(getattr(move, side)).decode() for side in ("before", "after")}
    tx.execute(deployment_moves.insert().values(**row, **sides, at=as_text(move.at)))


def moves(tx: sa.Connection, name: str, limit: int) -> Sequence[DeploymentMove]:
    """The latest decisions about a deployment of this name, newest first."""
    query = sa.select(deployment_moves).where(deployment_moves.c.deployment == name)
    found = tx.execute(query.order_by(deployment_moves.c.seq.desc()).limit(limit)).mappings()
    return [move_of(row) for row in found]


def row_of(wish: Wish) -> dict[str, object]:
    row = {key: getattr(wish, key) for key in ("name", "model", "alias", "replicas", "wanted", "note", "revision")}
    limits = msgspec.json.encode(wish.limits).decode()
    made = {"created_at": as_text(wish.created_at), "created_by": wish.created_by}
    return {**row, "number": wish.version, "limits": limits, **made}


def wish_of(row: sa.RowMapping) -> Wish:
    return Wish(
        name=row["name"],
        model=row["model"],
        alias=row["alias"],
        version=row["number"],
        replicas=row["replicas"],
        wanted=row["wanted"],
        limits=msgspec.json.decode(row["limits"], type=ServingLimits),
        note=row["note"],
        revision=row["revision"],
        created_at=from_text(row["created_at"]),
        created_by=row["created_by"],
    )


def move_of(row: sa.RowMapping) -> DeploymentMove:
    before, after = (msgspec.json.decode(row[side], type=dict[str, str | int | None]) for side in ("before", "after"))
    words = row["seq"], row["deployment"], row["action"], before, after
    return DeploymentMove(*words, from_text(row["at"]), row["by"], row["why"])
