"""What is asked and what is answered, without a web server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from jupyter_kronkers.access import Principal

Q = TypeVar("Q")
B = TypeVar("B")


class Readable(Protocol):
    """A body that is read piece by piece, so that a large one never lies in memory."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; b"" at the end. Raises ConnectionError if the sender went away before."""


@dataclass(frozen=True)
class Request:
    """One question of one principal.

    path: below the interface's prefix, still percent-encoded, such as `/models/churn`; query: without `?`.
    headers: names in lower case. stream: the body of a route that takes one, instead of `body`.
    """

    method: str
    path: str
    who: Principal
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    stream: Readable | None = None


@dataclass(frozen=True)
class Response:
    """Its answer. `body` is JSON unless `headers` say otherwise."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Whoever answers requests: the dispatcher in this process, or the owner of the data folder over HTTP."""

    def answer(self, request: Request) -> Response:
        """The answer; an error is an answer too. Blocks. Raises ConnectionError if nobody is there."""


@dataclass(frozen=True)
class Call(Generic[Q, B]):
    """A request after decoding, as an operation gets it.

    path: the names in the template, decoded once. revision: the number in If-Match, or None.
    """

    who: Principal
    path: Mapping[str, str]
    query: Q
    body: B
    revision: int | None = None
    stream: Readable | None = None
