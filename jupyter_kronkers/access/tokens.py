"""Tokens: how a program says who it is. Only a token's SHA-256 is kept; it is shown once."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from jupyter_kronkers.access.audit import Audit
from jupyter_kronkers.access.principals import SCOPES, Principal
from jupyter_kronkers.errors import Fault, Invalid, NotFound, Unauthenticated
from jupyter_kronkers.store.database import Store
from jupyter_kronkers.store.events import Events, TokensChanged
from jupyter_kronkers.store.tables import tokens
from jupyter_kronkers.store.time import Clock, as_text, from_text, utc_now

PREFIX = "krk_"
EVERY = "*"
"""As a deployment's name in a token: every deployment."""


@dataclass(frozen=True)
class Token:
    """A token as it may be shown: never its secret. `deployments` are those it may call; "*" is every one."""

    id: str
    name: str
    digest: str
    principal: str
    scopes: tuple[str, ...]
    deployments: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def valid(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class Tokens:
    """Create, list, revoke and recognise tokens."""

    def __init__(self, store: Store, audit: Audit, events: Events, clock: Clock = utc_now) -> None:
        self._store, self._audit, self._events, self._clock = store, audit, events, clock

    def create(
        self,
        who: Principal,
        name: str,
        *,
        scopes: Sequence[str] = (),
        deployments: Sequence[str] = (),
        lifetime: timedelta | None = timedelta(days=90),
    ) -> tuple[Token, str]:
        """A new token and its secret, which is kept nowhere.

        scopes: for the REST interface, none that `who` lacks. deployments: which it may call for predictions.
        Raises Invalid for a scope that does not exist or that `who` lacks.
        """
        faults = [Fault("scopes", f"{scope!r} is not yours to give") for scope in scopes if not grantable(who, scope)]
        if faults:
            raise Invalid(*faults, remedy=f"Scopes are: {', '.join(sorted(SCOPES))}.")
        secret = PREFIX + secrets.token_urlsafe(32)
        now = self._clock()
        token = Token(
            id=secrets.token_hex(8),
            name=name,
            digest=digest(secret),
            principal=who.name,
            scopes=tuple(scopes),
            deployments=tuple(deployments),
            created_at=now,
            expires_at=now + lifetime if lifetime else None,
            revoked_at=None,
        )
        with self._store.writing() as tx:
            tx.execute(tokens.insert().values(**row_of(token)))
            self._audit.record(tx, who, "token.created", token.id, name=name, deployments=",".join(deployments))
        self._events.emit(TokensChanged())
        return token, secret

    def list(self, who: Principal) -> Sequence[Token]:
        """The caller's tokens, newest first; an administrator sees everyone's."""
        query = sa.select(tokens).order_by(tokens.c.created_at.desc(), tokens.c.id)
        if not who.may("admin"):
            query = query.where(tokens.c.principal == who.name)
        with self._store.reading() as tx:
            return [token_of(row) for row in tx.execute(query).mappings()]

    def revoke(self, who: Principal, id: str) -> None:
        """End a token now. Raises NotFound if the caller has none of this id."""
        mine = tokens.c.id == id if who.may("admin") else sa.and_(tokens.c.id == id, tokens.c.principal == who.name)
        with self._store.writing() as tx:
            ended = tx.execute(tokens.update().where(mine).values(revoked_at=as_text(self._clock())))
            if not ended.rowcount:
                raise NotFound("token", id)
            self._audit.record(tx, who, "token.revoked", id)
        self._events.emit(TokensChanged())

    def recognise(self, secret: str) -> tuple[Principal, Token]:
        """Whose token this is. Raises Unauthenticated if it is unknown, expired or revoked, without saying which."""
        query = sa.select(tokens).where(tokens.c.digest == digest(secret))
        with self._store.reading() as tx:
            row = tx.execute(query).mappings().first()
        token = token_of(row) if row else None
        if token is None or not token.valid(self._clock()):
            raise Unauthenticated("This token is not valid.")
        return Principal(token.principal, frozenset(token.scopes)), token

    def valid(self) -> Sequence[Token]:
        """All that hold now, for the gateway, which checks them in memory."""
        with self._store.reading() as tx:
            found = [token_of(row) for row in tx.execute(sa.select(tokens)).mappings()]
        now = self._clock()
        return [token for token in found if token.valid(now)]


def grantable(who: Principal, scope: str) -> bool:
    return scope in SCOPES and who.may(scope)


def digest(secret: str) -> str:
    """What is kept of a secret. It has 256 random bits, so a plain hash cannot be guessed back."""
    return hashlib.sha256(secret.encode()).hexdigest()


def row_of(token: Token) -> dict[str, object]:
    row = dict(token.__dict__)
    row.update(scopes=json.dumps(token.scopes), deployments=json.dumps(token.deployments))
    for key in ("created_at", "expires_at", "revoked_at"):
        row[key] = as_text(row[key]) if row[key] else None
    return row


def token_of(row: sa.RowMapping) -> Token:
    return Token(
        id=row["id"],
        name=row["name"],
        digest=row["digest"],
        principal=row["principal"],
        scopes=tuple(json.loads(row["scopes"])),
        deployments=tuple(json.loads(row["deployments"])),
        created_at=from_text(row["created_at"]),
        expires_at=moment_of(row["expires_at"]),
        revoked_at=moment_of(row["revoked_at"]),
    )


def moment_of(text: str | None) -> datetime | None:
    return from_text(text) if text else None
