"""A POST that is repeated with the same Idempotency-Key does its work once.

new key ─▶ work ─▶ answer kept a day      same key, same body ─▶ the kept answer
                                          same key, other body ─▶ Invalid
                                          same key, still working ─▶ Conflict
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from jupyter_kronkers.api import rows
from jupyter_kronkers.api.exchange import Request, Response
from jupyter_kronkers.errors import Conflict, Fault, Invalid
from jupyter_kronkers.store import Clock, Store

HEADER = "idempotency-key"
LONGEST_KEY = 255


class Idempotency:
    """Remembers the answers of one data folder."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def recover(self) -> None:
        """Forget work that a killed owner left unanswered: what it did was rolled back or forward, so ask again."""
        with self._store.writing() as tx:
            rows.delete_unanswered(tx)
            rows.delete_old(tx, self._clock())

    def once(self, request: Request, work: Callable[[], Response]) -> Response:
        """The answer of `work`, or the one kept from the first time.

        An answer that trying again may change (a conflict, an overload, a failure of ours) is not kept.
        """
        name, digest = name_of(request), digest_of(request)
        kept = self._begin(name, digest)
        if kept is not None:
            return Response(kept.status, {**kept.headers, "Idempotent-Replayed": "true"}, kept.body)
        try:
            response = work()
        except BaseException:
            self._forget(name)
            raise
        self._end(name, response)
        return response

    def _begin(self, name: rows.KeyName, digest: str) -> Response | None:
        with self._store.writing() as tx:
            found = rows.find(tx, name)
            if found is None:
                rows.insert(tx, name, digest, self._clock())
                return None
        if found.digest != digest:
            raise Invalid(Fault("Idempotency-Key", "was used before with another body"), code="idempotency_key_reused")
        if found.answer is None:
            raise Conflict("The same request is still being worked on.", remedy="Wait for its answer.")
        return found.answer

    def _end(self, name: rows.KeyName, response: Response) -> None:
        if not 200 <= response.status < 300:
            return self._forget(name)
        with self._store.writing() as tx:
            rows.answer(tx, name, response)

    def _forget(self, name: rows.KeyName) -> None:
        with self._store.writing() as tx:
            rows.delete(tx, name)


def name_of(request: Request) -> rows.KeyName:
    key = request.headers[HEADER]
    if not 1 <= len(key) <= LONGEST_KEY or not key.isprintable():
        raise Invalid(Fault("Idempotency-Key", f"must have 1 to {LONGEST_KEY} printable characters"))
    return rows.KeyName(request.who.name, f"{request.method} {request.path}"[:2_000], key)


def digest_of(request: Request) -> str:
    return hashlib.sha256(request.query.encode() + b"\n" + request.body).hexdigest()
