"""Errors as RFC 9457 bodies, and back.

One table says which status an error of the house has; what is not in it is a 500 with an incident id and no
internals. Bodies carry Jupyter's `message` key too, so that its own front end shows them.
"""

from __future__ import annotations

import logging
import math
import secrets
from http import HTTPStatus
from typing import Annotated

import msgspec

from jupyter_kronkers import errors
from jupyter_kronkers.api.exchange import Response

log = logging.getLogger(__name__)

STATUS: tuple[tuple[type[errors.KronkersError], int], ...] = (
    (errors.NotFound, 404),
    (errors.Unauthenticated, 401),
    (errors.Denied, 403),
    (errors.TooLarge, 413),
    (errors.Invalid, 422),
    (errors.Stale, 412),
    (errors.Conflict, 409),
    (errors.MissingLanguage, 424),
    (errors.ModelFailed, 502),
    (errors.TimedOut, 504),
    (errors.Exhausted, 429),
    (errors.Unavailable, 503),
)
"""The first row that fits holds: smaller kinds stand before larger ones."""

JSON = "application/json"
PROBLEM = "application/problem+json"


class FaultFound(msgspec.Struct, frozen=True):
    field: str
    problem: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, rename={"class_": "class"}):
    """What went wrong. `code` is a stable word for programs, `remedy` says what to do."""

    status: int
    code: str
    message: Annotated[str, msgspec.Meta(description="The same as detail, under the name Jupyter reads.")]
    detail: str
    type: str = "about:blank"
    title: str = ""
    remedy: str = ""
    faults: list[FaultFound] = []
    scope: str = ""
    class_: str = ""
    language: str = ""
    retry_after_s: float | None = None
    incident: str = ""


class Refusal(Exception):
    """A request that is wrong as HTTP: no such route, method or media type. Never leaves this package."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class PassedOn(Exception):
    """A refusal that someone else worded; it is told as it was. Never leaves this package."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def response_to(error: Exception) -> Response:
    """The answer that tells an error: of the house, of HTTP, or unforeseen (logged once, with its incident id)."""
    if isinstance(error, errors.KronkersError):
        return told(problem_of(error))
    if isinstance(error, PassedOn):
        return told(error.problem)
    if isinstance(error, Refusal):
        return told(plain(error.status, error.code, error.message), error.headers)
    incident = secrets.token_hex(6)
    log.error("Incident %s", incident, exc_info=error)
    return told(unforeseen(incident))


def problem_of(error: errors.KronkersError) -> Problem:
    status = status_of(error)
    return Problem(
        status=status,
        code=error.code,
        title=HTTPStatus(status).phrase,
        message=error.message,
        detail=error.message,
        remedy=error.remedy,
        faults=[FaultFound(fault.field, fault.problem) for fault in getattr(error, "faults", ())],
        scope=getattr(error, "scope", ""),
        class_=getattr(error, "class_", ""),
        language=getattr(error, "language", ""),
        retry_after_s=getattr(error, "retry_after_s", None),
    )


def status_of(error: errors.KronkersError) -> int:
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def plain(status: int, code: str, message: str) -> Problem:
    return Problem(status=status, code=code, title=HTTPStatus(status).phrase, message=message, detail=message)


def unforeseen(incident: str) -> Problem:
    message = f"Something failed that should not. The log of the server tells more under {incident}."
    return Problem(500, "internal", message, message, title=HTTPStatus(500).phrase, incident=incident)


def told(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    found = {"Content-Type": PROBLEM, **(headers or {})}
    if problem.retry_after_s is not None:
        found["Retry-After"] = str(math.ceil(problem.retry_after_s))
    return Response(problem.status, found, msgspec.json.encode(problem))


def error_of(response: Response) -> errors.KronkersError:
    """The error that a problem body tells, with its own class, for a caller in another process.

    What is no problem body of ours (a proxy's page, say) becomes Unavailable.
    """
    try:
        problem = msgspec.json.decode(response.body, type=Problem)
    except msgspec.MsgspecError:
        return errors.Unavailable(f"The server answered {response.status} without saying why.")
    kind = kind_of(problem)
    error = kind.__new__(kind)
    errors.KronkersError.__init__(error, problem.message, remedy=problem.remedy, code=finer_code(problem, kind))
    error.__dict__.update(extras_of(problem, kind))
    return error


def finer_code(problem: Problem, kind: type[errors.KronkersError]) -> str | None:
    return None if problem.code == kind.code else problem.code


def kind_of(problem: Problem) -> type[errors.KronkersError]:
    """By code where a class has it for its own, else by status; codes may be finer than classes."""
    named = {
        kind.code: kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.KronkersError)
    }
    by_status = {status: kind for kind, status in STATUS}
    return named.get(problem.code) or by_status.get(problem.status, errors.KronkersError)


def extras_of(problem: Problem, kind: type[errors.KronkersError]) -> dict[str, object]:
    found: dict[str, object] = {}
    if issubclass(kind, errors.Invalid):
        found["faults"] = tuple(errors.Fault(fault.field, fault.problem) for fault in problem.faults)
    if issubclass(kind, errors.Denied):
        found["scope"] = problem.scope
    if issubclass(kind, errors.ModelFailed | errors.MissingLanguage):
        found["language"] = problem.language
    if issubclass(kind, errors.ModelFailed):
        found["class_"] = problem.class_
    if issubclass(kind, errors.Exhausted | errors.Unavailable):
        found["retry_after_s"] = problem.retry_after_s or 1.0
    return found
