"""What is sent is checked whole: each fault is named, what we do not know is refused."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kronkers.access import Principal
from jupyter_kronkers.api import Request
from jupyter_kronkers.api.decoding import body_of, query_of, revision_of
from jupyter_kronkers.api.deployments import NewDeployment
from jupyter_kronkers.api.models import ModelChange, ModelQuery, NewModel
from jupyter_kronkers.api.problems import Refusal
from jupyter_kronkers.api.routes import ROUTES
from jupyter_kronkers.errors import Invalid, TooLarge

ANNA = Principal("anna", frozenset({"admin"}))


def sent(body: bytes, kind: str = "application/json", **headers: str) -> Request:
    return Request("POST", "/models", ANNA, headers={"content-type": kind, **headers}, body=body)


def test_every_fault_is_named():
    body = b'{"model": 3, "replicas": "two", "alias": null, "owner": "eve"}'
    with pytest.raises(Invalid) as refused:
        body_of(sent(body), NewDeployment)
    assert {fault.field for fault in refused.value.faults} == {"name", "model", "replicas", "owner"}


@pytest.mark.parametrize("field", ["owner", "role", "state", "sha256", "created_by", "revision", "__class__"])
@pytest.mark.parametrize("route", [route for route in ROUTES if route.method in {"POST", "PUT", "PATCH"}],
                         ids=lambda route: f"{route.method} {route.template}")  # fmt: skip
def test_no_one_assigns_what_is_ours(route, field):
    """faults: 16"""
    if field in {named.encode_name for named in msgspec.structs.fields(route.body)}:
        pytest.skip("this request has such a field")
    with pytest.raises(Invalid) as refused:
        body_of(sent(b'{"%s": "x"}' % field.encode()), route.body)
    assert field in {fault.field for fault in refused.value.faults}


@pytest.mark.parametrize("body", [b"[]", b"3", b'"x"', b"null", b"true"])
def test_a_body_is_an_object(body):
    with pytest.raises(Invalid):
        body_of(sent(body), NewModel)


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"name": NaN}', b'{"name": "\xff"}', b'{"name": "\\ud800"}', b"[" * 100_000, b'{"a":1}{', b"\xff\xfe{"],
)
def test_what_is_no_json_is_malformed(body):
    """faults: 43, 50"""
    with pytest.raises((Refusal, Invalid)) as refused:
        body_of(sent(body), NewModel)
    assert getattr(refused.value, "status", 422) in {400, 422}


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_what_does_not_claim_to_be_json_is_not_read(kind):
    """faults: 55, 119"""
    with pytest.raises(Refusal) as refused:
        body_of(sent(b'{"name": "a"}', kind), NewModel)
    assert refused.value.status == 415


def test_a_body_is_not_endless():
    with pytest.raises(TooLarge):
        body_of(sent(b" " * (1 << 20) + b"{}"), NewModel)


def test_no_body_is_an_empty_one():
    assert body_of(sent(b"", ""), ModelChange) == ModelChange()


def test_a_query_is_typed_and_what_jupyter_adds_is_ignored():
    asked = Request("GET", "/models", ANNA, query="search=a%25_&archived=true&limit=7&token=x&1700000000000=")
    assert query_of(asked, ModelQuery) == ModelQuery(search="a%_", archived=True, limit=7)


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=1001", "limit=1&limit=2", "order=1", "archived=maybe"])
def test_a_query_that_does_not_fit_is_refused(query):
    with pytest.raises(Invalid):
        query_of(Request("GET", "/models", ANNA, query=query), ModelQuery)


@pytest.mark.parametrize(("tag", "revision"), [('"3"', 3), ('W/"12"', 12), ("*", None), (None, None)])
def test_if_match_is_a_revision(tag, revision):
    headers = {} if tag is None else {"if-match": tag}
    assert revision_of(Request("PUT", "/x", ANNA, headers=headers)) == revision


@pytest.mark.parametrize("tag", ["3", '"a"', '"1", "2"', '"-1"', '"' + "9" * 30 + '"'])
def test_a_tag_that_we_never_gave_is_refused(tag):
    with pytest.raises(Invalid):
        revision_of(Request("PUT", "/x", ANNA, headers={"if-match": tag}))


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(body):
    with suppress(Refusal, Invalid):
        assert isinstance(body_of(sent(body), NewModel), NewModel)
