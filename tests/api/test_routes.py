"""The route table is the policy: these tests are made from it."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kronkers.access import SCOPES, Principal
from jupyter_kronkers.api import Request
from jupyter_kronkers.api.dispatch import admitted
from jupyter_kronkers.api.problems import Refusal
from jupyter_kronkers.api.routes import ANYONE, METHODS, ROUTES, Route, find
from jupyter_kronkers.errors import Denied

# Written out by hand from design.md 11, not taken from the code under test.
MAY = {
    "nothing": set(),
    "viewer": {"read"},
    "writer": {"read", "write"},
    "deployer": {"read", "deploy"},
    "approver": {"read", "approve"},
    "admin": {"read", "write", "deploy", "approve", "admin"},
}
GIVEN = {"nothing": (), "viewer": ("read",), "writer": ("write",), "deployer": ("deploy",), "approver": ("approve",)}


def path_of(route: Route) -> str:
    return route.template.replace("{path...}", "model/model.pkl").replace("{", "").replace("}", "")


def label(value: object) -> str:
    return f"{value.method} {value.template}" if isinstance(value, Route) else str(value)


@pytest.mark.parametrize(("route", "role"), product(ROUTES, MAY), ids=label)
def test_who_may_use_what(route, role):
    """faults: 113"""
    who = Principal("someone", frozenset(GIVEN.get(role, ("admin",))))
    asked = Request(route.method, path_of(route), who)
    allowed = route.scope == ANYONE or route.scope in MAY[role]
    if allowed:
        assert admitted(asked)[0] is route
    else:
        with pytest.raises(Denied, match=f"custom:kronkers:{route.scope}"):
            admitted(asked)


@pytest.mark.parametrize("route", ROUTES, ids=label)
def test_every_route_has_a_scope_that_exists_and_a_promise(route):
    """faults: 114"""
    assert route.scope in SCOPES | {ANYONE}
    assert route.method in METHODS
    assert route.operation.__doc__


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "CONNECT", "get", ""])
@pytest.mark.parametrize("path", sorted({path_of(route) for route in ROUTES}))
def test_other_methods_are_told_which_there_are(method, path):
    """faults: 57"""
    with pytest.raises(Refusal) as refused:
        find(method, path)
    assert refused.value.status == 405
    assert refused.value.headers["Allow"]


@pytest.mark.parametrize("path", ["/nothing", "/models/a/b/c/d/e/f/g", "/admin", "/uploads/a/files", "/health"])
def test_what_nobody_declared_is_refused(path):
    """faults: 114"""
    with pytest.raises(Refusal) as refused:
        find("GET", path)
    assert refused.value.status == 403


@pytest.mark.parametrize("path", ["", "/", "//models", "/models/", "/models//versions", "/models/a/"])
def test_a_path_has_one_spelling(path):
    """faults: 58"""
    with pytest.raises(Refusal) as refused:
        find("GET", path)
    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("segment", "name"),
    [("%2e%2e", ".."), ("a%2Fb", "a/b"), ("%252e", "%2e"), ("a;x=1", "a;x=1"), ("%C3%A9", "é"), ("a+b", "a+b")],
)
def test_a_name_is_decoded_once(segment, name):
    """faults: 2, 58"""
    assert find("GET", f"/models/{segment}")[1] == {"model": name}


def test_bytes_that_are_no_text_are_refused():
    """faults: 2"""
    with pytest.raises(Refusal) as refused:
        find("GET", "/models/%c0%ae")
    assert refused.value.status == 400


def test_a_files_path_keeps_its_parts():
    names = find("PUT", "/uploads/u1/files/model/sub/a%20b.pkl")[1]
    assert names == {"upload": "u1", "path": "model/sub/a b.pkl"}


@given(st.text(max_size=60), st.sampled_from([*METHODS, "HEAD", "X"]))
def test_any_path_is_found_or_refused(path, method):
    """faults: 58"""
    assert verdict(method, "/" + path) in {method, 400, 403, 404, 405}


def verdict(method: str, path: str) -> str | int:
    try:
        return find(method, path)[0].method
    except Refusal as refused:
        return refused.status
