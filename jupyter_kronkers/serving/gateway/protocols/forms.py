"""The table of forms: what a Content-Type, an Accept and an address mean. One more is a file and its lines here.

Arrow's forms are read and written in a reader process; here they are names only.
"""

from __future__ import annotations

from typing import NamedTuple

from jupyter_kronkers.serving.gateway.protocols import inference, scoring
from jupyter_kronkers.serving.gateway.protocols.shape import Reads, Writes

JSON, CSV, TENSORS = "json", "csv", "tensors"
ARROW, ARROW_FILE, PARQUET = "arrow", "arrow file", "parquet"

CONTENT_TYPES = {
    "application/json": JSON,
    "text/csv": CSV,
    "application/vnd.apache.arrow.stream": ARROW,
    "application/vnd.apache.arrow.file": ARROW_FILE,
    "application/vnd.apache.parquet": PARQUET,
    "application/x-parquet": PARQUET,
}
TEXTS = frozenset({JSON, CSV})

ACCEPTED = {
    "application/json": JSON,
    "application/*": JSON,
    "*/*": JSON,
    "text/csv": CSV,
    "application/vnd.apache.arrow.stream": ARROW,
}

READS: dict[str, Reads] = {JSON: scoring.read_json, CSV: scoring.read_csv, TENSORS: inference.read}
WRITES: dict[str, Writes] = {JSON: scoring.write_json, CSV: scoring.write_csv, TENSORS: inference.write}

EMPTY = b'{"predictions":[]}'


class MediaType(NamedTuple):
    name: str
    parameters: dict[str, str]

    @classmethod
    def of(cls, header: bytes) -> MediaType:
        name, *rest = header.decode("latin-1").lower().split(";")
        pairs = (part.partition("=") for part in rest)
        return cls(name.strip(), {key.strip(): value.strip(' "') for key, _, value in pairs if key.strip()})


def form_of(header: bytes) -> str | None:
    """The form of a body with this Content-Type; None if it is none of ours, or not in UTF-8."""
    kind = MediaType.of(header)
    form = CONTENT_TYPES.get(kind.name)
    if form in TEXTS and kind.parameters.get("charset", "utf-8") not in ("utf-8", "utf8", "us-ascii"):
        return None
    return form


def form_of_tensors(header: bytes | None, json_bytes: int | None) -> str | None:
    """The same for the Open Inference Protocol: one kind of body, with which Triton's clients send no type at all."""
    if header is None:
        return TENSORS
    binary = MediaType.of(header).name == "application/octet-stream" and json_bytes is not None
    return TENSORS if binary or form_of(header) == JSON else None


def accepted(header: bytes | None) -> str:
    """The form of the answer that Accept prefers among ours; JSON if it names none of them."""
    if header is None:
        return JSON
    best, found = 0.0, JSON
    for part in header.split(b","):
        kind = MediaType.of(part)
        weight = quality(kind.parameters.get("q", "1"))
        if kind.name in ACCEPTED and weight > best:
            best, found = weight, ACCEPTED[kind.name]
    return found


def quality(text: str) -> float:
    try:
        return min(1.0, float(text))
    except ValueError:
        return 0.0
