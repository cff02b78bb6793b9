"""`make types`: labextension/src/api/types.ts from the OpenAPI document, so that both sides of the wire say the same.

Every schema becomes an interface of the same name. A generic page keeps its item in its name: PageOfModel.
"""

from __future__ import annotations

import json
import re
import subprocess
import textwrap
from collections.abc import Iterable
from typing import Any

from scripts.machine import ROOT, VENV, environment, say

TARGET = ROOT / "labextension/src/api/types.ts"
HEADING = "/** The names of the wire, generated from the OpenAPI document by `make types`. Do not edit. */\n"
WIDTH = 110
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
Schema = dict[str, Any]


def main(words: list[str]) -> int:
    command = [str(VENV / "bin/python"), "-m", "jupyter_kronkers.api.openapi"]
    said = subprocess.run(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, check=True).stdout
    TARGET.write_text(written(json.loads(said)), encoding="utf-8")
    say(f"{TARGET.relative_to(ROOT)} is written")
    return 0


def written(document: Schema) -> str:
    """The whole file."""
    schemas = document["components"]["schemas"]
    return HEADING + "".join(interface(name, schemas[name]) for name in sorted(schemas))


def interface(name: str, schema: Schema) -> str:
    fields = schema.get("properties", {})
    required = set(schema.get("required", ()))
    # What the server answers it always answers whole; only what we send may leave fields out.
    lines = [f"  {field}{'' if field in required else '?'}: {type_of(kind)};\n" for field, kind in fields.items()]
    about = comment(schema.get("description", ""))
    if not lines:
        return f"\n{about}export type {readable(name)} = Record<string, unknown>;\n"
    return f"\n{about}export interface {readable(name)} {{\n{''.join(lines)}}}\n"


def comment(text: str) -> str:
    lines = textwrap.wrap(" ".join(text.split()).replace("*/", "*"), WIDTH)
    if len(lines) <= 1:
        return "".join(f"/** {line} */\n" for line in lines)
    return "/**\n" + "".join(f" * {line}\n" for line in lines) + " */\n"


def readable(name: str) -> str:
    """`Page_Model_` is how a generic struct is called in the document."""
    return re.sub(r"^(\w+?)_(\w+)_$", r"\1Of\2", name)


def type_of(schema: Schema) -> str:
    """A JSON schema as a TypeScript type; what it does not tell is unknown."""
    if "$ref" in schema:
        return readable(schema["$ref"].rpartition("/")[2])
    if "enum" in schema:
        return union(literal(value) for value in schema["enum"])
    if "anyOf" in schema:
        return union(type_of(kind) for kind in schema["anyOf"])
    kinds = schema.get("type", "unknown")
    return union(of_kind(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def of_kind(kind: str, schema: Schema) -> str:
    if kind == "array":
        return f"Array<{type_of(schema.get('items', {}))}>"
    if kind == "object":
        return f"Record<string, {type_of(schema.get('additionalProperties', {}))}>"
    return PLAIN.get(kind, "unknown")


def union(types: Iterable[str]) -> str:
    return " | ".join(dict.fromkeys(types))


def literal(value: object) -> str:
    return json.dumps(value).replace('"', "'")
