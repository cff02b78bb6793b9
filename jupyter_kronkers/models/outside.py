"""Versions that something else put into MLflow: shown, and never trusted.

They have no proof and no signature, so they are kept as rejected, of origin "outside". Nothing of them is ever loaded.
"""

from __future__ import annotations

import logging
import secrets

import sqlalchemy as sa

from jupyter_kronkers.access import Principal, names
from jupyter_kronkers.access.audit import Audit
from jupyter_kronkers.languages import Signature
from jupyter_kronkers.models import rows
from jupyter_kronkers.models.mlflow_registry import Listed, MlflowRegistry
from jupyter_kronkers.models.versions import OUTSIDE, REJECTED, Version
from jupyter_kronkers.store.database import Store

log = logging.getLogger(__name__)

SOMEBODY = Principal("outside", frozenset())
REASON = "It was made outside Kronkers, without proof or signature."
REMEDY = "Register the model with Kronkers to get a version that can be deployed."


def note_versions(store: Store, registry: MlflowRegistry, audit: Audit) -> list[Version]:
    """Keeps a row of each version in MLflow that we do not know. Returns those rows."""
    listed = [one for one in registry.versions() if can_be_named(one)]
    with store.reading() as tx:
        if not strange_among(tx, listed):
            return []
    with store.writing() as tx:
        return [note(tx, audit, one) for one in strange_among(tx, listed)]


def strange_among(tx: sa.Connection, listed: list[Listed]) -> list[Listed]:
    # Registrations under way have a version in MLflow before they have a row of ours.
    known, ours = rows.known_versions(tx), {registration.id for registration in rows.open_registrations(tx)}
    return [one for one in listed if (one.model, one.number) not in known and one.registration not in ours]


def can_be_named(one: Listed) -> bool:
    problem = names.problem_of_name(one.model)
    if problem:
        log.debug("A model in MLflow is not shown: %s", problem)
    return not problem


def note(tx: sa.Connection, audit: Audit, one: Listed) -> Version:
    version = Version(
        language="",
        class_="",
        loader="",
        size_bytes=0,
        signature=Signature((), ()),
        model=one.model,
        number=one.number,
        id=secrets.token_hex(16),
        state=REJECTED,
        reason=REASON,
        remedy=REMEDY,
        source=one.source,
        tracking_run=one.run,
        created_at=one.created_at,
        created_by=one.by or SOMEBODY.name,
        origin=OUTSIDE,
    )
    if not rows.has_model(tx, one.model):
        rows.add_model(tx, one.model, title="", description="", at=one.created_at, by=version.created_by)
    rows.add_version(tx, version)
    audit.record(tx, SOMEBODY, "version.noticed", version.name, origin=OUTSIDE)
    return version
