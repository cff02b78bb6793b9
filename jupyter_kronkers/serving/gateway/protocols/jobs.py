"""Jobs: what the gateway asks of a reader process, and how both lie in the pipes.

    message = u32 length of head | u64 length of body | head, msgpack | body

A job's body is a request's body, or a frame of answers; the reply's body is a frame of columns, or an answer's body.
"""

from __future__ import annotations

import struct

import msgspec

from jupyter_kronkers.errors import Fault, Invalid, KronkersError, ModelFailed, TooLarge
from jupyter_kronkers.serving.gateway.protocols.shape import About, Reply

HEAD = struct.Struct("<IQ")


class Job(msgspec.Struct, frozen=True, array_like=True):
    """`write` is whether answers are to be written; else a body is to be read.

    form: one of `forms`. signature: as JSON. rows: the most there may be. coding: the body's, "" for none.
    largest: bytes that it may have without its coding. gzip: whether the answer shall have that coding.
    """

    form: str
    signature: bytes
    write: bool = False
    rows: int = 0
    coding: str = ""
    largest: int = 0
    json_bytes: int | None = None
    reply: Reply = Reply()
    about: About = About()
    gzip: bool = False


class Refusal(msgspec.Struct, frozen=True, array_like=True):
    """An error on its way from the reader to the caller."""

    kind: str
    message: str
    code: str
    remedy: str
    faults: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, problem: KronkersError) -> Refusal:
        faults = tuple((fault.field, fault.problem) for fault in getattr(problem, "faults", ()))
        kind = next(name for name, known in KINDS.items() if isinstance(problem, known))
        return cls(kind, problem.message, problem.code, problem.remedy, faults)

    def error(self) -> KronkersError:
        known = KINDS[self.kind]
        problem = known.__new__(known)
        if isinstance(problem, Invalid):
            faults = [Fault(*fault) for fault in self.faults]
            Invalid.__init__(problem, *faults, message=self.message, remedy=self.remedy, code=self.code)
        else:
            KronkersError.__init__(problem, self.message, remedy=self.remedy, code=self.code)
        if isinstance(problem, ModelFailed):
            problem.class_, problem.language = "BadOutput", ""
        return problem


KINDS: dict[str, type[KronkersError]] = {
    "too large": TooLarge,
    "invalid": Invalid,
    "model": ModelFailed,
    "other": KronkersError,
}


class Done(msgspec.Struct, frozen=True, array_like=True):
    rows: int = 0
    reply: Reply = Reply()
    content_type: bytes = b""
    headers: bytes = b""
    refused: Refusal | None = None


def message(head: Job | Done, body: bytes) -> list[bytes]:
    """The pieces to be written."""
    text = msgspec.msgpack.encode(head)
    return [HEAD.pack(len(text), len(body)) + text, body]
