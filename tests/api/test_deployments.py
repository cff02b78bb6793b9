"""Deployments over the interface: shares that are set and ended, and clicks that are bound to what was seen."""

from __future__ import annotations

import json

import pytest

from jupyter_kronkers.api import Request
from jupyter_kronkers.api.dispatch import Dispatcher
from jupyter_kronkers.api.rooms import Rooms
from tests.serving.plane import ANNA, Clock, Plane


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    plane = Plane.at(tmp_path_factory.mktemp("wire") / "kronkers")
    for factor in (2.0, 3.0):
        plane.multiplier("mult", factor)
    yield plane
    plane.store.close()


@pytest.fixture
def ask(plane):
    rooms = Rooms(
        store=plane.store, audit=plane.audit, models=plane.models, uploads=plane.uploads,
        deployments=plane.deployments, tokens=plane.tokens, clock=Clock(),
    )  # fmt: skip
    dispatcher = Dispatcher(rooms)

    def one(method: str, path: str, body: object = None, **headers: str):
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given |= {"content-type": "application/json"} if body is not None else {}
        sent = b"" if body is None else json.dumps(body).encode()
        answer = dispatcher.answer(Request(method, path, ANNA, headers=given, body=sent))
        return answer.status, json.loads(answer.body) if answer.body else None

    return one


@pytest.fixture
def served(ask, request):
    name = request.node.name.replace("_", "-").replace("[", ".").strip("]")[-60:].strip("-.")
    status, found = ask("POST", "/deployments", {"name": name, "model": "mult", "version": 1, "spares": 1})
    assert (status, found["spares"], found["canary"]) == (201, 1, None)
    return f"/deployments/{name}"


def test_null_ends_a_canary_and_what_is_not_sent_stays(ask, served):
    _, found = ask("PATCH", served, {"canary": 2, "percent": 7.5, "limits": {"network": True, "queue": 9}})
    assert (found["canary"], found["percent"], found["limits"]["network"]) == (2, 7.5, True)
    _, found = ask("PATCH", served, {"replicas": 2})
    assert (found["canary"], found["percent"], found["replicas"]) == (2, 7.5, 2)
    _, found = ask("PATCH", served, {"canary": None})
    assert (found["canary"], found["percent"]) == (None, 0.0)


def test_stopping_and_changing_is_one_step(ask, served):
    _, found = ask("PATCH", served, {"wanted": "stopped", "replicas": 3})
    assert (found["state"], found["replicas"], found["revision"]) == ("stopped", 3, 2)
    _, found = ask("PATCH", served, {"wanted": "serving"})
    _, history = ask("GET", served + "/history")
    assert [move["action"] for move in history["items"]] == ["started", "updated", "created"]


def test_a_second_click_on_what_one_saw_is_told(ask, served):
    """faults: 12, 186"""
    _, found = ask("PATCH", served, {"canary": 2, "percent": 50})
    tag = f'"{found["revision"]}"'
    assert ask("POST", served + "/promote", {"why": "well"}, if_match=tag)[0] == 200
    assert ask("POST", served + "/promote", {"why": "well"}, if_match=tag)[0] == 412
    _, found = ask("GET", served)
    assert (found["version"], found["canary"]) == (2, None)
    tag = f'"{found["revision"]}"'
    assert ask("POST", served + "/rollback", {}, if_match=tag)[1]["version"] == 1
    assert ask("POST", served + "/rollback", {}, if_match=tag)[0] == 412
    assert ask("DELETE", served, if_match=tag)[0] == 412
    assert ask("DELETE", served)[0] == 204


def test_the_same_click_sent_twice_is_done_once(ask, served):
    """faults: 59"""
    ask("PATCH", served, {"canary": 2, "percent": 50})
    first = ask("POST", served + "/promote", {}, idempotency_key="once")
    assert ask("POST", served + "/promote", {}, idempotency_key="once") == first


@pytest.mark.parametrize(
    "body", [{"percent": 100.1}, {"spares": 9}, {"canary": 0}, {"canary": True}, {"limits": {"queue": 0}}]
)
def test_what_makes_no_sense_is_refused(ask, served, body):
    assert ask("PATCH", served, body)[0] == 422
