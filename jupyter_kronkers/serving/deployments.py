"""Deployments: the decision to serve an alias or a version of a model under a name.

create ─▶ serving ⇄ stopped ─▶ deleted       each change: one transaction with its history and its audit row
            │ update, promote, rollback
            └─▶ an event, on which the supervisor sends the gateway new routes

Whoever changes a deployment changes what he saw: if another was faster, he is told and nothing has happened (Stale for
who said which revision he saw, else Conflict).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from jupyter_kronkers.access import Audit, Principal, Tokens, names, require
from jupyter_kronkers.errors import Conflict, Fault, Invalid, KronkersError, NotFound, Stale
from jupyter_kronkers.models import Models
from jupyter_kronkers.models import examples as recorded_rows
from jupyter_kronkers.serving import checks, rows, snippets
from jupyter_kronkers.serving.examples import Example, asked
from jupyter_kronkers.serving.gateway.hosts import logs
from jupyter_kronkers.serving.gateway.routes import Routes, ServingLimits
from jupyter_kronkers.serving.gateway.states import DeploymentState, State
from jupyter_kronkers.serving.health import Health, Lately, Standing, health_of
from jupyter_kronkers.serving.observing import Observed
from jupyter_kronkers.serving.routing import Routing
from jupyter_kronkers.serving.snippets import Snippet
from jupyter_kronkers.serving.wishes import SERVING, STOPPED, Deployment, DeploymentMove, Replica, Which, Wish, facts
from jupyter_kronkers.store import Clock, DeploymentChanged, Events, Folders, Store

log = logging.getLogger(__name__)

GATEWAY = Principal("gateway", frozenset())
WORD_OF = {SERVING: "started", STOPPED: "stopped"}
PROMOTED = {"canary": None, "percent": 0.0}
Also = Callable[[sa.Connection], None]


class Deployments:
    """Create, change, promote, stop and roll back deployments, and say how they are."""

    def __init__(  # noqa: PLR0917 - what it is built with has one order in all rooms
        self, store: Store, folders: Folders, audit: Audit, events: Events, models: Models, clock: Clock
    ) -> None:
        self._store, self._folders, self._audit, self._models = store, folders, audit, models
        self._clock = clock
        self._routing = Routing(models, Tokens(store, audit, events, clock), folders)
        self._observed = Observed()
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
        spares: int = 0,
        canary: Which | None = None,
        percent: float = 0.0,
        shadow: Which | None = None,
        limits: checks.GivenLimits = None,
        note: str = "",
    ) -> Deployment:
        """Serve what `alias` names, and follow it, or the one `version`.

        canary, shadow: another version of the model, by number or by alias, that takes the same requests.
        Raises NotFound without such a model, alias or version, Conflict if the name is taken, a version is rejected or
        takes other inputs, Invalid unless exactly one of alias and version is given.
        """
        require(who, "deploy")
        names.name(name)
        checks.one_of(alias, version)
        wish = Wish(
            name=name,
            model=model,
            alias=alias,
            version=version,
            replicas=checks.count(replicas),
            spares=checks.spare_count(spares),
            canary=canary,
            percent=checks.share(percent),
            shadow=shadow,
            wanted=SERVING,
            limits=checks.limits(limits, ServingLimits()),
            note=names.prose(note, "note"),
            revision=1,
            created_at=self._clock(),
            created_by=who.name,
        )
        self._routing.check(wish)
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
        spares: int | None = None,
        canary: Which | UnsetType | None = UNSET,
        percent: float | None = None,
        shadow: Which | UnsetType | None = UNSET,
        limits: checks.GivenLimits = None,
        note: str | None = None,
        wanted: str | None = None,
        revision: int | None = None,
    ) -> Deployment:
        """Change what is given; an alias ends a pinned version and the other way round, None ends canary or shadow.

        Raises Stale if `revision` is given and the deployment has another by now, and as `create` does.
        """
        require(who, "deploy")
        if alias is not None and version is not None:
            raise Invalid(Fault("version", "give either an alias or a version"))
        before = self._at(name, revision)
        given: dict[str, object] = {} if alias is None and version is None else {"alias": alias, "version": version}
        given |= {"canary": canary, "shadow": shadow, "wanted": wanted or UNSET}
        given |= {"replicas": UNSET if replicas is None else checks.count(replicas)}
        given |= {"spares": UNSET if spares is None else checks.spare_count(spares)}
        given |= {"percent": UNSET if percent is None else checks.share(percent)}
        given |= {"note": UNSET if note is None else names.prose(note, "note")}
        given |= {"limits": UNSET if limits is None else checks.limits(limits, before.limits)}
        changed = {field: value for field, value in given.items() if value is not UNSET}
        if "canary" in changed and canary is None:
            changed["percent"] = 0.0
        after = replace(before, **changed)  # type: ignore[arg-type]
        if {"alias", "version", "canary", "shadow"} & changed.keys() or wanted == SERVING:
            self._routing.check(after)
        action = WORD_OF[wanted] if wanted and changed.keys() == {"wanted"} else "updated"
        with losing_in_words(name, revision):
            return self._change(who, before, action, changed)

    def promote(self, who: Principal, name: str, why: str = "", *, revision: int | None = None) -> Deployment:
        """Make the canary the live version, in one step: the alias moves to it, or it is pinned; it is canary no more.

        Raises Conflict if there is none or it cannot be served, Stale if the deployment or its alias was changed.
        """
        require(who, "deploy")
        wish = self._at(name, revision)
        if wish.canary is None:
            raise Conflict(f"{name} has no canary.", remedy="Give it one: jupyter kronkers deployments update --canary")
        number = self._routing.servable(wish.model, wish.canary).number
        with losing_in_words(name, revision):
            return self._repoint(who, wish, number, action="promoted", changed=PROMOTED, why=why)

    def rollback(self, who: Principal, name: str, why: str = "", *, revision: int | None = None) -> Deployment:
        """Bring the version before back: the alias it follows moves back, or it pins the version it had before.

        Raises Conflict if there was none or it cannot be served, Stale if the deployment or its alias was changed.
        """
        require(who, "deploy")
        wish = self._at(name, revision)
        number = self._routing.servable(wish.model, checks.before(self._number_before(wish), name)).number
        with losing_in_words(name, revision):
            return self._repoint(who, wish, number, action="rolled_back", changed={}, why=why)

    def stop(self, who: Principal, name: str) -> Deployment:
        """Let no process run for it. Harmless to repeat."""
        require(who, "deploy")
        with losing_in_words(name):
            return self._change(who, self._wish(name), "stopped", {"wanted": STOPPED})

    def start(self, who: Principal, name: str) -> Deployment:
        """Serve it again. Harmless to repeat."""
        require(who, "deploy")
        wish = self._wish(name)
        self._routing.check(wish)
        with losing_in_words(name):
            return self._change(who, wish, "started", {"wanted": SERVING})

    def delete(self, who: Principal, name: str, *, revision: int | None = None) -> None:
        """End it and free its name; its history stays. Raises Stale if it was changed since `revision`."""
        require(who, "deploy")
        with self._store.writing() as tx:
            wish = self._wish_in(tx, name)
            refuse_stale(wish, revision)
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
        return self._observed.replicas(name)

    def log(self, name: str, *, tail: int = 200) -> Sequence[str]:
        """The last lines its hosts printed, oldest first. Raises NotFound."""
        self._wish(name)
        return logs.lines(self._folders.gateway, name, tail)

    def health(self, lately: Mapping[str, Lately]) -> Mapping[str, Health]:
        """How the deployments of each model are; a model without any is left out. lately: see `Traffic.lately`."""
        with self._store.reading() as tx:
            found = rows.every(tx)
        nothing = Lately(0, 0)
        standings = (
            Standing(wish.name, wish.model, self._observed.state_of(wish), lately.get(wish.name, nothing))
            for wish in found
        )
        return health_of(standings)

    def example(self, name: str) -> Example:
        """A row to ask it with. Raises NotFound, Conflict if there is no version that should answer."""
        deployment = self.show(name)
        number = deployment.live or deployment.follows
        if number is None:
            raise Conflict(f"{deployment.model} has no alias {deployment.alias}.", remedy="Set it, or serve another.")
        version = self._models.version(deployment.model, number)
        recorded = recorded_rows.recorded(version.name, self._models.folder(version.model, number))
        return Example(number, version.signature.inputs, asked(version.signature.inputs, recorded).row)

    def calls(self, name: str, gateway: str, *, language: str = "") -> Sequence[Snippet]:
        """How to ask it, at this address of the gateway. Raises as `example` does."""
        return snippets.written(f"{gateway}/{name}/invocations", self.example(name).row, language=language)

    def history(self, name: str, *, limit: int = 100) -> Sequence[DeploymentMove]:
        """What was decided about it, newest first; of a deleted one, too."""
        with self._store.reading() as tx:
            found = rows.moves(tx, name, limit)
        if not found:
            raise NotFound("deployment", name)
        return found

    # For the supervisor

    def served(self) -> bool:
        """Whether any gateway serves any of them."""
        return self._observed.any

    def routes(self) -> Routes:
        """What the gateway must serve now."""
        with self._store.reading() as tx:
            wishes = [wish for wish in rows.every(tx) if wish.wanted == SERVING]
            pinned = {wish.name: self._pinned_before(tx, wish) for wish in wishes if wish.version is not None}
        return self._routing.routes(wishes, pinned)

    def observe(self, state: State | None) -> None:
        """Remember what the gateways said of themselves; None: there are none. What they withdrew is kept for good."""
        for deployment in self._observed.hear(state):
            self.events.emit(DeploymentChanged(deployment.name, deployment.state))
        for deployment in state.deployments if state else ():
            if deployment.withdrawn:
                self._remember_withdrawn(deployment)

    def _remember_withdrawn(self, seen: DeploymentState) -> None:
        try:
            with self._store.writing() as tx:
                wish = rows.find(tx, seen.name)
                told = {"decision": seen.decision, **seen.withdrawn}
                if wish is None or wish.withdrawn == told or self._routing.decision(wish) != seen.decision:
                    return
                rows.withdraw(tx, wish.name, told)
                why = " ".join(seen.withdrawn.values())
                self._record(tx, GATEWAY, "withdrawn", (wish, wish), why=why)
        except KronkersError as problem:  # it is told again with the next state
            log.warning("What the gateway withdrew could not be kept: %s", problem)
            return
        self.events.emit(DeploymentChanged(wish.name, seen.state))

    # Inside

    def _repoint(
        self, who: Principal, wish: Wish, number: int, *, action: str, changed: Mapping[str, object], why: str
    ) -> Deployment:
        """Serve that version from now on, and change the rest in the same transaction."""
        if wish.alias is None:
            return self._change(who, wish, action, {**changed, "version": number}, why=why)
        here = self._routing.last_move(wish.model, wish.alias)
        words = f"{action.replace('_', ' ')}: {wish.name}" + (f": {why}" if why else "")
        changes: list[Wish] = []

        def also(tx: sa.Connection) -> None:
            changes.append(self._change_in(tx, who, wish, action, changed, why=words))

        seq = here.seq if here else None
        self._models.move(who, wish.model, wish.alias, number, why=words, revision=seq, also=also)
        return self._told(changes[0])

    def _number_before(self, wish: Wish) -> int | None:
        if wish.alias is not None:
            move = self._routing.last_move(wish.model, wish.alias)
            return move.before if move else None
        with self._store.reading() as tx:
            return self._pinned_before(tx, wish)

    def _change(
        self, who: Principal, seen: Wish, action: str, changed: Mapping[str, object], *, why: str = ""
    ) -> Deployment:
        with self._store.writing() as tx:
            after = self._change_in(tx, who, seen, action, changed, why=why)
        return self._told(after)

    def _change_in(
        self, tx: sa.Connection, who: Principal, seen: Wish, action: str, changed: Mapping[str, object], *, why: str
    ) -> Wish:
        before = self._wish_in(tx, seen.name)
        refuse_stale(before, seen.revision)
        after = replace(before, **changed, revision=before.revision + 1)  # type: ignore[arg-type]
        rows.replace(tx, after)
        self._record(tx, who, action, (before, after), why=why)
        return after

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

    def _at(self, name: str, revision: int | None) -> Wish:
        wish = self._wish(name)
        refuse_stale(wish, revision)
        return wish

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

    def _described(self, wish: Wish) -> Deployment:
        return self._observed.described(wish, self._routing.number(wish))


@contextmanager
def losing_in_words(name: str, revision: int | None = None) -> Iterator[None]:
    """Two changed it at once, and this is the one who came later."""
    try:
        yield
    except Stale as problem:
        if revision is not None:
            raise
        raise Conflict(f"{name} was changed by someone else just now.", remedy="Look at it, then repeat.") from problem


def refuse_stale(wish: Wish, revision: int | None) -> None:
    if revision is not None and revision != wish.revision:
        raise Stale("deployment", wish.name)
