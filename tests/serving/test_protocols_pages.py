"""What a deployment says of itself: a page that people can use, a document that programs can."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import jsonschema
import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kronkers.languages import Field
from jupyter_kronkers.serving.examples import BLANKS
from jupyter_kronkers.serving.gateway.pages.describing import Facts
from jupyter_kronkers.serving.gateway.pages.openapi import document as document_of
from jupyter_kronkers.serving.gateway.pages.page import page
from jupyter_kronkers.serving.gateway.routes import Grant
from tests.serving.bikes import BIKES, recipe
from tests.serving.conftest import SECRET

BASIC = "Basic " + base64.b64encode(f"anyone:{SECRET}".encode()).decode()


@pytest.fixture(scope="module")
def served(gateway, makes):
    gateway.grants.append(Grant(hashlib.sha256(b"krk_other").hexdigest(), ("other",)))
    gateway.serve("bikes", makes.python("bikes", 3, {}, BIKES, recipe()))
    return gateway


def facts(*inputs: Field, deployment="bikes", row=None) -> Facts:
    made = {field.name: field.levels[0] if field.levels else BLANKS[field.type] for field in inputs}
    return Facts(deployment, "bikes", 3, "Python", inputs, (Field("p", "double"),), row or made, {"p": 1.5})


def test_the_page_has_the_signature_and_a_row(served):
    answer = served.request("GET", "/bikes/docs")
    text = answer.body.decode()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Kronkers-Version"] == "bikes/3"
    for words in ("bikes, version 3, a model in Python", "whole number", "true or false", 'value="0.24"', "busy"):
        assert words in text


def test_a_browser_asks_for_the_token(served):
    """faults: 113"""
    refused = served.request("GET", "/bikes/docs", Authorization="")
    assert refused.status == 401
    assert refused.headers.get_all("WWW-Authenticate") == [
        'Bearer realm="kronkers"',
        'Basic realm="kronkers", charset="UTF-8"',
    ]
    assert served.request("GET", "/bikes/docs", Authorization=BASIC).status == 200
    assert served.request("GET", "/bikes/openapi.json", Authorization="").status == 401
    assert served.request("GET", "/bikes/docs", Authorization="Bearer krk_other").status == 403
    assert "Basic" not in str(served.request("POST", "/bikes/invocations", Authorization="").headers)


def test_the_page_loads_nothing_and_allows_itself_only(served):
    """faults: 8, rule 30"""
    answer = served.request("GET", "/bikes/docs")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    text = answer.body.decode()
    for kind in ("style", "script"):
        (content,) = re.findall(f"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
        assert base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() in policy
    assert not re.search(r'(src|href)="(?!openapi\.json)', text)


class Tags(HTMLParser):
    """The elements of a page, and their attributes."""

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self.seen: list[tuple[str, frozenset[str]]] = []
        self.feed(text.decode())

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, frozenset(name for name, _ in attrs)))


evil = st.text(min_size=1, max_size=20) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        '" onerror="alert(1)',
        "'><img src=x>",
        "</pre></script>",
        "{url}",
        ")---",
        "$(id)",
        "`id`",
    ]
)


@given(evil, evil, evil)
def test_nothing_of_a_model_becomes_part_of_the_page(name, level, cell):
    """faults: 8"""
    plain = facts(Field("n", "string", levels=("l",)), Field("m", "string"), deployment="d", row={"n": "l", "m": "c"})
    other = facts(Field(name, "string", levels=(level,)), Field("m", "string"), row={name: level, "m": cell})
    tags = [one for one in Tags(page(other)).seen if one[0] != "span"]
    expected = [one for one in Tags(page(plain)).seen if one[0] != "span"]
    assert [tag for tag, _ in tags] == [tag for tag, _ in expected] or name == "m"


def test_the_document_describes_what_is_taken(served):
    document = served.request("GET", "/bikes/openapi.json").json
    row = document["components"]["schemas"]["Row"]
    assert row["required"] == ["hr", "temp", "season", "working"]
    assert {name: kind["type"] for name, kind in row["properties"].items()} == {
        "hr": "integer",
        "temp": "number",
        "season": "string",
        "working": "boolean",
    }


def test_the_document_is_openapi_and_its_examples_are_answered(served):
    """faults: 45. What the document calls an example is sent, and the answer fits what the document promises."""
    document = served.request("GET", "/bikes/openapi.json").json
    assert schemathesis.openapi.from_dict(document).specification.version == "3.1.0"
    for path in ("/bikes/invocations", "/v2/models/bikes/infer"):
        post = document["paths"][path]["post"]
        example = post["requestBody"]["content"]["application/json"]["example"]
        answer = served.request("POST", path, json.dumps(example))
        assert answer.status == 200, answer.body
        schema = post["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(answer.json, schema | {"components": document["components"]})


def test_refusals_are_as_the_document_says(served):
    document = served.request("GET", "/bikes/openapi.json").json
    refused = served.request("POST", "/bikes/invocations", '{"inputs": [[1]]}')
    jsonschema.validate(refused.json, document["components"]["schemas"]["Problem"])


def test_a_missing_value_and_levels_are_in_the_document():
    fields = Field("x", "double", missing=True), Field("s", "string", levels=("a", "b"), missing=True)
    schemas = json.loads(document_of(facts(*fields)))["components"]["schemas"]
    assert schemas["Row"]["required"] == []
    assert schemas["Row"]["properties"]["x"]["type"] == ["number", "null"]
    assert schemas["Row"]["properties"]["s"]["enum"] == ["a", "b", None]
