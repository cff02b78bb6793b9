"""`python -m jupyter_kronkers.serving.gateway.protocols.reader`: reads bodies that must not be read in the gateway.

Because they are large, or coded, or in a format that needs Arrow: reading those takes time and memory that would be
other callers'. One job at a time on standard input, its result on standard output; it ends when its input does, and
with the gateway. What a body makes of this process costs only that body's caller.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import resource
import signal
import sys
from functools import lru_cache
from typing import BinaryIO

import msgspec

from jupyter_kronkers.access import guard
from jupyter_kronkers.errors import Invalid, KronkersError, TooLarge
from jupyter_kronkers.languages import Signature
from jupyter_kronkers.languages.frames import REQUEST, decode, encode
from jupyter_kronkers.serving.gateway.layouts import Layout
from jupyter_kronkers.serving.gateway.protocols import codings, forms, plain
from jupyter_kronkers.serving.gateway.protocols.jobs import HEAD, Done, Job, Refusal, message
from jupyter_kronkers.serving.gateway.protocols.shape import BATCH, Reads, Writes

log = logging.getLogger(__name__)

NICE = 1
"""As hosts: the gateway comes first, which answers the small ones meanwhile."""

YOUNG = 1
"""What this job and the one before left behind. A look at everything that was ever imported took 8 ms (measured)."""

MEMORY_BYTES = 1 << 30
OPEN_FILES = 64
_PR_SET_PDEATHSIG = 1


def main() -> int:
    parent = int(sys.argv[1])
    fence(parent)
    guard.lock_process()
    requests, answers = private_pipes()
    # Rows are very many small objects and no circles: looking for those took half of the time (measured).
    gc.disable()
    gc.freeze()
    while (job := receive(requests)) is not None:
        result, body, rest = done(*job)
        for piece in message(result, body):
            answers.write(piece)
        answers.flush()
        del job, result, body, piece, rest
        gc.collect(YOUNG)
    return 0


def fence(parent: int) -> None:
    """End with the gateway, take no more than is allowed, and be the first to go when the machine runs out of it."""
    os.nice(NICE)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as score:
            score.write("800")
    if os.getppid() != parent:
        sys.exit(1)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the gateway, out of reach of whatever prints."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return requests, answers


def receive(requests: BinaryIO) -> tuple[Job, bytes] | None:
    """The next job and its body; None at the end."""
    lengths = requests.read(HEAD.size)
    if len(lengths) < HEAD.size:
        return None
    head, body = HEAD.unpack(lengths)
    job = msgspec.msgpack.decode(requests.read(head), type=Job)
    return job, requests.read(body)


def done(job: Job, body: bytes) -> tuple[Done, bytes, object]:
    """What came of it, never an exception; and what there is to clear away when that is on its way."""
    try:
        return write(job, body) if job.write else read(job, body)
    except KronkersError as problem:
        return Done(refused=Refusal.of(problem)), b"", None
    except MemoryError:
        large = TooLarge("The unpacked body", len(body), MEMORY_BYTES, remedy=BATCH)
        return Done(refused=Refusal.of(large)), b"", None
    except Exception as problem:  # a door: whatever a body can provoke is told to its caller
        log.exception("a body of form %s, %d bytes", job.form, len(body))
        words = f"The body cannot be read: {type(problem).__name__}."
        return Done(refused=Refusal.of(Invalid(message=words, code="malformed"))), b"", None


def read(job: Job, body: bytes) -> tuple[Done, bytes, object]:
    if job.coding:
        body = codings.decoded(body, job.coding, job.largest)
    if job.form == forms.JSON and (table := plain.read(layout(job.signature), body, job.rows)) is not None:
        return Done(len(table.rows)), table.layout.frame(0, table.rows), table
    columns, rows, reply = reads(job.form)(signature(job.signature), body, job.rows, job.json_bytes)
    return Done(rows, reply), encode(REQUEST, 0, columns, rows if not columns else None), columns


def write(job: Job, body: bytes) -> tuple[Done, bytes, object]:
    columns = decode(memoryview(body)[4:]).columns
    written = writes(job.form)(signature(job.signature), columns, job.reply, job.about)
    answer, headers = written.body, written.headers
    if job.gzip:
        answer, headers = codings.compressed(answer), headers + codings.HEADER
    return Done(0, job.reply, written.content_type, headers), answer, columns


@lru_cache(64)
def layout(text: bytes) -> Layout | None:
    return Layout.of(signature(text))


@lru_cache(64)
def signature(text: bytes) -> Signature:
    return Signature.from_json(text)


def reads(form: str) -> Reads:
    if form in forms.READS:
        return forms.READS[form]
    from jupyter_kronkers.serving.gateway.protocols import arrow

    ways: dict[str, Reads] = {
        forms.ARROW: arrow.read_stream,
        forms.ARROW_FILE: arrow.read_file,
        forms.PARQUET: arrow.read_parquet,
    }
    return ways[form]


def writes(form: str) -> Writes:
    if form in forms.WRITES:
        return forms.WRITES[form]
    from jupyter_kronkers.serving.gateway.protocols import arrow

    return arrow.write_stream


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s reader %(levelname)s %(message)s")
    sys.exit(main())
