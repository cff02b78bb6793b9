"""How an upload becomes a version, so that a kill at any moment leaves all of it or nothing.

    intended   a row says that this registration is under way, and has the upload
    built      staging/<id> holds the artifact
    proven     a fresh host has given the live answers again, or has not
    planned    the row holds all that the version will be
    tracked    MLflow has a tracking run, and the row says which
    sealed     lineage and signature say the number it should get
    placed     models/<name>/<id> is on the disk, whole
    numbered   MLflow has the version                       ◀── from here on it is registered
    resealed   signed again, if another tool took the number
    committed  our row, the audit's row; the intent is gone

`settle` brings whatever a kill or an error left to one of the two ends: a version that MLflow knows is finished, any
other is taken back, and its upload may be registered again.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from jupyter_kronkers.access import Principal
from jupyter_kronkers.access.audit import Audit
from jupyter_kronkers.errors import Conflict, KronkersError
from jupyter_kronkers.models import artifacts, captures, lineage, rows, trees
from jupyter_kronkers.models.manifests import Manifest, Signer
from jupyter_kronkers.models.mlflow_registry import MlflowRegistry
from jupyter_kronkers.models.uploads import Uploads
from jupyter_kronkers.models.versions import REJECTED, Facts, Version
from jupyter_kronkers.store import Clock, Events, Folders, VersionRegistered, as_text
from jupyter_kronkers.store.database import Store

log = logging.getLogger(__name__)

LOST = "Its files are gone; somebody removed them before the registration was finished."

POINTS = ("intended", "built", "proven", "planned", "tracked", "sealed", "placed", "numbered", "resealed", "committed")

Passed = Callable[[str], None]
"""Hears the name of each of POINTS when it is passed; tests kill the process there."""


class Registrar:
    """Registers uploads, and settles what was left half done."""

    def __init__(
        self,
        store: Store,
        folders: Folders,
        audit: Audit,
        events: Events,
        clock: Clock,
        *,
        registry: MlflowRegistry,
        passed: Passed = lambda point: None,
    ) -> None:
        self._store, self._folders, self._audit, self._events, self._clock = store, folders, audit, events, clock
        self._registry, self._passed = registry, passed
        self._uploads, self._signer = Uploads(store, folders, clock), Signer(folders)
        self._numbering = threading.Lock()
        self._proving = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))

    def register(
        self, who: Principal, name: str, upload_id: str, *, title: str = "", description: str = "", note: str = ""
    ) -> Version:
        """The new version, ready or rejected.

        Raises Invalid, NotFound, Conflict or MissingLanguage: then there is none, and the upload may be used again.
        """
        upload = self._uploads.path(who, upload_id)
        capture = captures.read(upload)
        id = secrets.token_hex(16)
        self._intend(id, who, name, upload_id)
        self._passed("intended")
        try:
            version = self._proven(id, who, name, upload, capture.facts(note=note))
            with self._numbering:
                version = self._place(rows.Plan(version, title, description))
        except BaseException:
            settled = self._settle_if_possible(id)
            if settled is None:
                raise
            version = settled  # MLflow had it: only its answer, or our last row, had failed
        self._uploads.discard(upload_id)
        self._events.emit(VersionRegistered(version.model, version.number, version.state))
        return version

    def settle_all(self) -> None:
        """At start: settles every registration that another process left."""
        with self._store.reading() as tx:
            left = [registration.id for registration in rows.open_registrations(tx)]
        for id in left:
            self.settle(id)
        for draft in self._folders.staging.iterdir():
            trees.remove(draft)

    def settle(self, id: str) -> Version | None:
        """Finishes the registration if MLflow has its version, and gives that; else takes it back.

        Does nothing if it is settled already.
        """
        with self._store.reading() as tx:
            left = rows.registration(tx, id)
        if left is None:
            return None
        number = self._registry.number_of(left.model, id) if left.plan else None
        if left.plan is None or number is None:
            self._take_back(left)
            return None
        version = replace(left.plan.version, number=number)
        try:
            version = self._seal(self._final(version), version)
        except FileNotFoundError:
            version = replace(version, state=REJECTED, reason=LOST, remedy="Register the model again.", proof=None)
        return self._finish(replace(left.plan, version=version))

    def _settle_if_possible(self, id: str) -> Version | None:
        try:
            return self.settle(id)
        except KronkersError:
            log.exception("Registration %s is left to the next start", id)
            return None

    # Forward

    def _intend(self, id: str, who: Principal, name: str, upload_id: str) -> None:
        with self._store.writing() as tx:
            model = rows.model(tx, name)
            if model and model.archived_at:
                raise Conflict(f"{name} is archived, so it takes no versions.", remedy="Choose another name.")
            if not rows.claim_upload(tx, upload_id, id):
                raise Conflict(f"Upload {upload_id} is or becomes a version already.", remedy="Open another upload.")
            rows.add_registration(tx, id, name, self._clock(), who.name)

    def _proven(self, id: str, who: Principal, name: str, upload: Path, facts: Facts) -> Version:
        # Hosts need NumPy, which whoever only lists models should not wait for.
        from jupyter_kronkers.models import proof

        at, draft, source = self._clock(), self._folders.staging / id, (self._folders.models / name / id).as_uri()
        content = captures.content_of(upload, facts.data)
        artifacts.build(upload, draft, facts, id, at)
        self._passed("built")
        with self._proving:
            verdict = proof.prove(draft)
        self._passed("proven")
        return Version(
            **vars(replace(facts, warnings=(*facts.warnings, *verdict.warnings), proof=verdict.proof, source=source)),
            model=name,
            number=0,
            id=id,
            state=verdict.state,
            reason=verdict.reason,
            remedy=verdict.remedy,
            content=content,
            created_at=at,
            created_by=who.name,
        )

    def _place(self, plan: rows.Plan) -> Version:
        plan = self._planned(plan)
        number = self._registry.next_number(plan.version.model)
        sealed = self._seal(self._folders.staging / plan.version.id, replace(plan.version, number=number))
        self._passed("sealed")
        self._move_in(sealed)
        self._passed("placed")
        number = self._registry.add_version(sealed)
        self._passed("numbered")
        if number != sealed.number:
            sealed = self._seal(self._final(sealed), replace(sealed, number=number))
            self._passed("resealed")
        return self._finish(replace(plan, version=sealed))

    def _planned(self, plan: rows.Plan) -> rows.Plan:
        """The plan with MLflow's run and a warning about a twin, in the tables. The run comes second: a kill between
        leaves a plan that names none, and a run that is found by its tag."""
        with self._store.writing() as tx:
            twin = rows.same_content(tx, plan.version.model, plan.version.content)
            plan = replace(plan, version=with_twin(plan.version, twin))
            rows.plan_registration(tx, plan)
        self._passed("planned")
        plan = replace(plan, version=replace(plan.version, tracking_run=self._registry.track(plan.version)))
        with self._store.writing() as tx:
            rows.plan_registration(tx, plan)
        self._passed("tracked")
        return plan

    def _seal(self, folder: Path, version: Version) -> Version:
        lineage.write(folder, version)
        about = Manifest(
            model=version.model,
            number=version.number,
            registration=version.id,
            language=version.language,
            loader=version.loader,
            files={},
            created_at=as_text(version.created_at),
            by=version.created_by,
        )
        return replace(version, digest=self._signer.sign(folder, about))

    def _move_in(self, version: Version) -> None:
        """The whole artifact is at its place on the disk when this returns."""
        final = self._final(version)
        final.parent.mkdir(mode=0o700, exist_ok=True)
        trees.sync(self._folders.staging / version.id)
        os.rename(self._folders.staging / version.id, final)
        trees.sync_one(final.parent)
        trees.sync_one(self._folders.models)

    def _finish(self, plan: rows.Plan) -> Version:
        """Our row for what MLflow has."""
        version, who = plan.version, Principal(plan.version.created_by, frozenset())
        with self._store.writing() as tx:
            if not rows.has_model(tx, version.model):
                self._create_model(tx, who, plan)
            rows.add_version(tx, version)
            rows.end_registration(tx, version.id)
            self._audit.record(tx, who, "version.registered", version.name, state=version.state, digest=version.digest)
        self._passed("committed")
        return version

    def _create_model(self, tx: sa.Connection, who: Principal, plan: rows.Plan) -> None:
        name, at = plan.version.model, plan.version.created_at
        rows.add_model(tx, name, title=plan.title, description=plan.description, at=at, by=who.name)
        self._audit.record(tx, who, "model.created", name)

    # Back

    def _take_back(self, left: rows.Registration) -> None:
        trees.remove(self._folders.staging / left.id)
        trees.remove(self._folders.models / left.model / left.id)
        if left.plan:
            self._registry.forget_run(left.id)
        with self._store.writing() as tx:
            rows.release_upload(tx, left.id)
            rows.end_registration(tx, left.id)
            self._audit.record(tx, Principal(left.by, frozenset()), "registration.taken_back", left.model, id=left.id)

    def _final(self, version: Version) -> Path:
        return self._folders.models / version.model / version.id


def with_twin(version: Version, twin: int | None) -> Version:
    """The version, with a warning if it predicts with the very bytes of another one."""
    if twin is None:
        return version
    return replace(version, warnings=(*version.warnings, f"same content as version {twin}"))
