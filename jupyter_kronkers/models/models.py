"""What can be done with models: create, register, look, compare, move an alias, put it back, export."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from jupyter_kronkers.access import Principal, names, require
from jupyter_kronkers.access.audit import Audit
from jupyter_kronkers.errors import Conflict, Fault, Invalid, NotFound, Stale
from jupyter_kronkers.models import diffs, examples, exports, notebooks, outside, rows
from jupyter_kronkers.models.aliases import Alias, AliasMove
from jupyter_kronkers.models.diffs import Diff
from jupyter_kronkers.models.examples import Example
from jupyter_kronkers.models.ledger import Also, Ledger
from jupyter_kronkers.models.manifests import Signer
from jupyter_kronkers.models.mlflow_registry import MlflowRegistry
from jupyter_kronkers.models.notebooks import Notebook
from jupyter_kronkers.models.registering import Passed, Registrar
from jupyter_kronkers.models.versions import OUTSIDE, Model, Page, Version
from jupyter_kronkers.store import Clock, Events, Folders, as_text, utc_now
from jupyter_kronkers.store.database import Store

MOST, MOST_BRIEF = 500, 1_000
NUMBER = re.compile(r"[0-9]{1,9}")
Found = TypeVar("Found")


class Models:
    """The models of a data folder. Cheap to build: MLflow is opened when first needed, or by `warm`.

    passed: hears each point of a registration; see `registering`.
    """

    def __init__(
        self,
        store: Store,
        folders: Folders,
        audit: Audit,
        events: Events,
        clock: Clock = utc_now,
        *,
        passed: Passed = lambda point: None,
    ) -> None:
        self._store, self._folders, self._audit, self._clock = store, folders, audit, clock
        self._registry = MlflowRegistry(folders)
        self._signer = Signer(folders)
        self._ledger = Ledger(store, self._registry, audit, events, clock)
        self._registrar = Registrar(store, folders, audit, events, clock, registry=self._registry, passed=passed)

    def warm(self) -> None:
        """Opens MLflow, which takes a second or two; for a thread at start."""
        self._registry.warm()

    def recover(self) -> None:
        """Finishes or takes back what a killed process left half done. For the owner of the data folder, at start."""
        self._registrar.settle_all()
        self._ledger.mirror()

    # Models

    def list(
        self,
        *,
        search: str = "",
        language: str = "",
        archived: bool = False,
        brief: bool = False,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Model]:
        """Models by name. search: part of a name or title, as it stands; archived: those too; brief: without `latest`,
        and then up to 1,000 of them."""
        limit = limited(limit, MOST_BRIEF if brief else MOST)
        with self._store.reading() as tx:
            found = rows.model_page(
                tx,
                search=search,
                language=language,
                archived=archived,
                brief=brief,
                after=cursor or "",
                limit=limit + 1,
            )
        return Page(tuple(found[:limit]), found[limit - 1].name if len(found) > limit else None)

    def show(self, name: str) -> Model:
        """Raises NotFound."""
        with self._store.reading() as tx:
            return known(rows.model(tx, name), "model", name)

    def create(self, who: Principal, name: str, title: str = "", description: str = "") -> Model:
        """A model without versions. Raises Denied, Invalid, Conflict if there is one of this name."""
        require(who, "write")
        names.name(name)
        title, description = names.title(title), names.prose(description)
        with self._store.writing() as tx:
            if rows.has_model(tx, name):
                raise Conflict(f"There is a model {name} already.", remedy="Choose another name.")
            rows.add_model(tx, name, title=title, description=description, at=self._clock(), by=who.name)
            self._audit.record(tx, who, "model.created", name)
        return self.show(name)

    def update(
        self,
        who: Principal,
        name: str,
        *,
        title: str | None = None,
        description: str | None = None,
        revision: int | None = None,
    ) -> Model:
        """Changes the words that are given. Raises Denied, NotFound, Invalid, Stale if it is not at `revision`."""
        words = {"title": None if title is None else names.title(title)}
        words["description"] = None if description is None else names.prose(description)
        given = {key: word for key, word in words.items() if word is not None}
        return self._change(who, name, "model.changed", given, revision)

    def archive(self, who: Principal, name: str) -> Model:
        """Takes the model out of lists; it gets no new versions. What it has goes on working. Repeating is harmless."""
        if self.show(name).archived_at:
            require(who, "write")
            return self.show(name)
        return self._change(who, name, "model.archived", {"archived_at": as_text(self._clock())}, None)

    def _change(self, who: Principal, name: str, action: str, given: dict[str, str], revision: int | None) -> Model:
        require(who, "write")
        with self._store.writing() as tx:
            model = known(rows.model(tx, name), "model", name)
            if revision is not None and revision != model.revision:
                raise Stale("model", name)
            if given:
                rows.change_model(tx, name, **given)
                self._audit.record(tx, who, action, name, **given)
        return self.show(name)

    # Versions

    def versions(self, name: str, *, limit: int = 50, cursor: str | None = None) -> Page[Version]:
        """Versions, newest first. Raises NotFound."""
        limit = limited(limit)
        with self._store.reading() as tx:
            found = rows.version_page(tx, name, before=number_of(cursor), limit=limit + 1)
            if not found and not rows.has_model(tx, name):
                raise NotFound("model", name)
        return Page(tuple(found[:limit]), str(found[limit - 1].number) if len(found) > limit else None)

    def version(self, name: str, which: int | str) -> Version:
        """One version, by number, by alias, or the `latest`. Raises NotFound."""
        with self._store.reading() as tx:
            if which == "latest":
                found = rows.version_page(tx, name, before=None, limit=1)
                return known(found[0] if found else None, "version", f"{name} latest")
            number = int(which) if NUMBER.fullmatch(str(which)) else pointed(tx, name, str(which))
            return known(rows.version(tx, name, number), "version", f"{name} {which}")

    def register(
        self, who: Principal, name: str, upload_id: str, *, title: str = "", description: str = "", note: str = ""
    ) -> Version:
        """Makes the upload the next version of the model, which is made if it is new.

        A version whose answers a fresh host could not give again is kept as `rejected`, with reason and remedy.
        Raises Denied, Invalid, NotFound, Conflict, MissingLanguage; then there is no version.
        """
        require(who, "write")
        names.name(name)
        words = {
            "title": names.title(title),
            "description": names.prose(description),
            "note": names.prose(note, "note"),
        }
        return self._registrar.register(who, name, upload_id, **words)

    def diff(self, name: str, a: int | str, b: int | str) -> Diff:
        """What changed from version `a` to version `b`. Raises NotFound."""
        one, other = self.version(name, a), self.version(name, b)
        return diffs.diff(one, other, self._place(one), self._place(other))

    def example(self, name: str, which: int | str) -> Example:
        """Rows it was proven with, and the live answers. Raises NotFound, Conflict if they cannot be read."""
        version = self.version(name, which)
        return examples.example(version.name, self.folder(name, version.number))

    def notebook(self, name: str, which: int | str) -> Notebook:
        """The notebook as it was. Raises NotFound if none was captured, Conflict if what was is no notebook."""
        version = self.version(name, which)
        return notebooks.notebook(version, self.folder(name, version.number))

    def folder(self, name: str, number: int) -> Path:
        """The artifact of a version, not verified: hosts get it by `manifests.fetch`. Raises NotFound, Conflict."""
        version = self.version(name, number)
        if version.origin == OUTSIDE:
            raise Conflict(f"{version.name} has no artifact here. {version.reason}", remedy=version.remedy)
        return self._place(version)

    def export(self, name: str, number: int | str, target: Path) -> Path:
        """Makes the new folder `target`, which scores without us. Raises NotFound, Conflict, Tampered."""
        version = self.version(name, number)
        return exports.export(self.folder(name, version.number), target, self._signer)

    def _place(self, version: Version) -> Path:
        return self._folders.models / version.model / version.id

    # Aliases

    def aliases(self, name: str) -> tuple[Alias, ...]:
        """Where each alias points. Raises NotFound."""
        with self._store.reading() as tx:
            found = rows.alias_list(tx, name)
            if not found and not rows.has_model(tx, name):
                raise NotFound("model", name)
        return tuple(found)

    def move(
        self,
        who: Principal,
        name: str,
        alias: str,
        number: int,
        *,
        why: str = "",
        revision: int | None = None,
        also: Also | None = None,
    ) -> AliasMove:
        """Points the alias at a version; deployments that follow it change over. See `Ledger.move`."""
        return self._ledger.move(who, name, alias, number, why=why, revision=revision, also=also)

    def unset(self, who: Principal, name: str, alias: str, *, why: str = "", revision: int | None = None) -> AliasMove:
        """Takes the alias away. See `Ledger.unset`."""
        return self._ledger.unset(who, name, alias, why=why, revision=revision)

    def history(
        self, name: str, *, alias: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[AliasMove]:
        """The ledger's moves, newest first. Raises NotFound."""
        return self._ledger.history(name, alias=alias, limit=limited(limit), before=number_of(cursor))

    def live_at(self, name: str, alias: str, when: datetime) -> int | None:
        """The number the alias pointed at, at that moment; None if it was not set. Raises NotFound."""
        return self._ledger.live_at(name, alias, when)

    def look_outside(self) -> tuple[AliasMove, ...]:
        """Notes what something else than Kronkers changed in MLflow. Returns the moves of aliases found."""
        outside.note_versions(self._store, self._registry, self._audit)
        return tuple(self._ledger.look())


def known(found: Found | None, noun: str, name: str) -> Found:
    if found is None:
        raise NotFound(noun, name)
    return found


def pointed(tx: sa.Connection, name: str, alias: str) -> int:
    return known(rows.alias(tx, name, alias), "version", f"{name} {alias}").number


def limited(limit: int, most: int = MOST) -> int:
    if not 1 <= limit <= most:
        raise Invalid(Fault("limit", f"must be from 1 to {most}"))
    return limit


def number_of(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not NUMBER.fullmatch(cursor):
        raise Invalid(Fault("cursor", "is none that was given out"))
    return int(cursor)
