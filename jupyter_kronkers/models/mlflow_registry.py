"""MLflow: its registry of versions and aliases, and its tracking runs. MLflow is imported here and nowhere else.

Its stores are used in this process on a SQLite file of the data folder; its server is never started, and telemetry is
off. What makes a version ours is the tag `kronkers.registration`. `delete_model_version` is never called: it destroys
lineage.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from jupyter_kronkers.errors import Conflict, Unavailable
from jupyter_kronkers.models.versions import Param, Version
from jupyter_kronkers.store import Folders

REGISTRATION, STATE = "kronkers.registration", "kronkers.state"
EXPERIMENT = "kronkers"
DEFAULT_WORKSPACE = "default"
PARAMS_AT_ONCE, METRICS_AT_ONCE = 100, 1_000
LONGEST_KEY, LONGEST_NOTE = 250, 4_000


class Listed(NamedTuple):
    """A version as MLflow lists it. `registration` is our tag on it, None if something else made it."""

    model: str
    number: int
    created_at: datetime
    by: str
    source: str
    run: str | None
    registration: str | None


class Stores(NamedTuple):
    """MLflow's two stores on one database, and the experiment our tracking runs belong to."""

    registry: Any
    tracking: Any
    experiment: str


class MlflowRegistry:
    """Opened when first needed, which takes a second or two: `warm` does it beforehand."""

    def __init__(self, folders: Folders) -> None:
        self._database, self._artifacts = folders.mlflow_database, folders.root / "mlflow-artifacts"
        self._opening = threading.Lock()
        self._stores: Stores | None = None
        self._models: set[str] = set()

    def warm(self) -> None:
        """Imports MLflow, and makes its tables if this is a new data folder."""
        self._open()

    # Registering

    def track(self, version: Version) -> str:
        """A finished tracking run with the version's metrics and parameters. Returns its id."""
        stores, at = self._open(), milliseconds(version.created_at)
        with in_our_words():
            tags = run_tags({REGISTRATION: version.id, "kronkers.model": version.model})
            run = stores.tracking.create_run(stores.experiment, version.created_by, at, tags, version.model)
            for metrics, params in batches(version.metrics, version.params, at):
                stores.tracking.log_batch(run.info.run_id, metrics, params, [])
            stores.tracking.update_run_info(run.info.run_id, finished(), at, None)
        return str(run.info.run_id)

    def next_number(self, model: str) -> int:
        """The number the next version will get, if nobody else is quicker."""
        with self._session() as (session, tables):
            last = session.query(tables.highest).filter_by(workspace=DEFAULT_WORKSPACE, name=model).scalar()
        return int(last or 0) + 1

    def add_version(self, version: Version) -> int:
        """Registers the version's `source` under its registration tag. Returns the number that MLflow gave it."""
        self._ensure_model(version.model)
        with in_our_words():
            made = self._open().registry.create_model_version(
                version.model,
                version.source,
                version.tracking_run,
                tags=version_tags({REGISTRATION: version.id, STATE: version.state}),
                description=version.note[:LONGEST_NOTE],
            )
        return int(made.version)

    def number_of(self, model: str, registration: str) -> int | None:
        """The number of the version with this registration tag, None if MLflow has none."""
        found = self._open().registry.search_model_versions(
            f"name='{model}' and tags.`{REGISTRATION}`='{registration}'"
        )
        return int(found[0].version) if found else None

    def forget_run(self, registration: str) -> None:
        """Takes the tracking runs of a registration that came to nothing out of sight, as MLflow's own UI does."""
        stores = self._open()
        with in_our_words():
            runs = stores.tracking.search_runs([stores.experiment], f"tags.`{REGISTRATION}` = '{registration}'", 1)
            for run in runs:
                stores.tracking.delete_run(run.info.run_id)

    # Aliases

    def alias(self, model: str, alias: str) -> int | None:
        """Where MLflow says the alias points."""
        with self._session() as (session, tables):
            here = {"workspace": DEFAULT_WORKSPACE, "name": model, "alias": alias}
            number = session.query(tables.alias.version).filter_by(**here).scalar()
        return None if number is None else int(number)

    def point(self, model: str, alias: str, number: int | None) -> None:
        """Sets the alias, or takes it away. Harmless to repeat."""
        registry = self._open().registry
        with in_our_words():
            if number is None:
                registry.delete_registered_model_alias(model, alias)
            else:
                registry.set_registered_model_alias(model, alias, number)

    # Looking

    def aliases(self) -> dict[tuple[str, str], int]:
        """Every alias of every model."""
        with self._session() as (session, tables):
            rows = session.query(tables.alias.name, tables.alias.alias, tables.alias.version).all()
        return {(row.name, row.alias): int(row.version) for row in rows}

    def versions(self) -> list[Listed]:
        """Every version that is not deleted. Only what is listed is read, so that 10,000 take no time."""
        with self._session() as (session, tables):
            v, tag = tables.version, tables.tag
            columns = (v.name, v.version, v.creation_time, v.user_id, v.source, v.run_id, tag.value)
            ours = (tag.name == v.name) & (tag.version == v.version) & (tag.key == REGISTRATION)
            found = session.query(*columns).outerjoin(tag, ours).filter(v.current_stage != tables.deleted)
            return [
                Listed(name, int(number), moment(at), by or "", source or "", run, registration)
                for name, number, at, by, source, run, registration in found
            ]

    # Opening

    def _open(self) -> Stores:
        with self._opening:
            if self._stores is None:
                self._stores = opened(self._database, self._artifacts)
            return self._stores

    @contextmanager
    def _session(self) -> Iterator[tuple[Any, Tables]]:
        stores = self._open()
        with in_our_words(), stores.registry.ManagedSessionMaker() as session:
            yield session, tables()

    def _ensure_model(self, model: str) -> None:
        if model in self._models:
            return
        with self._session() as (session, tables):
            known = session.query(tables.model.name).filter_by(workspace=DEFAULT_WORKSPACE, name=model).scalar()
        if known is None:
            self._create_model(model)
        self._models.add(model)

    def _create_model(self, model: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self._open().registry.create_registered_model(model)
        except MlflowException as problem:
            if problem.error_code != "RESOURCE_ALREADY_EXISTS":  # another process was quicker
                raise


class Tables(NamedTuple):
    """MLflow's tables, for the few questions its stores answer too slowly or not at all."""

    model: Any
    version: Any
    tag: Any
    alias: Any
    highest: Any
    deleted: str


def tables() -> Tables:
    import sqlalchemy as sa
    from mlflow.entities.model_registry.model_version_stages import STAGE_DELETED_INTERNAL
    from mlflow.store.model_registry.dbmodels.models import (
        SqlModelVersion,
        SqlModelVersionTag,
        SqlRegisteredModel,
        SqlRegisteredModelAlias,
    )

    highest = sa.func.max(SqlModelVersion.version)
    alias, tag = SqlRegisteredModelAlias, SqlModelVersionTag
    return Tables(SqlRegisteredModel, SqlModelVersion, tag, alias, highest, STAGE_DELETED_INTERNAL)


def opened(database: Path, artifacts: Path) -> Stores:
    """Both stores on the database, which is made if it is missing."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as Tracking

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    with in_our_words():
        if not database.exists():
            make(database)
        registry, tracking = Registry(address(database)), Tracking(address(database), artifacts.as_uri())
        return Stores(registry, tracking, experiment_of(tracking))


def make(database: Path) -> None:
    """A migrated database, whole or not there: MLflow's migrations are not atomic, so they run on a draft."""
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry

    draft = database.with_name(f".mlflow.{secrets.token_hex(8)}.db")
    try:
        draft.touch(mode=0o600)
        Registry(address(draft)).engine.dispose()
        with closing(sqlite3.connect(draft)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        put_first(draft, database)
    finally:
        for left in database.parent.glob(f"{draft.name}*"):
            left.unlink()


def put_first(draft: Path, database: Path) -> None:
    try:
        os.link(draft, database)
    except FileExistsError:  # another process was quicker
        return


def address(database: Path) -> str:
    return f"sqlite:///{database}"


def experiment_of(tracking: Any) -> str:
    """The id of our experiment, made if it is missing."""
    from mlflow.exceptions import MlflowException

    found = tracking.get_experiment_by_name(EXPERIMENT)
    if found is None:
        try:
            return str(tracking.create_experiment(EXPERIMENT))
        except MlflowException:  # another process was quicker
            found = tracking.get_experiment_by_name(EXPERIMENT)
    if found.lifecycle_stage == "deleted":
        tracking.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


@contextmanager
def in_our_words() -> Iterator[None]:
    """MLflow's errors as ours: Unavailable if its database is locked or away, else Conflict."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as problem:
        if problem.error_code == "TEMPORARILY_UNAVAILABLE":
            raise Unavailable("MLflow's database did not answer.", remedy="Try again in a moment.") from problem
        raise Conflict(f"MLflow refused: {problem.message}", remedy="See: jupyter kronkers doctor.") from problem


# MLflow's shapes


def run_tags(tags: Mapping[str, str]) -> list[Any]:
    from mlflow.entities import RunTag

    return [RunTag(key, value) for key, value in tags.items()]


def version_tags(tags: Mapping[str, str]) -> list[Any]:
    from mlflow.entities.model_registry import ModelVersionTag

    return [ModelVersionTag(key, value) for key, value in tags.items()]


def finished() -> Any:
    from mlflow.entities import RunStatus

    return RunStatus.FINISHED


def batches(
    metrics: Mapping[str, float], params: Mapping[str, Param], at: int
) -> Iterator[tuple[list[Any], list[Any]]]:
    """Metrics and parameters, as many at once as MLflow takes."""
    from mlflow.entities import Metric
    from mlflow.entities import Param as RunParam

    measured = [Metric(key, value, at, 0) for key, value in keyed(metrics).items()]
    given = [RunParam(key, str(value)) for key, value in keyed(params).items()]
    for start in range(0, len(measured), METRICS_AT_ONCE):
        yield measured[start : start + METRICS_AT_ONCE], []
    for start in range(0, len(given), PARAMS_AT_ONCE):
        yield [], given[start : start + PARAMS_AT_ONCE]


def keyed(things: Mapping[str, Any]) -> dict[str, Any]:
    """The things under names that MLflow accepts; `(Intercept)` becomes `_Intercept_`. Ours keep the true ones."""
    plain = {re.sub(r"[^\w.\- ]", "_", key)[:LONGEST_KEY]: value for key, value in things.items()}
    return {key: value for key, value in plain.items() if key.strip(" .")}


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
