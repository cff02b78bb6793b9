"""The document tells the whole table, and is what it claims to be."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from jsonschema import Draft202012Validator

from jupyter_kronkers.api.openapi import document
from jupyter_kronkers.api.routes import ROUTES


def test_every_route_is_in_the_document():
    told = {(method.upper(), path) for path, methods in document()["paths"].items() for method in methods}
    assert told == {(route.method, route.template.replace("...", "")) for route in ROUTES}


def test_every_operation_has_a_name_of_its_own_and_names_its_scope():
    operations = [operation for methods in document()["paths"].values() for operation in methods.values()]
    assert len({operation["operationId"] for operation in operations}) == len(ROUTES)
    assert all(operation["x-scope"] and operation["summary"] for operation in operations)


def test_every_reference_leads_somewhere():
    text = json.dumps(document())
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert named == set(document()["components"]["schemas"])


@pytest.mark.parametrize("name", sorted(document()["components"]["schemas"]))
def test_every_schema_is_a_schema(name):
    Draft202012Validator.check_schema(document()["components"]["schemas"][name])


def test_what_is_sent_to_us_refuses_what_we_do_not_know():
    schemas = document()["components"]["schemas"]
    assert all(
        schemas[route.body.__name__]["additionalProperties"] is False
        for route in ROUTES
        if route.body.__name__ in schemas
    )


def test_the_document_can_be_printed():
    printed = subprocess.run([sys.executable, "-m", "jupyter_kronkers.api.openapi"], capture_output=True, check=True)
    assert json.loads(printed.stdout)["openapi"] == "3.1.0"
