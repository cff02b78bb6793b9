"""SQL of the serving room: deployments, and every decision about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from jupyter_kronkers.errors import Conflict
from jupyter_kronkers.serving.gateway.routes import ServingLimits
from jupyter_kronkers.serving.wishes import DeploymentMove, Said, Which, Wish
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


def withdraw(tx: sa.Connection, name: str, withdrawn: Mapping[str, str]) -> None:
    """Remember what was withdrawn; the revision stays, since nobody decided anything."""
    text = msgspec.json.encode(withdrawn).decode()
    tx.execute(deployments.update().where(deployments.c.name == name).values(withdrawn=text))


PLAIN = ("name", "model", "alias", "replicas", "spares", "wanted", "note", "revision", "created_by")


class Traffic(msgspec.Struct, frozen=True):
    """Who gets requests beside the live version; a number, or an alias of the model."""

    canary: Which | None = None
    percent: float = 0.0
    shadow: Which | None = None


def row_of(wish: Wish) -> dict[str, object]:
    row = {key: getattr(wish, key) for key in PLAIN}
    traffic = Traffic(wish.canary, wish.percent, wish.shadow)
    json = {"limits": wish.limits, "traffic": traffic, "withdrawn": wish.withdrawn}
    texts = {key: msgspec.json.encode(value).decode() for key, value in json.items()}
    return {**row, "number": wish.version, "created_at": as_text(wish.created_at), **texts}


def wish_of(row: sa.RowMapping) -> Wish:
    traffic = msgspec.json.decode(row["traffic"], type=Traffic)
    return Wish(
        **{key: row[key] for key in PLAIN},
        version=row["number"],
        limits=msgspec.json.decode(row["limits"], type=ServingLimits),
        created_at=from_text(row["created_at"]),
        canary=traffic.canary,
        percent=traffic.percent,
        shadow=traffic.shadow,
        withdrawn=msgspec.json.decode(row["withdrawn"], type=dict[str, str]),
    )


def move_of(row: sa.RowMapping) -> DeploymentMove:
    before, after = (msgspec.json.decode(row[side], type=dict[str, Said]) for side in ("before", "after"))
    words = row["seq"], row["deployment"], row["action"], before, after
    return DeploymentMove(*words, from_text(row["at"]), row["by"], row["why"])
