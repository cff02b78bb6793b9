"""From text to the structs of a route, naming every field that does not fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec

from jupyter_kronkers.api.exchange import Request
from jupyter_kronkers.api.problems import JSON, Refusal
from jupyter_kronkers.errors import Fault, Invalid, TooLarge

LARGEST_BODY = 1 << 20
S = TypeVar("S", bound=msgspec.Struct)


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No query and no body."""


def body_of(request: Request, kind: type[S]) -> S:
    """The body as the route's struct. No body is the same as `{}`.

    Raises Invalid with every fault, TooLarge, or Refusal (400 for what is no JSON, 415 for what does not claim to be).
    """
    if len(request.body) > LARGEST_BODY:
        raise TooLarge("The body", len(request.body), LARGEST_BODY)
    if request.body and media_type(request) != JSON:
        raise Refusal(415, "unsupported_media_type", f"Send {JSON}.", Accept=JSON)
    return convert(parsed(request.body or b"{}"), kind, strict=True)


def media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def parsed(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except msgspec.ValidationError as problem:
        raise Invalid(Fault("$", str(problem))) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
        raise Refusal(400, "malformed", f"The body is not JSON: {problem}") from None


def query_of(request: Request, kind: type[S]) -> S:
    """The query as the route's struct. What Jupyter adds to any address (token, time against caches) is not ours."""
    pairs = parse_qsl(request.query, keep_blank_values=True)
    found: dict[str, object] = {}
    for name, value in pairs:
        if name.isdigit() or name in {"token", "_xsrf"}:
            continue
        if name in found:
            raise Invalid(Fault(name, "is given twice"))
        found[name] = value
    return convert(found, kind, strict=False)


def convert(value: object, kind: type[S], *, strict: bool) -> S:
    """The value as a struct, checked field by field so that every fault is named and not only the first."""
    if not isinstance(value, dict):
        raise Invalid(Fault("$", "must be an object"))
    faults = list(faults_in(value, kind, strict=strict))
    if faults:
        raise Invalid(*faults)
    return msgspec.convert(value, kind, strict=strict)


def faults_in(value: Mapping[str, object], kind: type[S], *, strict: bool) -> list[Fault]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    unknown = [Fault(str(name), "is not a field of this request") for name in value if name not in fields]
    missing = [Fault(name, "is missing") for name, field in fields.items() if field.required and name not in value]
    wrong = [
        fault for name in fields if name in value for fault in fault_of(name, value[name], fields[name].type, strict)
    ]
    return unknown + missing + wrong


def fault_of(name: str, value: object, kind: Any, strict: bool) -> list[Fault]:
    try:
        msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as problem:
        words, _, place = str(problem).partition(" - at `$")
        return [Fault(name + place.rstrip("`"), words[:1].lower() + words[1:])]
    return []


def decoded(segment: str) -> str:
    """One segment of a path, percent-decoded once. Raises Refusal (400) if the bytes are not UTF-8."""
    try:
        return unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(400, "malformed", "The path is not UTF-8.") from None


def revision_of(request: Request) -> int | None:
    """The revision in If-Match, or None. Raises Invalid for a tag that we never gave."""
    tag = request.headers.get("if-match")
    if tag is None or tag.strip() == "*":
        return None
    found = re.fullmatch(r'\s*(?:W/)?"(\d{1,18})"\s*', tag)
    if not found:
        raise Invalid(Fault("If-Match", 'must be one ETag as it was given, such as "3"'))
    return int(found[1])
