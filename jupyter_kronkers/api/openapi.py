"""The OpenAPI 3.1 document, made from the route table and its structs.

`python -m jupyter_kronkers.api.openapi` prints it; the front end's types are generated from that.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_kronkers.api import PREFIX
from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.problems import JSON, PROBLEM, Problem
from jupyter_kronkers.release import version

if TYPE_CHECKING:
    from jupyter_kronkers.api.rooms import Rooms
    from jupyter_kronkers.api.routes import Route

Json = dict[str, Any]
REFERENCE = "#/components/schemas/{name}"
IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
IF_MATCH = {"name": "If-Match", "in": "header", "schema": {"type": "string", "pattern": '^"[0-9]{1,18}"$'}}


def show_document(_rooms: Rooms, _call: Call[Nothing, Nothing]) -> Json:
    """This document."""
    return document()


@cache
def document() -> Json:
    """The whole interface, one operation per route."""
    from jupyter_kronkers.api.routes import ROUTES  # the table names `show_document`, so it cannot be imported above

    schemas = Schemas(ROUTES)
    paths: dict[str, Json] = {}
    for route in ROUTES:
        paths.setdefault(route.template.replace("...", ""), {})[route.method.lower()] = operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Kronkers", "version": version()},
        "servers": [{"url": PREFIX}],
        "security": [{"jupyter": []}],
        "paths": paths,
        "components": {"schemas": schemas.components, "securitySchemes": {"jupyter": SECURITY}},
    }


SECURITY = {
    "type": "apiKey",
    "in": "header",
    "name": "Authorization",
    "description": "`token …`, as Jupyter Server takes it; browsers use Jupyter's cookie and X-XSRFToken.",
}


class Schemas:
    """The schema of every body and answer in the table, each told once."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        kinds = [kind for route in routes for kind in (route.body, route.answer) if kind not in (None, Nothing)]
        kinds.append(Problem)
        found, self.components = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
        self._found = {repr(kind): schema for kind, schema in zip(kinds, found, strict=True)}

    def of(self, kind: Any) -> Json:
        return self._found[repr(kind)]


def operation(route: Route, schemas: Schemas) -> Json:
    """One route: what goes in, what comes out, which scope it needs."""
    summary, _, description = (inspect.getdoc(route.operation) or "").partition("\n\n")
    found: Json = {
        "operationId": route.operation.__name__,
        "summary": " ".join(summary.split()),
        "tags": [route.segments[0]],
        "x-scope": route.scope,
        "parameters": [*in_path(route), *in_query(route), *in_headers(route)],
        "responses": responses(route, schemas),
    }
    if description:
        found["description"] = " ".join(description.split())
    if (body := request_body(route, schemas)) is not None:
        found["requestBody"] = body
    return found


def in_path(route: Route) -> list[Json]:
    names = re.findall(r"{(\w+)", route.template)
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}} for name in names
    ]


def in_query(route: Route) -> list[Json]:
    if route.query is Nothing:
        return []
    _, found = msgspec.json.schema_components([route.query])
    fields = found[route.query.__name__]
    required = set(fields.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in fields["properties"].items()
    ]


def in_headers(route: Route) -> list[Json]:
    changes = route.tagged and route.method != "GET" and "{" in route.template
    return [IDEMPOTENCY] * route.repeatable + [IF_MATCH] * changes


def request_body(route: Route, schemas: Schemas) -> Json | None:
    if route.streams:
        return {"required": True, "content": {"application/octet-stream": {"schema": {}}}}
    if route.body is Nothing:
        return None
    required = any(field.required for field in msgspec.structs.fields(route.body))
    return {"required": required, "content": {JSON: {"schema": schemas.of(route.body)}}}


def responses(route: Route, schemas: Schemas) -> Json:
    good: Json = {"description": "Done."}
    if route.answer is not None:
        good["content"] = {JSON: {"schema": schemas.of(route.answer)}}
    problem = {"description": "What is wrong and what to do.", "content": {PROBLEM: {"schema": schemas.of(Problem)}}}
    return {str(route.status): good, "default": problem}


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=2)
    sys.stdout.write("\n")
