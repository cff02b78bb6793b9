"""OpenAPI 3.1 of one deployment, from its signature: what programs and their makers need to call it rightly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from jupyter_kronkers.languages import Field
from jupyter_kronkers.serving.gateway.pages.describing import WORDS, Facts
from jupyter_kronkers.serving.gateway.protocols import forms, tensors

Schema = dict[str, Any]

KINDS: dict[str, Schema] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer", "format": "int32", "minimum": -(1 << 31), "maximum": (1 << 31) - 1},
    "long": {"type": "integer", "format": "int64"},
    "float": {"type": "number", "format": "double"},
    "double": {"type": "number", "format": "double"},
    "string": {"type": "string"},
    "datetime": {"type": "string", "examples": ["2026-01-31", "2026-01-31T12:00:00Z"]},
}
BINARY: Schema = {"schema": {"type": "string", "format": "binary"}}
REFUSALS = {
    "400": "The body cannot be read.",
    "401": "There is no valid token.",
    "403": "The token does not open this deployment.",
    "413": "Too many rows or bytes.",
    "415": "The body's type or coding is not known here.",
    "422": "The body does not fit the signature; `faults` names every field.",
    "429": "Too many requests of this caller.",
    "502": "The model failed.",
    "503": "Not now; Retry-After says when.",
    "504": "It took too long.",
}


def document(facts: Facts) -> bytes:
    """The document as JSON."""
    name = facts.deployment
    head = {
        "title": name,
        "version": str(facts.number),
        "description": f"{facts.model} {facts.number}, {facts.language}.",
    }
    paths = {
        f"/{name}/invocations": {"post": invocations(facts)},
        f"/v2/models/{name}/infer": {"post": inference(facts)},
        f"/v2/models/{name}": {"get": told("What it takes and gives, in the Open Inference Protocol.")},
        f"/{name}/ping": {"get": told("Is it ready?")},
        f"/{name}/version": {"get": told("Which version answers?")},
    }
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": head,
            "servers": [{"url": "../"}],
            "security": [{"token": []}, {"password": []}],
            "paths": paths,
            "components": {"schemas": schemas(facts), "securitySchemes": SECURITY},
        }
    )


SECURITY = {
    "token": {"type": "http", "scheme": "bearer"},
    "password": {"type": "http", "scheme": "basic", "description": "Any user name, and the token as the password."},
}


# Requests


def invocations(facts: Facts) -> Schema:
    example = {"dataframe_records": [facts.row]}
    content: Schema = {kind: BINARY for kind in forms.CONTENT_TYPES if kind not in ("application/json", "text/csv")}
    content["application/json"] = {"schema": ref("Rows"), "example": example}
    content["text/csv"] = {"schema": {"type": "string"}}
    answer: Schema = {"application/json": {"schema": ref("Predictions")}, "text/csv": {"schema": {"type": "string"}}}
    answer["application/vnd.apache.arrow.stream"] = BINARY
    operation = asked("Predict rows.", content, answer)
    return operation | {"parameters": PARAMETERS}


def inference(facts: Facts) -> Schema:
    content: Schema = {"application/json": {"schema": ref("InferenceRequest"), "example": tensors_of(facts)}}
    content["application/octet-stream"] = BINARY
    answer: Schema = {"application/json": {"schema": {"type": "object"}}, "application/octet-stream": BINARY}
    operation = asked("Predict tensors (Open Inference Protocol V2).", content, answer)
    return operation | {"parameters": [*PARAMETERS, JSON_BYTES]}


def asked(summary: str, content: Schema, answer: Schema) -> Schema:
    responses: Schema = {"200": {"description": "The predictions.", "content": answer}}
    problem = {"application/problem+json": {"schema": ref("Problem")}}
    responses |= {status: {"description": words, "content": problem} for status, words in REFUSALS.items()}
    return {"summary": summary, "requestBody": {"required": True, "content": content}, "responses": responses}


def told(summary: str) -> Schema:
    return {"summary": summary, "responses": {"200": {"description": "So it is."}}}


def header(name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": "header", "schema": schema, "description": description}


PARAMETERS = [
    header("X-Kronkers-Timeout-Ms", {"type": "integer", "minimum": 1}, "How long you wait; then the answer is 504."),
    header("Idempotency-Key", {"type": "string", "maxLength": 255}, "The same key and body: the same answer again."),
    header("X-Kronkers-Use", {"type": "string", "enum": ["stable", "canary"]}, "Which version you mean."),
]
JSON_BYTES = header(
    "Inference-Header-Content-Length",
    {"type": "integer", "minimum": 0},
    "The length of the JSON, if the tensors' elements follow it as bytes.",
)


# Schemas


def schemas(facts: Facts) -> Schema:
    forms_of_rows = ["dataframe_split", "dataframe_records", "inputs", "instances"]
    return {
        "Row": record(facts.inputs),
        "Rows": {
            "type": "object",
            "description": "Exactly one of the four forms of MLflow.",
            "oneOf": [{"required": [form]} for form in forms_of_rows],
            "properties": {
                "dataframe_records": rows_of(ref("Row")),
                "dataframe_split": SPLIT,
                "inputs": {"description": "Records, rows in the signature's order, or columns by name."},
                "instances": {"type": "array", "description": "Records, or rows in the signature's order."},
                "params": {"type": ["object", "null"], "maxProperties": 0},
            },
            "additionalProperties": False,
        },
        "Predictions": predictions(facts.outputs),
        "InferenceRequest": {
            "type": "object",
            "required": ["inputs"],
            "properties": {"id": {"type": "string"}, "inputs": rows_of({"type": "object"})},
        },
        "Problem": PROBLEM,
    }


SPLIT: Schema = {
    "type": "object",
    "required": ["columns", "data"],
    "properties": {
        "columns": {"type": "array", "items": {"type": "string"}},
        "data": {"type": "array", "items": {"type": "array"}},
        "index": {"type": ["array", "null"]},
    },
}
PROBLEM: Schema = {
    "type": "object",
    "properties": {
        **{name: {"type": "string"} for name in ("title", "detail", "code", "remedy", "message", "error")},
        "status": {"type": "integer"},
        "faults": {
            "type": "array",
            "items": {"type": "object", "properties": {"field": {"type": "string"}, "problem": {"type": "string"}}},
        },
    },
}


def predictions(outputs: Sequence[Field]) -> Schema:
    one = field_schema(outputs[0]) if len(outputs) == 1 else record(outputs)
    return {"type": "object", "required": ["predictions"], "properties": {"predictions": rows_of(one)}}


def record(fields: Sequence[Field]) -> Schema:
    required = [field.name for field in fields if not field.missing]
    return {"type": "object", "required": required, "properties": {field.name: field_schema(field) for field in fields}}


def field_schema(field: Field) -> Schema:
    schema = KINDS[field.type] | {"description": WORDS[field.type]}
    if field.levels:
        schema["enum"] = [*field.levels, None] if field.missing else list(field.levels)
    if field.missing:
        schema["type"] = [schema["type"], "null"]
    return schema


def rows_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def tensors_of(facts: Facts) -> Schema:
    """The example row as tensors."""
    inputs = [
        {"name": one.name, "shape": [1], "datatype": tensors.of_input(one), "data": [facts.row[one.name]]}
        for one in facts.inputs
    ]
    return {"inputs": inputs}
