"""The SQL of models, versions, aliases, registrations and uploads; nothing else of this room speaks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from jupyter_kronkers.models.aliases import Alias, AliasMove
from jupyter_kronkers.models.versions import Facts, Model, Version
from jupyter_kronkers.store.tables import alias_moves, aliases, models, registrations, uploads, versions
from jupyter_kronkers.store.time import as_text, from_text

FACTS = tuple(field.name for field in fields(Facts))
COLUMNS = ("model", "number", "id", "state", "origin", "digest", "content", "reason", "remedy", "tracking_run")

Columns = Sequence[sa.ColumnElement[Any]]
# SQLite has JSON as text, and would make a number of what is cast to it.
FACTS_AS_JSON = sa.cast(versions.c.facts, sa.JSON().with_variant(sa.Text(), "sqlite"))
CAPTURED_AT = sa.type_coerce(FACTS_AS_JSON, sa.JSON)["captured_at"].as_string().label("captured_at")
BRIEF: Columns = (*(versions.c[name] for name in ("model", "number", "state", "language", "created_by")), CAPTURED_AT)
WHOLE: Columns = (*versions.c, CAPTURED_AT)

decode_facts = msgspec.json.Decoder(Facts).decode


# Models


def add_model(tx: sa.Connection, name: str, *, title: str, description: str, at: datetime, by: str) -> None:
    row = {"name": name, "title": title, "description": description, "created_at": as_text(at), "created_by": by}
    tx.execute(models.insert().values(**row))


def change_model(tx: sa.Connection, name: str, **changed: str | None) -> None:
    tx.execute(models.update().where(models.c.name == name).values(**changed, revision=models.c.revision + 1))


def has_model(tx: sa.Connection, name: str) -> bool:
    return tx.scalar(sa.select(models.c.name).where(models.c.name == name)) is not None


def model(tx: sa.Connection, name: str) -> Model | None:
    found = with_latest(tx, sa.select(models).where(models.c.name == name), brief=False)
    return found[0] if found else None


def model_page(
    tx: sa.Connection, *, search: str, language: str, archived: bool, brief: bool, after: str, limit: int
) -> Sequence[Model]:
    """Models by name, from the one after `after`. `search` is looked for, as it stands, in name and title."""
    query = sa.select(models).where(models.c.name > after).order_by(models.c.name).limit(limit)
    if not archived:
        query = query.where(models.c.archived_at.is_(None))
    if search:
        found = (models.c.name.icontains(search, autoescape=True), models.c.title.icontains(search, autoescape=True))
        query = query.where(sa.or_(*found))
    if language:
        query = query.where(newest().where(versions.c.language == language).exists())
    return with_latest(tx, query, brief=brief)


def newest() -> sa.Select[Any]:
    """The newest version of the model in the query around it."""
    twin = versions.alias()
    last = sa.select(sa.func.max(twin.c.number)).where(twin.c.model == versions.c.model).scalar_subquery()
    return sa.select(versions.c.number).where(versions.c.model == models.c.name, versions.c.number == last)


def with_latest(tx: sa.Connection, query: sa.Select[Any], *, brief: bool) -> list[Model]:
    """The models of a query with their newest version, count and aliases: three queries, however many models."""
    found = tx.execute(query).mappings().all()
    # Asked for by the query itself: a thousand names as parameters take longer than all the rest.
    names = query.with_only_columns(models.c.name)
    latest = {row["model"]: row for row in tx.execute(latest_of(names, BRIEF if brief else WHOLE)).mappings()}
    points: dict[str, dict[str, int]] = {row["name"]: {} for row in found}
    for row in tx.execute(sa.select(aliases).where(aliases.c.model.in_(names)).order_by(aliases.c.alias)):
        points[row.model][row.alias] = row.number
    return [model_of(row, latest.get(row["name"]), points[row["name"]], brief=brief) for row in found]


def latest_of(names: sa.Select[Any], columns: Columns) -> sa.Select[Any]:
    """The newest version of each model, and how many it has."""
    number, count = sa.func.max(versions.c.number).label("number"), sa.func.count().label("versions")
    last = sa.select(versions.c.model, number, count).where(versions.c.model.in_(names)).group_by(versions.c.model)
    found = last.subquery()
    same = sa.and_(versions.c.model == found.c.model, versions.c.number == found.c.number)
    return sa.select(*columns, found.c.versions).join(found, same)


def model_of(row: sa.RowMapping, latest: sa.RowMapping | None, points: dict[str, int], *, brief: bool) -> Model:
    return Model(
        name=row["name"],
        title=row["title"],
        description=row["description"],
        created_at=from_text(row["created_at"]),
        created_by=row["created_by"],
        archived_at=from_text(row["archived_at"]) if row["archived_at"] else None,
        revision=row["revision"],
        language=latest["language"] if latest else None,
        owner=latest["created_by"] if latest else row["created_by"],
        trained_at=moment_in(latest["captured_at"]) if latest else None,
        latest_number=latest["number"] if latest else None,
        latest_state=latest["state"] if latest else None,
        latest=version_of(latest) if latest and not brief else None,
        version_count=latest["versions"] if latest else 0,
        aliases=points,
    )


def moment_in(text: str | None) -> datetime | None:
    """What a capture says of its moment; None if that is none with a zone: it was written by other programs."""
    try:
        found = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return None
    return found if found.tzinfo is not None else None


# Versions


def add_version(tx: sa.Connection, version: Version) -> None:
    row: dict[str, object] = {name: getattr(version, name) for name in COLUMNS}
    facts = msgspec.json.encode({name: getattr(version, name) for name in FACTS}).decode()
    row |= {"language": version.language, "class": version.class_, "size_bytes": version.size_bytes, "facts": facts}
    row |= {"created_at": as_text(version.created_at), "created_by": version.created_by}
    tx.execute(versions.insert().values(**row))


def version(tx: sa.Connection, name: str, number: int) -> Version | None:
    query = sa.select(versions).where(versions.c.model == name, versions.c.number == number)
    row = tx.execute(query).mappings().first()
    return version_of(row) if row else None


def version_page(tx: sa.Connection, name: str, *, before: int | None, limit: int) -> Sequence[Version]:
    """Versions of a model, newest first, from the one before number `before`."""
    query = sa.select(versions).where(versions.c.model == name).order_by(versions.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(versions.c.number < before)
    return [version_of(row) for row in tx.execute(query).mappings()]


def same_content(tx: sa.Connection, name: str, content: str) -> int | None:
    """The newest version of the model that predicts with the very same bytes."""
    same = sa.and_(versions.c.model == name, versions.c.content == content)
    found: int | None = tx.scalar(sa.select(sa.func.max(versions.c.number)).where(same))
    return found


def known_versions(tx: sa.Connection) -> set[tuple[str, int]]:
    return {(row.model, row.number) for row in tx.execute(sa.select(versions.c.model, versions.c.number))}


def version_of(row: sa.RowMapping) -> Version:
    facts = decode_facts(row["facts"])
    return Version(
        **{name: getattr(facts, name) for name in FACTS},
        **{name: row[name] for name in COLUMNS},
        created_at=from_text(row["created_at"]),
        created_by=row["created_by"],
    )


# Aliases and their moves


def alias_list(tx: sa.Connection, name: str) -> Sequence[Alias]:
    return [alias_of(row) for row in tx.execute(alias_query().where(aliases.c.model == name)).mappings()]


def alias(tx: sa.Connection, name: str, called: str) -> Alias | None:
    query = alias_query().where(aliases.c.model == name, aliases.c.alias == called)
    row = tx.execute(query).mappings().first()
    return alias_of(row) if row else None


def alias_query() -> sa.Select[Any]:
    moved = (alias_moves.c.at.label("moved_at"), alias_moves.c.by.label("moved_by"))
    joined = aliases.join(alias_moves, alias_moves.c.seq == aliases.c.revision)
    return sa.select(aliases, *moved).select_from(joined).order_by(aliases.c.alias)


def alias_of(row: sa.RowMapping) -> Alias:
    return Alias(**{**row, "moved_at": from_text(row["moved_at"])})


def points(tx: sa.Connection) -> dict[tuple[str, str], int]:
    """Where every alias of every model points."""
    return {(row.model, row.alias): row.number for row in tx.execute(sa.select(aliases))}


def add_move(tx: sa.Connection, move: AliasMove, *, in_mlflow: bool) -> AliasMove:
    """Writes the move, whose `seq` the database gives, and points the alias where it leads."""
    row = {**asdict(move), "at": as_text(move.at), "in_mlflow": in_mlflow}
    del row["seq"]
    seq = tx.scalar(alias_moves.insert().values(**row).returning(alias_moves.c.seq))
    here = sa.and_(aliases.c.model == move.model, aliases.c.alias == move.alias)
    tx.execute(aliases.delete().where(here))
    if move.after is not None:
        point = {"model": move.model, "alias": move.alias, "number": move.after, "revision": seq}
        tx.execute(aliases.insert().values(**point))
    return replace(move, seq=seq or 0)


def not_in_mlflow(tx: sa.Connection) -> Sequence[tuple[str, str]]:
    """The aliases whose last move MLflow may not have heard of."""
    query = sa.select(alias_moves.c.model, alias_moves.c.alias).where(alias_moves.c.in_mlflow.is_(False)).distinct()
    return [(row.model, row.alias) for row in tx.execute(query)]


def mark_in_mlflow(tx: sa.Connection, name: str, called: str) -> None:
    moved = sa.and_(alias_moves.c.model == name, alias_moves.c.alias == called)
    tx.execute(alias_moves.update().where(moved, alias_moves.c.in_mlflow.is_(False)).values(in_mlflow=True))


def move_page(
    tx: sa.Connection, name: str, *, alias: str | None, before: int | None, limit: int
) -> Sequence[AliasMove]:
    """Moves of a model, newest first, from the one before `before`."""
    query = sa.select(alias_moves).where(alias_moves.c.model == name).order_by(alias_moves.c.seq.desc()).limit(limit)
    if alias is not None:
        query = query.where(alias_moves.c.alias == alias)
    if before is not None:
        query = query.where(alias_moves.c.seq < before)
    return [move_of(row) for row in tx.execute(query).mappings()]


def last_move_at(tx: sa.Connection, name: str, called: str, when: datetime) -> AliasMove | None:
    """The last move of the alias that had happened at that moment."""
    query = sa.select(alias_moves).where(alias_moves.c.model == name, alias_moves.c.alias == called)
    query = query.where(alias_moves.c.at <= as_text(when)).order_by(alias_moves.c.seq.desc()).limit(1)
    row = tx.execute(query).mappings().first()
    return move_of(row) if row else None


def move_of(row: sa.RowMapping) -> AliasMove:
    kept = {field.name: row[field.name] for field in fields(AliasMove)}
    return AliasMove(**{**kept, "at": from_text(row["at"])})


# Registrations under way


@dataclass(frozen=True)
class Plan:
    """What a registration will make: the version, its number still 0, and the words of a model that is new."""

    version: Version
    title: str = ""
    description: str = ""


class Registration(NamedTuple):
    """An intent. It has a plan once MLflow may have heard of it."""

    id: str
    model: str
    by: str
    plan: Plan | None


decode_plan = msgspec.json.Decoder(Plan).decode


def add_registration(tx: sa.Connection, id: str, name: str, at: datetime, by: str) -> None:
    row = {"id": id, "model": name, "state": "building", "facts": "", "created_at": as_text(at), "created_by": by}
    tx.execute(registrations.insert().values(**row))


def plan_registration(tx: sa.Connection, plan: Plan) -> None:
    facts = msgspec.json.encode(plan).decode()
    this = registrations.c.id == plan.version.id
    tx.execute(registrations.update().where(this).values(state="placing", facts=facts))


def end_registration(tx: sa.Connection, id: str) -> None:
    tx.execute(registrations.delete().where(registrations.c.id == id))


def registration(tx: sa.Connection, id: str) -> Registration | None:
    row = tx.execute(sa.select(registrations).where(registrations.c.id == id)).mappings().first()
    return registration_of(row) if row else None


def open_registrations(tx: sa.Connection) -> Sequence[Registration]:
    query = sa.select(registrations).order_by(registrations.c.created_at)
    return [registration_of(row) for row in tx.execute(query).mappings()]


def registration_of(row: sa.RowMapping) -> Registration:
    return Registration(row["id"], row["model"], row["created_by"], decode_plan(row["facts"]) if row["facts"] else None)


# Uploads


class Owner(NamedTuple):
    principal: str
    used_by: str | None


def add_upload(tx: sa.Connection, id: str, principal: str, at: datetime) -> None:
    tx.execute(uploads.insert().values(id=id, principal=principal, created_at=as_text(at)))


def upload_owner(tx: sa.Connection, id: str) -> Owner | None:
    row = tx.execute(sa.select(uploads.c.principal, uploads.c.used_by).where(uploads.c.id == id)).first()
    return Owner(*row) if row else None


def claim_upload(tx: sa.Connection, id: str, registration: str) -> bool:
    """Gives the upload to a registration. False if another one has it."""
    free = sa.and_(uploads.c.id == id, uploads.c.used_by.is_(None))
    return bool(tx.execute(uploads.update().where(free).values(used_by=registration)).rowcount)


def release_upload(tx: sa.Connection, registration: str) -> None:
    """The registration came to nothing: the upload may be registered again."""
    tx.execute(uploads.update().where(uploads.c.used_by == registration).values(used_by=None))


def uploads_wanted(tx: sa.Connection) -> set[str]:
    """The uploads whose files somebody may still need."""
    return set(tx.scalars(sa.select(uploads.c.id).where(wanted())))


def forget_uploads(tx: sa.Connection, *, before: datetime) -> None:
    """Forgets the uploads opened before that moment, save those that are being registered now."""
    registering = uploads.c.used_by.in_(sa.select(registrations.c.id))
    old = uploads.c.created_at < as_text(before)
    tx.execute(uploads.delete().where(old, sa.or_(uploads.c.used_by.is_(None), sa.not_(registering))))


def wanted() -> sa.ColumnElement[bool]:
    return sa.or_(uploads.c.used_by.is_(None), uploads.c.used_by.in_(sa.select(registrations.c.id)))
