"""Routing: from wishes to routes. Which version an alias names now, which was before, which may be next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jupyter_kronkers.access import Tokens
from jupyter_kronkers.errors import Conflict, Invalid, KronkersError, NotFound
from jupyter_kronkers.models import AliasMove, Models, Version
from jupyter_kronkers.models.signing import Signer
from jupyter_kronkers.serving.gateway.deployments.inputs import unlike
from jupyter_kronkers.serving.gateway.routes import Grant, Placed, Route, Routes
from jupyter_kronkers.serving.wishes import Which, Wish
from jupyter_kronkers.store import Folders

READY = "ready"


class Routing:
    """Reads models and tokens; decides nothing."""

    def __init__(self, models: Models, tokens: Tokens, folders: Folders) -> None:
        self._models, self._tokens, self._signer = models, tokens, Signer(folders)

    # What may be served

    def servable(self, model: str, which: Which) -> Version:
        """The version that would be served. Raises NotFound, or Conflict if it was rejected."""
        found = self._models.version(model, which)
        if found.state != READY:
            raise Conflict(f"{found.name} is {found.state}: {found.reason}", remedy=found.remedy)
        return found

    def check(self, wish: Wish) -> None:
        """Raises NotFound or Conflict unless all that is wished can be served together."""
        live = self.servable(wish.model, wish.which)
        taken = {live.number: "live version"}
        for use, which in (("canary", wish.canary), ("shadow", wish.shadow)):
            if which is not None:
                beside = self.servable(wish.model, which)
                refuse_unfit(use, beside, live, taken)
                taken[beside.number] = use

    # What is meant now

    def number(self, wish: Wish) -> int | None:
        """The number of the version that the wish means now; None if its alias names none."""
        return wish.version if wish.version is not None else self.number_of(wish.model, wish.which)

    def number_of(self, model: str, which: Which | None) -> int | None:
        """The number of a version; None if there is none of this name or number."""
        if which is None:
            return None
        try:
            return self._models.version(model, which).number
        except (NotFound, Invalid):
            return None

    def last_move(self, model: str, alias: str) -> AliasMove | None:
        """How the alias came to where it is now."""
        moves = self._models.history(model, alias=alias, limit=1).items
        return moves[0] if moves else None

    def decision(self, wish: Wish) -> str:
        """Names what people decided last of the versions it serves: another one after every change."""
        aliases = [which for which in (wish.alias, wish.canary) if isinstance(which, str)]
        moves = [self.last_move(wish.model, alias) for alias in aliases]
        return ".".join([str(wish.revision), *(str(move.seq if move else 0) for move in moves)])

    # Routes

    def routes(self, wishes: Sequence[Wish], pinned_before: Mapping[str, int | None]) -> Routes:
        routes = (self._route(wish, pinned_before.get(wish.name)) for wish in wishes)
        grants = (
            Grant(token.digest, token.deployments, token.expires_at.timestamp() if token.expires_at else None)
            for token in self._tokens.valid()
            if token.deployments
        )
        key = self._signer.public_key.decode()
        return Routes(tuple(route for route in routes if route), tuple(grants), key)

    def _route(self, wish: Wish, pinned_before: int | None) -> Route | None:
        number = self.number(wish)
        if number is None:
            return None
        move = self.last_move(wish.model, wish.alias) if wish.alias is not None else None
        before = pinned_before if wish.alias is None else move.before if move else None
        decision = self.decision(wish)
        canary = self._beside(wish, wish.canary, number)
        return Route(
            deployment=wish.name,
            version=self._placed(wish.model, number),
            replicas=wish.replicas,
            limits=wish.limits,
            previous=self._placed_if_ready(wish.model, before),
            upcoming=self._upcoming(wish, number) if wish.alias else None,
            spares=wish.spares,
            canary=canary,
            percent=wish.percent if canary else 0.0,
            shadow=self._beside(wish, wish.shadow, number),
            decision=decision,
            withdrawn=withdrawn_under(wish, decision),
        )

    def _beside(self, wish: Wish, which: Which | None, live: int) -> Placed | None:
        """A canary or shadow; none where its alias has come to the live version itself, or names none any more."""
        number = self.number_of(wish.model, which)
        return None if number == live else self._placed_if_ready(wish.model, number)

    def _upcoming(self, wish: Wish, number: int) -> Placed | None:
        """The newest version, if it is newer than the one that is served: the alias is likely to move there."""
        newest = self._models.versions(wish.model, limit=1).items
        return self._placed_if_ready(wish.model, newest[0].number if newest and newest[0].number > number else None)

    def _placed_if_ready(self, model: str, number: int | None) -> Placed | None:
        if number is None:
            return None
        try:
            version = self._models.version(model, number)
        except KronkersError:
            return None
        return self._placed(model, number) if version.state == READY else None

    def _placed(self, model: str, number: int) -> Placed:
        version = self._models.version(model, number)
        batched = version.proof.batch_safe if version.proof else False
        return Placed(model, number, str(self._models.folder(model, number)), version.digest, batched)


def withdrawn_under(wish: Wish, decision: str) -> dict[str, str]:
    """What gateways withdrew since people decided last."""
    if wish.withdrawn.get("decision") != decision:
        return {}
    return {role: why for role, why in wish.withdrawn.items() if role != "decision"}


def refuse_unfit(use: str, beside: Version, live: Version, taken: Mapping[int, str]) -> None:
    if beside.number in taken:
        raise Conflict(f"{beside.name} is the {taken[beside.number]} already.", remedy="Choose another version.")
    if difference := unlike(live.signature, beside.signature):
        said = f"{beside.name} cannot be the {use} of {live.name}, whose requests it would get: {difference}."
        raise Conflict(said, remedy="Give it a deployment of its own, or register it with the same inputs.")
