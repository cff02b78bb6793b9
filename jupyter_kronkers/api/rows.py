"""The rows of `idempotency_keys`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from jupyter_kronkers.api.exchange import Response
from jupyter_kronkers.store.tables import idempotency_keys as keys
from jupyter_kronkers.store.time import as_text

KEPT = timedelta(hours=24)


@dataclass(frozen=True)
class KeyRow:
    """A key that was used. `answer` is None while the work goes on."""

    digest: str
    answer: Response | None


@dataclass(frozen=True)
class KeyName:
    principal: str
    route: str
    key: str

    @property
    def where(self) -> sa.ColumnElement[bool]:
        return sa.and_(keys.c.principal == self.principal, keys.c.route == self.route, keys.c.key == self.key)


def find(tx: sa.Connection, name: KeyName) -> KeyRow | None:
    row = tx.execute(sa.select(keys).where(name.where)).first()
    if row is None:
        return None
    answer = Response(row.status, json.loads(row.headers), row.body) if row.status is not None else None
    return KeyRow(row.digest, answer)


def insert(tx: sa.Connection, name: KeyName, digest: str, at: datetime) -> None:
    values = {"principal": name.principal, "route": name.route, "key": name.key, "digest": digest}
    tx.execute(keys.insert().values(**values, created_at=as_text(at)))


def answer(tx: sa.Connection, name: KeyName, response: Response) -> None:
    headers = json.dumps(dict(response.headers))
    tx.execute(keys.update().where(name.where).values(status=response.status, headers=headers, body=response.body))


def delete(tx: sa.Connection, name: KeyName) -> None:
    tx.execute(keys.delete().where(name.where))


def delete_old(tx: sa.Connection, now: datetime) -> None:
    tx.execute(keys.delete().where(keys.c.created_at < as_text(now - KEPT)))


def delete_unanswered(tx: sa.Connection) -> None:
    tx.execute(keys.delete().where(keys.c.status.is_(None)))
