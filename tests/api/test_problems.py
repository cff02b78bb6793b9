"""Errors on the wire: one table, one body, and the same class again at the other end."""

from __future__ import annotations

import json

import pytest

from jupyter_kronkers import errors
from jupyter_kronkers.api.problems import STATUS, Refusal, error_of, response_to

EXAMPLES = [
    (errors.NotFound("model", "churn"), 404),
    (errors.Unauthenticated(), 401),
    (errors.Denied("vera", "custom:kronkers:deploy"), 403),
    (errors.Invalid(errors.Fault("hr", "is missing"), errors.Fault("temp", "is no number")), 422),
    (errors.TooLarge("The upload", 5, 4), 413),
    (errors.Conflict("It is serving."), 409),
    (errors.Stale("alias", "champion"), 412),
    (errors.Tampered("churn 4", "model.pkl differs"), 409),
    (errors.MissingLanguage("R", remedy="apt-get install r-base-core"), 424),
    (errors.ModelFailed("ValueError", "no", "python"), 502),
    (errors.HostFailed("Error", "no splines", "r", remedy="install it"), 502),
    (errors.TimedOut("predict", 30), 504),
    (errors.Exhausted("Too many.", retry_after_s=2.5), 429),
    (errors.Unavailable("Not now."), 503),
]


@pytest.mark.parametrize(("error", "status"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_each_error_has_its_status_and_survives_the_way(error, status):
    response = response_to(error)
    found = error_of(response)
    assert response.status == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (type(found), str(found), found.code) == (type(error), str(error), error.code)
    assert {**vars(found), "faults": 0} == {**vars(error), "faults": 0}
    assert getattr(found, "faults", ()) == getattr(error, "faults", ())


def test_every_kind_of_error_is_in_the_table():
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.KronkersError)
    ]
    told = tuple(kind for kind, _ in STATUS)
    assert all(issubclass(kind, told) for kind in kinds if kind is not errors.KronkersError)


def test_a_body_has_jupyters_message_and_every_fault():
    body = json.loads(response_to(EXAMPLES[3][0]).body)
    assert body["message"] == "hr: is missing; temp: is no number."
    assert body["faults"] == [
        {"field": "hr", "problem": "is missing"},
        {"field": "temp", "problem": "is no number"},
    ]


def test_an_error_with_a_finer_code_keeps_its_class():
    found = error_of(response_to(errors.Invalid(errors.Fault("name", "is bad"), code="invalid_name")))
    assert (type(found), found.code) == (errors.Invalid, "invalid_name")


def test_what_is_unforeseen_tells_an_incident_and_nothing_else(caplog):
    body = json.loads(response_to(ValueError("secret /etc/shadow")).body)
    assert body["status"] == 500
    assert "secret" not in json.dumps(body)
    assert body["incident"] in caplog.text
    assert "secret" in caplog.text


def test_an_overload_says_when_to_come_again():
    assert response_to(errors.Exhausted("Too many.", retry_after_s=2.5)).headers["Retry-After"] == "3"


def test_a_wrong_method_is_told_the_right_ones():
    response = response_to(Refusal(405, "method_not_allowed", "Use GET here.", Allow="GET"))
    assert (response.status, response.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"status": 502}'])
def test_a_strangers_page_is_an_error_too(body):
    from jupyter_kronkers.api import Response

    assert isinstance(error_of(Response(502, {}, body)), errors.Unavailable)
