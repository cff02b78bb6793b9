"""The shape of a protocol: it reads a body into columns and writes columns into a body. One file each.

    body ──read──▶ Read(columns, rows, reply) ──model──▶ columns ──write──▶ Written(body, content type, headers)

What a request says about its answer travels from `read` to `write` as a Reply.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from jupyter_kronkers.errors import TooLarge
from jupyter_kronkers.languages import Signature
from jupyter_kronkers.languages.frames import Column

BATCH = "Send fewer rows at once, or predict them in a batch job."


class Wanted(msgspec.Struct, frozen=True, array_like=True):
    """One output that a request names, and whether its values shall follow as bytes."""

    name: str
    binary: bool


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """What a request wants of its answer: its own id back, only some outputs, all of them as bytes."""

    id: str = ""
    outputs: tuple[Wanted, ...] = ()
    binary: bool = False


class About(msgspec.Struct, frozen=True, array_like=True):
    """What an answer says of itself: the deployment, the version's number and the prediction's id."""

    deployment: str = ""
    number: int = 0
    id: str = ""


class Read(NamedTuple):
    columns: Sequence[Column]
    rows: int
    reply: Reply = Reply()


class Written(NamedTuple):
    """`headers` are whole lines, each ending in CRLF."""

    body: bytes
    content_type: bytes
    headers: bytes = b""


Reads = Callable[[Signature, bytes, int, int | None], Read]
"""(signature, body, most rows, bytes of JSON before binary data) → what it asks. Raises Invalid with every fault."""

Writes = Callable[[Signature, Sequence[Column], Reply, About], Written]
"""Raises ModelFailed (`bad_model_output`) for numbers that the protocol cannot carry."""


def check_rows(rows: int, most_rows: int) -> None:
    """Raises TooLarge, naming the limit and the way out."""
    if rows > most_rows:
        raise TooLarge("The number of rows", rows, most_rows, remedy=BATCH)
