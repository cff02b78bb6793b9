"""Deployments: the decision to serve an alias or a version of a model under a name.

create ─▶ serving ⇄ stopped ─▶ deleted       each change: one transaction with its history and its audit row
            │ update, rollback
            └─▶ an event, on which the supervisor sends the gateway new routes
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from jupyter_kronkers.access import Audit, Principal, Tokens, names, require
from jupyter_kronkers.errors import Conflict, Fault, Invalid, NotFound, Stale
from jupyter_kronkers.models import Models
from jupyter_kronkers.serving import rows
from jupyter_kronkers.serving.gateway import logs
from jupyter_kronkers.serving.gateway.routes import Routes, ServingLimits
from jupyter_kronkers.serving.gateway.states import DeploymentState, State
from jupyter_kronkers.serving.routing import Routing
from jupyter_kronkers.serving.wishes import SERVING, STOPPED, Deployment, DeploymentMove, Replica, Wish
from jupyter_kronkers.store import Clock, DeploymentChanged, Events, Folders, Store

MOST_REPLICAS = 64
MAY_BE_NONE = ("idle_s", "network")
"""Limits for which 0 means never, or no."""
NOT_SERVED = "Nothing serves it now."
HOW_TO_SERVE = "Start JupyterLab, or: jupyter kronkers serve"


class Deployments:
    """Create, change, stop and roll back deployments, and say how they are."""

    def __init__(  # noqa: PLR0917 - what it is built with has one order in all rooms
        self, store: Store, folders: Folders, audit: Audit, events: Events, models: Models, clock: Clock
    ) -> None:
        self._store, self._folders, self._audit, self._models = store, folders, audit, models
        self._clock = clock
        self._routing = Routing(models, Tokens(store, audit, events, clock), folders)
        self._observed: State | None = None
        self.events = events

    # Deciding

    def create(
        self,
        who: Principal,
        name: str,
        model: str,
        *,
        alias: str | None = None,
        version: int | None = None,
        replicas: int = 1,
        limits: ServingLimits | Mapping[str, float] | None = None,
        note: str = "",
    ) -> Deployment:
        """Serve what `alias` names, and follow it, or the one `version`.

        Raises NotFound without such a model, alias or version, Conflict if the name is taken or the version rejected,
        Invalid unless exactly one of alias and version is given.
        """
        require(who, "deploy")
        names.name(name)
        refuse_count(replicas)
        if (alias is None) == (version is None):
            raise Invalid(Fault("version", "give either an alias or a version"))
        self._routing.servable(model, alias, version)
        wish = Wish(
            name=name,
            model=model,
            alias=alias,
            version=version,
            replicas=replicas,
            wanted=SERVING,
            limits=as_limits(limits, ServingLimits()),
            note=names.prose(note, "note"),
            revision=1,
            created_at=self._clock(),
            created_by=who.name,
        )
        with self._store.writing() as tx:
            rows.add(tx, wish)
            self._record(tx, who, "created", (None, wish))
        return self._told(wish)

    def update(
        self,
        who: Principal,
        name: str,
        *,
        alias: str | None = None,
        version: int | None = None,
        replicas: int | None = None,
        limits: ServingLimits | Mapping[str, float] | None = None,
        note: str | None = None,
        revision: int | None = None,
    ) -> Deployment:
        """Change what is given; an alias ends a pinned version and the other way round.

        Raises Stale if `revision` is given and the deployment has another by now.
        """
        require(who, "deploy")
        if alias is not None and version is not None:
            raise Invalid(Fault("version", "give either an alias or a version"))
        if replicas is not None:
            refuse_count(replicas)
        if alias is not None or version is not None:
            self._routing.servable(self._wish(name).model, alias, version)
        changed: dict[str, object] = {} if alias is None and version is None else {"alias": alias, "version": version}
        changed |= {} if replicas is None else {"replicas": replicas}
        changed |= {} if note is None else {"note": names.prose(note, "note")}
        changed |= {} if limits is None else {"limits": as_limits(limits, self._wish(name).limits)}
        return self._change(who, name, "updated", changed, revision=revision)

    def rollback(self, who: Principal, name: str, why: str = "") -> Deployment:
        """Bring the version before back: the alias it follows moves back, or it pins the version it had before.

        Raises Conflict if there was none, or if it cannot be served.
        """
        require(who, "deploy")
        wish = self._wish(name)
        words = f"rollback of {name}" + (f": {why}" if why else "")
        if wish.alias is not None:
            before = self._routing.before_alias(wish.model, wish.alias)
            self._routing.servable(wish.model, None, refuse_none(before, name))
            self._models.move(who, wish.model, wish.alias, refuse_none(before, name), why=words)
            return self._change(who, name, "rolled_back", {}, why=words)
        with self._store.reading() as tx:
            pinned = refuse_none(self._pinned_before(tx, wish), name)
        self._routing.servable(wish.model, None, pinned)
        return self._change(who, name, "rolled_back", {"version": pinned}, why=words)

    def stop(self, who: Principal, name: str) -> Deployment:
        """Let no process run for it. Harmless to repeat."""
        require(who, "deploy")
        return self._change(who, name, "stopped", {"wanted": STOPPED})

    def start(self, who: Principal, name: str) -> Deployment:
        """Serve it again. Harmless to repeat."""
        require(who, "deploy")
        wish = self._wish(name)
        self._routing.servable(wish.model, wish.alias, wish.version)
        return self._change(who, name, "started", {"wanted": SERVING})

    def delete(self, who: Principal, name: str) -> None:
        """End it and free its name; its history stays."""
        require(who, "deploy")
        with self._store.writing() as tx:
            wish = self._wish_in(tx, name)
            rows.remove(tx, name)
            self._record(tx, who, "deleted", (wish, None))
        self.events.emit(DeploymentChanged(name, STOPPED))

    # Looking

    def list(self) -> Sequence[Deployment]:
        """All of them, by name."""
        with self._store.reading() as tx:
            found = rows.every(tx)
        return [self._described(wish) for wish in found]

    def show(self, name: str) -> Deployment:
        """Raises NotFound."""
        return self._described(self._wish(name))

    def replicas(self, name: str) -> Sequence[Replica]:
        """Its living processes, those that answer first. Raises NotFound."""
        self._wish(name)
        seen = self._seen(name)
        return [
            Replica(r.pid or None, r.number, r.state, datetime.fromtimestamp(r.started_at, UTC), r.answered, r.warm)
            for r in (seen.replicas if seen else ())
        ]

    def log(self, name: str, *, tail: int = 200) -> Sequence[str]:
        """The last lines its hosts printed, oldest first. Raises NotFound."""
        self._wish(name)
        return logs.lines(self._folders.gateway, name, tail)

    def history(self, name: str, *, limit: int = 100) -> Sequence[DeploymentMove]:
        """What was decided about it, newest first; of a deleted one, too."""
        with self._store.reading() as tx:
            found = rows.moves(tx, name, limit)
        if not found:
            raise NotFound("deployment", name)
        return found

    # For the supervisor

    def routes(self) -> Routes:
        """What the gateway must serve now."""
        with self._store.reading() as tx:
            wishes = [wish for wish in rows.every(tx) if wish.wanted == SERVING]
            pinned = {wish.name: self._pinned_before(tx, wish) for wish in wishes if wish.version is not None}
        return self._routing.routes(wishes, pinned)

    def observe(self, state: State | None) -> None:
        """Remember what the gateway said of itself; None: there is no gateway."""
        before = {} if self._observed is None else {d.name: d.state for d in self._observed.deployments}
        self._observed = state
        for deployment in state.deployments if state else ():
            if before.get(deployment.name) != deployment.state:
                self.events.emit(DeploymentChanged(deployment.name, deployment.state))

    # Inside

    def _change(
        self,
        who: Principal,
        name: str,
        action: str,
        changed: Mapping[str, object],
        *,
        revision: int | None = None,
        why: str = "",
    ) -> Deployment:
        with self._store.writing() as tx:
            before = self._wish_in(tx, name)
            if revision is not None and revision != before.revision:
                raise Stale("deployment", name)
            after = replace(before, **changed, revision=before.revision + 1)  # type: ignore[arg-type]
            rows.replace(tx, after)
            self._record(tx, who, action, (before, after), why=why)
        return self._told(after)

    def _record(
        self, tx: sa.Connection, who: Principal, action: str, change: tuple[Wish | None, Wish | None], *, why: str = ""
    ) -> None:
        """The history's line and the audit's row of one change, from the wish before to the one after."""
        old, new = facts(change[0]), facts(change[1])
        name = str((new or old)["name"])
        rows.add_move(tx, DeploymentMove(0, name, action, old, new, self._clock(), who.name, why))
        details: dict[str, Any] = {"why": why} if why else {}
        details |= {key: value for key, value in (new or old).items() if key != "name" and old.get(key) != new.get(key)}
        self._audit.record(tx, who, f"deployment.{action}", name, **details)

    def _told(self, wish: Wish) -> Deployment:
        described = self._described(wish)
        self.events.emit(DeploymentChanged(wish.name, described.state))
        return described

    def _wish(self, name: str) -> Wish:
        with self._store.reading() as tx:
            return self._wish_in(tx, name)

    def _wish_in(self, tx: sa.Connection, name: str) -> Wish:
        found = rows.find(tx, name)
        if found is None:
            raise NotFound("deployment", name)
        return found

    def _pinned_before(self, tx: sa.Connection, wish: Wish) -> int | None:
        """The version it pinned before the present one, since it was created."""
        for move in rows.moves(tx, wish.name, 1_000):
            version = move.before.get("version")
            if isinstance(version, int) and version != wish.version:
                return version
            if move.action == "created":
                break
        return None

    def _seen(self, name: str) -> DeploymentState | None:
        found = self._observed.deployments if self._observed else ()
        return next((deployment for deployment in found if deployment.name == name), None)

    def _described(self, wish: Wish) -> Deployment:
        follows = self._routing.number(wish)
        state, reason, remedy = self._state(wish, follows)
        seen = self._seen(wish.name)
        live = seen.number if seen and state != STOPPED else None
        told = {"state": state, "reason": reason, "remedy": remedy, "live": live, "follows": follows}
        return Deployment(**{**wish.__dict__, **told})

    def _state(self, wish: Wish, follows: int | None) -> tuple[str, str, str]:
        """State, reason and remedy, as the gateway said or as it will soon say."""
        if wish.wanted == STOPPED:
            return "stopped", "", ""
        if follows is None:
            return "failed", f"{wish.model} has no alias {wish.alias}.", "Set the alias, or serve another."
        if self._observed is None:
            return "stopped", NOT_SERVED, HOW_TO_SERVE
        seen = self._seen(wish.name)
        if seen is None:
            return "starting", "", ""
        if seen.wanted != follows:
            return ("swapping" if seen.number else "starting"), "", ""
        return seen.state, seen.reason, seen.remedy


def facts(wish: Wish | None) -> dict[str, str | int | None]:
    """What history and audit say of a wish."""
    if wish is None:
        return {}
    said = {key: getattr(wish, key) for key in ("name", "model", "alias", "version", "replicas", "wanted", "note")}
    return {**said, "limits": msgspec.json.encode(wish.limits).decode()}


def as_limits(given: ServingLimits | Mapping[str, float] | None, base: ServingLimits) -> ServingLimits:
    """The limits, those not given as in `base`. Raises Invalid for one that does not exist or makes no sense."""
    if isinstance(given, ServingLimits) or not given:
        return given if isinstance(given, ServingLimits) else base
    try:
        limits = msgspec.convert({**msgspec.to_builtins(base), **given}, ServingLimits)
    except msgspec.ValidationError as problem:
        raise Invalid(Fault("limits", str(problem))) from problem
    wrong = [name for name, value in msgspec.to_builtins(limits).items() if name not in MAY_BE_NONE and value <= 0]
    wrong += [name for name in MAY_BE_NONE if getattr(limits, name) < 0]
    if wrong:
        raise Invalid(*(Fault(f"limits.{name}", "must be more than 0") for name in wrong))
    return limits


def refuse_count(replicas: int) -> None:
    if not 1 <= replicas <= MOST_REPLICAS:
        raise Invalid(Fault("replicas", f"must be 1 to {MOST_REPLICAS}"))


def refuse_none(number: int | None, name: str) -> int:
    if number is None:
        raise Conflict(f"{name} had no version before this one.", remedy="Move its alias, or pin a version.")
    return number
