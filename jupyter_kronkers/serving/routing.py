"""Routing: from wishes to routes. Which version an alias names now, which was before, which may be next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jupyter_kronkers.access import Tokens
from jupyter_kronkers.errors import Conflict, KronkersError, NotFound
from jupyter_kronkers.models import Models, Version
from jupyter_kronkers.models.signing import Signer
from jupyter_kronkers.serving.gateway.routes import Grant, Placed, Route, Routes
from jupyter_kronkers.serving.wishes import Wish
from jupyter_kronkers.store import Folders

READY = "ready"


class Routing:
    """Reads models and tokens; decides nothing."""

    def __init__(self, models: Models, tokens: Tokens, folders: Folders) -> None:
        self._models, self._tokens, self._signer = models, tokens, Signer(folders)

    def servable(self, model: str, alias: str | None, version: int | None) -> Version:
        """The version that would be served. Raises NotFound, or Conflict if it was rejected."""
        found = self._models.version(model, alias if alias is not None else version or 0)
        if found.state != READY:
            raise Conflict(f"{found.name} is {found.state}: {found.reason}", remedy=found.remedy)
        return found

    def number(self, wish: Wish) -> int | None:
        """The number of the version that the wish means now; None if its alias names none."""
        if wish.version is not None:
            return wish.version
        try:
            return self._models.version(wish.model, wish.alias or "").number
        except NotFound:
            return None

    def before_alias(self, model: str, alias: str) -> int | None:
        """What the alias named before it was moved to where it is now."""
        moves = self._models.history(model, alias=alias, limit=1).items
        return moves[0].before if moves else None

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
        before = pinned_before if wish.alias is None else self.before_alias(wish.model, wish.alias)
        return Route(
            wish.name,
            self._placed(wish.model, number),
            wish.replicas,
            wish.limits,
            self._placed_if_ready(wish.model, before),
            self._upcoming(wish, number) if wish.alias else None,
        )

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
