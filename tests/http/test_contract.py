"""The interface against its own document: whatever is sent, the answer is one that the document knows.

faults: 1, 2, 3, 4, 9, 16, 43, 50, 57, 58
"""

from __future__ import annotations

import io
import json
import shutil
from urllib.parse import urlencode

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode

from jupyter_kronkers.access import Principal
from jupyter_kronkers.api import Request
from jupyter_kronkers.api.openapi import document
from jupyter_kronkers.control.plane import ControlPlane
from jupyter_kronkers.store import Folders

ANNA = Principal("anna", frozenset({"admin"}))
SLOW = {"list_languages"}
"""Asks R and Julia themselves; has a test of its own."""

OPERATIONS = [
    found.ok()
    for found in schemathesis.openapi.from_dict(document()).get_all_operations()
    if found.ok().definition.raw["operationId"] not in SLOW
]
REFUSALS = {400, 403, 404, 405, 409, 412, 413, 415, 422}


@pytest.fixture(scope="module")
def dispatcher(tmp_path_factory, mlflow_template):
    """The interface of a folder with one model, without a web server."""
    folders = Folders(tmp_path_factory.mktemp("contract") / "kronkers").prepare()
    shutil.copy(mlflow_template, folders.mlflow_database)
    control = ControlPlane(folders)
    control.models.create(ANNA, "churn")
    yield control.dispatcher
    control.stop()


def request_of(case) -> Request:
    """The case as it would arrive."""
    headers = {name.lower(): str(value) for name, value in (case.headers or {}).items()}
    body = b"" if case.body is schemathesis.core.NOT_SET else raw(case.body)
    if body:
        headers["content-type"] = case.media_type or "application/json"
    query = urlencode({name: plain(value) for name, value in (case.query or {}).items()}, errors="surrogatepass")
    stream = io.BytesIO(body) if "/files/" in case.path else None
    return Request(case.method.upper(), case.formatted_path, ANNA, query, headers, body, stream)


def raw(body: object) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def check(operation, response) -> None:
    """Refused in words, or answered as the document says."""
    told = operation.definition.raw["responses"]
    if response.status in REFUSALS:
        schema = told["default"]["content"]["application/problem+json"]["schema"]
    else:
        assert str(response.status) in told, (response.status, response.body)
        schema = told[str(response.status)].get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        assert response.body == b""
        return
    Draft202012Validator({**schema, "components": document()["components"]}).validate(json.loads(response.body))


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "unfitting"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda found: found.label)
def test_every_answer_is_one_that_the_document_knows(dispatcher, operation, mode):
    @settings(
        max_examples=15, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        check(operation, dispatcher.answer(request_of(case)))

    ask()
