"""The tables. Only `rows.py` of each room reads or writes them; moments are text as `store.time.as_text` writes it.

models ─┬─ versions ── (artifact folder, MLflow model version)
        ├─ aliases           where each alias points now
        └─ alias_moves       the ledger: every move, for ever
registrations                intents: a registration under way, so that a kill leaves all or nothing
deployments ── deployment_moves
tokens · uploads · idempotency_keys · audit
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

Name = sa.String(64)
Moment = sa.String(32)
Json = sa.Text

models = sa.Table(
    "models",
    metadata,
    sa.Column("name", Name, primary_key=True),
    sa.Column("title", sa.Text, nullable=False, default=""),
    sa.Column("description", sa.Text, nullable=False, default=""),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("archived_at", Moment),
    sa.Column("revision", sa.Integer, nullable=False, default=1),
)

versions = sa.Table(
    "versions",
    metadata,
    sa.Column("model", Name, sa.ForeignKey("models.name"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("origin", sa.String(16), nullable=False, default="kronkers"),
    sa.Column("language", sa.String(16), nullable=False),
    sa.Column("class", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.String(80), nullable=False, default=""),
    sa.Column("content", sa.String(64), nullable=False, default=""),
    sa.Column("facts", Json, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("remedy", sa.Text, nullable=False, default=""),
    sa.Column("tracking_run", sa.String(64)),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Index("versions_by_content", "model", "content"),
)

aliases = sa.Table(
    "aliases",
    metadata,
    sa.Column("model", Name, sa.ForeignKey("models.name"), primary_key=True),
    sa.Column("alias", Name, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
)

alias_moves = sa.Table(
    "alias_moves",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("model", Name, sa.ForeignKey("models.name"), nullable=False),
    sa.Column("alias", Name, nullable=False),
    sa.Column("before", sa.Integer),
    sa.Column("after", sa.Integer),
    sa.Column("at", Moment, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False, default=""),
    sa.Column("origin", sa.String(16), nullable=False, default="kronkers"),
    sa.Column("in_mlflow", sa.Boolean, nullable=False, default=False),
    sa.Index("alias_moves_by_alias", "model", "alias", "seq"),
    sa.Index("alias_moves_not_in_mlflow", "in_mlflow"),
    sqlite_autoincrement=True,
)

registrations = sa.Table(
    "registrations",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("model", Name, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("facts", Json, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
)

deployments = sa.Table(
    "deployments",
    metadata,
    sa.Column("name", Name, primary_key=True),
    sa.Column("model", Name, sa.ForeignKey("models.name"), nullable=False),
    sa.Column("alias", Name),
    sa.Column("number", sa.Integer),
    sa.Column("replicas", sa.Integer, nullable=False, default=1),
    sa.Column("wanted", sa.String(16), nullable=False, default="serving"),
    sa.Column("limits", Json, nullable=False),
    sa.Column("traffic", Json, nullable=False, default="{}"),
    sa.Column("spares", sa.Integer, nullable=False, server_default="0"),
    sa.Column("withdrawn", Json, nullable=False, server_default="{}"),
    sa.Column("note", sa.Text, nullable=False, default=""),
    sa.Column("revision", sa.Integer, nullable=False, default=1),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
)

deployment_moves = sa.Table(
    "deployment_moves",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("deployment", Name, nullable=False),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("before", Json, nullable=False, default="{}"),
    sa.Column("after", Json, nullable=False, default="{}"),
    sa.Column("at", Moment, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False, default=""),
    sa.Index("deployment_moves_by_deployment", "deployment", "seq"),
    sqlite_autoincrement=True,
)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("scopes", Json, nullable=False),
    sa.Column("deployments", Json, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("revoked_at", Moment),
)

uploads = sa.Table(
    "uploads",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("used_by", sa.String(64)),
)

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("principal", sa.Text, primary_key=True),
    sa.Column("route", sa.Text, primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("headers", Json),
    sa.Column("body", sa.LargeBinary),
    sa.Column("created_at", Moment, nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("result", sa.String(16), nullable=False, default="done"),
    sa.Column("details", Json, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)
