"""What can go wrong, in words for the person who must act on it.

    KronkersError
    ├── NotFound            no such model, version, deployment, upload …
    ├── Denied              the principal lacks a scope
    ├── Unauthenticated     no principal, or a token that is unknown, expired or revoked
    ├── Invalid             the request does not fit; names every fault
    │   └── TooLarge        it would fit if it were smaller
    ├── Conflict            it cannot be done as things stand
    │   ├── Stale           someone else changed it first
    │   └── Tampered        stored bytes are not those that were signed
    ├── MissingLanguage     R, Julia or a package is not installed
    ├── ModelFailed         the model raised, or its host died
    │   ├── HostFailed      a host could not start
    │   └── HostDied        a host ended while someone waited for it
    ├── TimedOut            the time allowed was used up
    ├── Exhausted           too many requests of this caller
    └── Unavailable         not now; try again

Each class builds its message from values and says what to do. None knows of HTTP: `api` holds the one table.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "Conflict",
    "Denied",
    "Exhausted",
    "Fault",
    "HostDied",
    "HostFailed",
    "Invalid",
    "KronkersError",
    "MissingLanguage",
    "ModelFailed",
    "NotFound",
    "Stale",
    "Tampered",
    "TimedOut",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
]

LONGEST_MESSAGE = 4_000
"""Characters; a message never grows with the input that caused it."""


class KronkersError(Exception):
    """Base of all. `code` is a stable snake_case word for programs; `remedy` says what to do, or is empty."""

    code = "error"

    def __init__(self, message: str, *, remedy: str = "", code: str | None = None) -> None:
        self.message = shorten(message)
        self.remedy = shorten(remedy)
        if code is not None:
            self.code = code
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class NotFound(KronkersError):
    code = "not_found"

    def __init__(self, noun: str, name: object, *, remedy: str = "") -> None:
        super().__init__(f"There is no {noun} {quoted(name)}.", remedy=remedy)


class Unauthenticated(KronkersError):
    code = "unauthenticated"

    def __init__(self, message: str = "This needs a token.", *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy or "Send a valid one in the header Authorization: Bearer …")


class Denied(KronkersError):
    code = "denied"

    def __init__(self, who: str, scope: str, *, remedy: str = "") -> None:
        self.scope = scope
        super().__init__(f"{who} lacks the scope {scope}.", remedy=remedy or "Ask an administrator for it.")


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where (`field`, a path such as `columns.hr[3]`) and what."""

    field: str
    problem: str


class Invalid(KronkersError):
    """The request does not fit. `faults` lists every field at fault, at most 100 of them."""

    code = "invalid"

    def __init__(self, *faults: Fault, message: str = "", remedy: str = "", code: str | None = None) -> None:
        self.faults = tuple(Fault(shorten(f.field, 200), shorten(f.problem, 500)) for f in faults[:100])
        listed = "; ".join(f"{fault.field}: {fault.problem}" for fault in self.faults[:10])
        more = f"; and {len(faults) - 10} more" if len(faults) > 10 else ""
        super().__init__(message or f"{listed}{more}.", remedy=remedy, code=code)


class TooLarge(Invalid):
    code = "too_large"

    def __init__(self, what: str, size: int, limit: int, *, remedy: str = "") -> None:
        super().__init__(message=f"{what} is too large: {size:,}, the limit is {limit:,}.", remedy=remedy)


class Conflict(KronkersError):
    code = "conflict"


class Stale(Conflict):
    code = "stale"

    def __init__(self, noun: str, name: object) -> None:
        super().__init__(
            f"The {noun} {quoted(name)} was changed by someone else.", remedy="Read it again, then repeat."
        )


class Tampered(Conflict):
    code = "artifact_tampered"

    def __init__(self, what: str, problem: str) -> None:
        super().__init__(
            f"{what} is not what was signed: {problem}. It was not loaded.",
            remedy="Restore the file from a backup, or register the model again.",
        )


class MissingLanguage(KronkersError):
    code = "missing_language"

    def __init__(self, language: str, *, remedy: str) -> None:
        self.language = language
        super().__init__(f"{language} is not installed on this machine.", remedy=remedy)


class ModelFailed(KronkersError):
    """A model raised an error. `class_` and `language` are those of the error in the model's own language."""

    code = "model_failed"

    def __init__(self, class_: str, message: str, language: str, *, remedy: str = "") -> None:
        self.class_ = class_
        self.language = language
        super().__init__(f"{class_}: {message}", remedy=remedy)


class HostFailed(ModelFailed):
    code = "host_failed"


class HostDied(ModelFailed):
    """`killed`: by SIGKILL, which says nothing of what it was asked. `asked`: somebody waited for its answer."""

    code = "host_died"
    killed = asked = False


class TimedOut(KronkersError):
    code = "timed_out"

    def __init__(self, what: str, limit_s: float, *, remedy: str = "") -> None:
        super().__init__(f"{what} took longer than {limit_s:g} s and was stopped.", remedy=remedy)


class Exhausted(KronkersError):
    code = "exhausted"

    def __init__(self, message: str, *, retry_after_s: float, remedy: str = "") -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message, remedy=remedy)


class Unavailable(KronkersError):
    code = "unavailable"

    def __init__(self, message: str, *, retry_after_s: float = 1.0, remedy: str = "") -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message, remedy=remedy)


def shorten(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """The text, cut in its middle if longer than `longest` characters."""
    if len(text) <= longest:
        return text
    half = (longest - 5) // 2
    return f"{text[:half]} … {text[-half:]}"


def quoted(name: object) -> str:
    """A name for a message: on one line, printable, short."""
    return shorten(repr(str(name)), 120)
