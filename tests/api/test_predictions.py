"""What the gateway refuses is refused in its words and with its status."""

from __future__ import annotations

import json

import pytest

from jupyter_kronkers.api.predictions import refused
from jupyter_kronkers.api.problems import response_to
from jupyter_kronkers.errors import Exhausted, Fault, Invalid, KronkersError, MissingLanguage, ModelFailed, TimedOut
from jupyter_kronkers.serving.calling import Reply
from jupyter_kronkers.serving.gateway.answers import refusal


def told(reply: Reply):
    answer = response_to(refused(reply))
    return answer.status, answer.headers, json.loads(answer.body)


def reply(status: int, body: bytes, retry_after_s: float | None = None) -> Reply:
    return Reply(status, body, None, "", 1.0, retry_after_s)


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (Invalid(Fault("columns.hr[3]", "must be a whole number"), remedy="Send one."), 422),
        (Invalid(Fault("body", "is cut"), code="malformed"), 400),
        (Exhausted("Too many wait.", retry_after_s=2.0), 429),
        (MissingLanguage("r", remedy="Install it."), 503),
        (ModelFailed("ValueError", "<script>", "python"), 502),
        (TimedOut("The model", 30.0), 504),
    ],
)
def test_the_gateways_own_refusals_arrive_whole(problem: KronkersError, status: int):
    """Made by the gateway's own code, so that both sides of this wire are held to each other."""
    answer = refusal(problem)
    found, headers, body = told(reply(answer.status, answer.body, getattr(problem, "retry_after_s", None)))
    assert (found, body["status"], body["code"], body["detail"]) == (status, status, problem.code, problem.message)
    assert body.get("remedy", "") == problem.remedy
    assert [fault["field"] for fault in body.get("faults", [])] == [f.field for f in getattr(problem, "faults", ())]
    assert headers.get("Retry-After") == ("2" if status == 429 else None)
    if status == 502:
        assert (body["class"], body["language"]) == ("ValueError", "python")


@pytest.mark.parametrize("status", [401, 403])
def test_that_the_gateway_does_not_know_us_is_not_told_as_if_the_caller_were_unknown(status):
    """A browser that reads 401 sends its person to log in."""
    assert told(reply(status, b"{}"))[0] == 503


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff", b'{"detail": 1}'])
def test_an_answer_without_words_is_told_too(body):
    status, _, problem = told(reply(500, body))
    assert (status, "without saying why" in problem["message"]) == (503, True)
