"""Answers: what the gateway sends back, errors in words included.

Errors are RFC 9457 problem documents; beside them stand `error_code` and `message` because MLflow's clients read those,
and `error` because those of the Open Inference Protocol do.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

import msgspec

from jupyter_kronkers import errors

JSON = b"application/json"
PROBLEM = b"application/problem+json"
TEXT = b"text/plain; charset=utf-8"


class Answer(NamedTuple):
    """One HTTP answer. `headers` are whole lines, each ending in CRLF; `close` ends the connection after it."""

    status: int
    body: bytes
    content_type: bytes = JSON
    headers: bytes = b""
    close: bool = False


class Kind(NamedTuple):
    """How one class of errors looks on the wire."""

    status: int
    mlflow: str


KINDS: tuple[tuple[type[errors.KronkersError], Kind], ...] = (
    (errors.TooLarge, Kind(413, "INVALID_PARAMETER_VALUE")),
    (errors.Invalid, Kind(422, "INVALID_PARAMETER_VALUE")),
    (errors.NotFound, Kind(404, "RESOURCE_DOES_NOT_EXIST")),
    (errors.Unauthenticated, Kind(401, "UNAUTHENTICATED")),
    (errors.Denied, Kind(403, "PERMISSION_DENIED")),
    (errors.Conflict, Kind(409, "RESOURCE_CONFLICT")),
    (errors.MissingLanguage, Kind(503, "TEMPORARILY_UNAVAILABLE")),
    (errors.ModelFailed, Kind(502, "INTERNAL_ERROR")),
    (errors.TimedOut, Kind(504, "DEADLINE_EXCEEDED")),
    (errors.Exhausted, Kind(429, "REQUEST_LIMIT_EXCEEDED")),
    (errors.Unavailable, Kind(503, "TEMPORARILY_UNAVAILABLE")),
    (errors.KronkersError, Kind(500, "INTERNAL_ERROR")),
)
"""The first class that fits decides, so a subclass stands before its base."""

BAD_SYNTAX = frozenset({"malformed", "duplicate_key", "too_deep", "bad_request", "unreadable"})
"""Codes of Invalid that mean: this cannot be read at all (400), rather than: this does not fit the signature (422)."""


class Problem(msgspec.Struct, omit_defaults=True):
    status: int
    title: str
    detail: str
    code: str
    error_code: str
    message: str
    error: str
    type: str = "about:blank"
    remedy: str = ""
    faults: list[dict[str, str]] = []
    model_error: dict[str, str] = {}


def refusal(problem: errors.KronkersError) -> Answer:
    """The answer that tells a caller what went wrong and what to do."""
    kind = next(kind for cls, kind in KINDS if isinstance(problem, cls))
    status = 400 if problem.code in BAD_SYNTAX else kind.status
    body = Problem(
        status=status,
        title=HTTPStatus(status).phrase,
        detail=problem.message,
        code=problem.code,
        error_code="BAD_REQUEST" if status == 400 else kind.mlflow,
        message=str(problem),
        error=str(problem),
        remedy=problem.remedy,
        faults=[{"field": f.field, "problem": f.problem} for f in getattr(problem, "faults", ())],
        model_error=of_the_model(problem),
    )
    return Answer(status, msgspec.json.encode(body), PROBLEM, extra_headers(problem))


def of_the_model(problem: errors.KronkersError) -> dict[str, str]:
    if not isinstance(problem, errors.ModelFailed):
        return {}
    return {"class": problem.class_, "language": problem.language}


def extra_headers(problem: errors.KronkersError) -> bytes:
    if isinstance(problem, errors.Unauthenticated):
        return b'WWW-Authenticate: Bearer realm="kronkers"\r\n'
    after = getattr(problem, "retry_after_s", None)
    return b"" if after is None else b"Retry-After: %d\r\n" % max(1, round(after))


def refusal_of_http(status: int, detail: str, *, code: str = "", headers: bytes = b"", close: bool = False) -> Answer:
    """The answer to a request that HTTP itself refuses: a wrong method, a head that is too long, a late body."""
    phrase = HTTPStatus(status).phrase
    code = code or phrase.lower().replace(" ", "_").replace("-", "_")
    body = Problem(status, phrase, detail, code, error_code="BAD_REQUEST", message=detail, error=detail)
    return Answer(status, msgspec.json.encode(body), PROBLEM, headers, close)
