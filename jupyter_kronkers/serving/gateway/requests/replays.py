"""Replays: a request that is sent again under the same Idempotency-Key gets the answer it had.

    key unknown ──▶ predicted, its answer kept        same key, same request ──▶ the kept answer
                    (other statuses than 200 free it)  same key, other request ──▶ 422     still being predicted ──▶ 409

Keys belong to a token and a deployment. Answers are kept for a while and within bounds; one that was let go is
predicted again, which for a prediction is the same.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from jupyter_kronkers.errors import Conflict, Fault, Invalid
from jupyter_kronkers.serving.gateway.answers import Answer

KEPT_S = 600.0
MOST, MOST_BYTES = 10_000, 64 << 20
LARGEST = 4 << 20
"""Bytes of one answer; larger ones are not kept."""

REPLAYED = b"Idempotency-Replayed: true\r\n"


class Key(NamedTuple):
    """Whose key, where, and which."""

    token: str
    deployment: str
    word: bytes


class Kept(NamedTuple):
    """The answer of one key, the digest of the request that it answers, and since when it is kept."""

    request: bytes
    answer: Answer
    since: float


class Busy(Conflict):
    code = "still_running"

    def __init__(self) -> None:
        self.retry_after_s = 1.0
        super().__init__("A request with this Idempotency-Key is being answered.", remedy="Send it again in a while.")


class Replays:
    """All keys of this gateway process."""

    def __init__(self, now: Callable[[], float], *, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._now, self._most, self._most_bytes = now, most, most_bytes
        self._begun: dict[Key, bytes] = {}
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._begun) + len(self._kept)

    def begin(self, key: Key, request: bytes) -> Answer | None:
        """The kept answer of this request; None if it is new, and is to be finished. Raises Invalid or Conflict."""
        self._let_go()
        kept = self._kept.get(key)
        known = kept.request if kept is not None else self._begun.get(key, request)
        if known != request:
            other = Fault("Idempotency-Key", "was used for another request")
            raise Invalid(other, remedy="Use a new key for each request.", code="key_reused")
        if key in self._begun:
            raise Busy
        if kept is None:
            self._begun[key] = request
            return None
        return kept.answer._replace(headers=kept.answer.headers + REPLAYED)

    def finish(self, key: Key, answer: Answer | None) -> None:
        """Keep the answer of a request that was begun, or free its key (None, or an answer that is no prediction)."""
        request = self._begun.pop(key)
        if answer is None or answer.status != 200 or len(answer.body) > LARGEST:
            return
        self._kept[key] = Kept(request, answer, self._now())
        self._bytes += len(answer.body)
        self._let_go()

    def _let_go(self) -> None:
        oldest = self._now() - KEPT_S
        while self._kept:
            key, kept = next(iter(self._kept.items()))
            if kept.since > oldest and len(self._kept) <= self._most and self._bytes <= self._most_bytes:
                return
            del self._kept[key]
            self._bytes -= len(kept.answer.body)


def digest(*parts: bytes) -> bytes:
    """What tells one request from another."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.digest()
