"""What the panel asks of a deployment that is really served: an example, calls, predictions, traffic."""

from __future__ import annotations

import json

import msgspec
import pytest

from jupyter_kronkers.access import Principal
from jupyter_kronkers.api import Request
from jupyter_kronkers.control.plane import ControlPlane, Served
from jupyter_kronkers.store import Folders
from tests.serving.conftest import until
from tests.serving.plane import ANNA, Plane

pytestmark = pytest.mark.slow
VIEWER = Principal("vera", frozenset({"read"}))
ROW = {"columns": ["x", "do"], "rows": [[2.0, "answer"]]}


@pytest.fixture(scope="module")
def control(tmp_path_factory):
    """A control plane that serves `mult` 2 as `live`, with version 3 beside it as its canary, by two gateways."""
    folders = Folders(tmp_path_factory.mktemp("served") / "kronkers").prepare()
    control = ControlPlane(folders, served=Served(gateways=2), owner_token="krk_owner")
    plane = Plane(folders, control._store, control._audit, control.events, control.models, control.uploads,
                  control.tokens, control.deployments)  # fmt: skip
    for factor in (2.0, 3.0, 4.0):
        plane.multiplier("mult", factor)
    control.models.move(ANNA, "mult", "champion", 2)
    control.deployments.create(ANNA, "live", "mult", alias="champion", canary=3, percent=0.0)
    control.start()
    until(lambda: control.deployments.show("live").state == "ready", "the deployment", 60)
    yield control
    control.stop()


@pytest.fixture
def ask(control):
    def one(method: str, path: str, body: object = None, who: Principal = ANNA):
        place, _, query = path.partition("?")
        headers = {} if body is None else {"content-type": "application/json"}
        sent = b"" if body is None else json.dumps(body).encode()
        answer = control.dispatcher.answer(Request(method, place, who, query, headers, sent))
        return answer.status, json.loads(answer.body) if answer.body else None

    return one


# Examples and calls


def test_the_example_is_a_row_that_the_live_version_answers(ask):
    status, found = ask("GET", "/deployments/live/example")
    assert (status, found["version"], found["columns"], found["rows"]) == (200, 2, ["x", "do"], [[1.0, "answer"]])
    assert [(field["name"], field["type"]) for field in found["fields"]] == [("x", "double"), ("do", "string")]
    status, tried = ask("POST", "/deployments/live/predictions", {key: found[key] for key in ("columns", "rows")})
    assert (status, tried["rows"], tried["version"]) == (200, [[3.0]], 2)


def test_calls_come_in_four_languages_with_the_real_address(ask, control):
    status, found = ask("GET", "/deployments/live/calls")
    assert status == 200
    assert {one["language"] for one in found["items"]} == {"curl", "python", "r", "julia"}
    assert all(f"{control.gateway.url}/live/invocations" in one["code"] for one in found["items"])
    assert all("KRONKERS_TOKEN" in one["code"] and "krk_" not in one["code"] for one in found["items"])
    _, found = ask("GET", "/deployments/live/calls?language=julia")
    assert {one["language"] for one in found["items"]} == {"julia"}
    assert ask("GET", "/deployments/live/calls?language=cobol")[0] == 422


# Predictions


def test_a_prediction_tells_version_id_and_time(ask):
    status, first = ask("POST", "/deployments/live/predictions", ROW)
    _, second = ask("POST", "/deployments/live/predictions", ROW)
    assert (status, first["columns"], first["rows"], first["version"]) == (200, ["prediction"], [[6.0]], 2)
    assert first["prediction_id"] != second["prediction_id"] != ""
    assert 0 < first["elapsed_ms"] < 60_000


def test_the_canary_answers_who_asks_for_it(ask):
    status, found = ask("POST", "/deployments/live/predictions", ROW | {"version": "canary"})
    assert (status, found["rows"], found["version"]) == (200, [[8.0]], 3)
    assert ask("POST", "/deployments/live/predictions", ROW | {"version": "stable"})[1]["version"] == 2


def test_a_viewer_may_try_and_nobody_may_not(ask):
    assert ask("POST", "/deployments/live/predictions", ROW, VIEWER)[0] == 200
    assert ask("POST", "/deployments/live/predictions", ROW, Principal("x", frozenset()))[0] == 403


def test_no_rows_are_no_rows(ask):
    assert ask("POST", "/deployments/live/predictions", ROW | {"rows": []})[1]["rows"] == []


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (ROW | {"rows": [[1.0, "answer"], ["two", "answer"]]}, 422, "columns.x"),
        (ROW | {"rows": [[None, "answer"]]}, 422, "columns.x[0]"),
        ({"columns": ["x"], "rows": [[1.0]]}, 422, "columns.do"),
    ],
)
def test_bad_rows_come_back_in_the_gateways_words_with_the_field(ask, body, status, field):
    found, problem = ask("POST", "/deployments/live/predictions", body)
    assert (found, [fault["field"] for fault in problem["faults"]]) == (status, [field])
    assert problem["message"] == problem["detail"] != ""


def test_what_the_model_raises_is_told_with_its_class(ask):
    status, problem = ask("POST", "/deployments/live/predictions", ROW | {"rows": [[1.0, "raise"]]})
    assert (status, problem["class"], problem["language"]) == (502, "ValueError", "python")
    assert "this row is bad" in problem["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"columns": [], "rows": []},
        ROW | {"version": "shadow"},
        ROW | {"rows": [[1.0, {"a": 1}]]},
        ROW | {"rows": [[1.0]] * 1_001},
    ],
)
def test_what_is_no_table_is_refused_before_anybody_is_asked(ask, body):
    assert ask("POST", "/deployments/live/predictions", body)[0] == 422


@pytest.mark.parametrize("name", ["nothing", "..", "a%2Fb", "live%0d%0aX:%20y", "<script>", "%E2%80%AE"])
@pytest.mark.parametrize("what", ["example", "calls", "traffic", "predictions"])
def test_a_name_that_nobody_gave_is_not_found(ask, name, what):
    method, body = ("POST", ROW) if what == "predictions" else ("GET", None)
    status, problem = ask(method, f"/deployments/{name}/{what}", body)
    assert (status, problem["code"]) == (404, "not_found")


def test_a_stopped_deployment_says_so(ask, control):
    control.deployments.create(ANNA, "stopped", "mult", version=1)
    control.deployments.stop(ANNA, "stopped")
    status, problem = ask("POST", "/deployments/stopped/predictions", ROW)
    assert (status, problem["code"], problem["remedy"]) == (409, "stopped", "Start it, then try again.")
    assert ask("GET", "/deployments/stopped/example")[1]["version"] == 1


def test_an_alias_that_names_nothing_is_told(ask, control):
    control.models.move(ANNA, "mult", "soon", 1)
    control.deployments.create(ANNA, "lost", "mult", alias="soon")
    control.models.unset(ANNA, "mult", "soon")
    until(lambda: control.deployments.show("lost").state == "failed", "its failure")
    status, problem = ask("GET", "/deployments/lost/calls")
    assert (status, problem["message"]) == (409, "mult has no alias soon.")
    control.deployments.delete(ANNA, "lost")


def test_a_gateway_that_is_away_is_told(ask, control, monkeypatch):
    monkeypatch.setattr(type(control.gateway), "url", property(lambda self: "http://127.0.0.1:1"))
    status, problem = ask("POST", "/deployments/live/predictions", ROW)
    assert (status, problem["code"]) == (503, "unavailable")
    assert "does not answer" in problem["message"]
    monkeypatch.setattr(type(control.gateway), "url", property(lambda self: None))
    assert ask("POST", "/deployments/live/predictions", ROW)[0] == 503
    assert ask("GET", "/deployments/live/calls")[0] == 503


# Traffic


def test_traffic_tells_each_version_what_it_was_asked_and_how_long_it_took(ask, control):
    """The counters of both gateways are added: what was asked here is told, whoever answered."""
    control._traffic.look()
    before = ask("GET", "/deployments/live/traffic")[1]
    for _ in range(20):
        assert ask("POST", "/deployments/live/predictions", ROW)[0] == 200
    for _ in range(3):
        ask("POST", "/deployments/live/predictions", ROW | {"version": "canary", "rows": [[1.0, "raise"]]})
    control._traffic.look()
    status, found = ask("GET", f"/deployments/live/traffic?since={before['at']}")
    assert (status, found["step_s"]) == (200, 2.0)
    assert found["at"] > before["at"]
    asked = {use: (sum_of(found, use, "requests"), sum_of(found, use, "errors")) for use in ("stable", "canary")}
    assert asked == {"stable": (20, 0), "canary": (3, 3)}
    busy = [point for point in found["points"] if point["requests"]]
    assert {(point["version"], point["use"]) for point in busy} == {(2, "stable"), (3, "canary")}
    assert all(0 < point["p50_ms"] <= point["p99_ms"] for point in busy)
    for use, number, more in (("stable", 2, 20), ("canary", 3, 3)):
        assert total_of(found, number, use) - total_of(before, number, use) == more


def test_a_silence_is_told_of_the_live_version(ask, control):
    control._traffic.look()
    since = ask("GET", "/deployments/live/traffic")[1]["at"]
    control._traffic.look()
    found = ask("GET", f"/deployments/live/traffic?since={since}")[1]
    assert {(point["version"], point["requests"], point["p50_ms"]) for point in found["points"]} == {(2, 0, None)}


def test_the_first_requests_of_a_new_deployment_are_seen(ask, control):
    """It is looked at when it is deployed, so that nothing is taken for older than it is."""
    control.deployments.create(ANNA, "new", "mult", version=1)
    until(lambda: control.deployments.show("new").state == "ready", "the deployment", 60)
    assert ask("POST", "/deployments/new/predictions", ROW)[0] == 200
    until(lambda: sum_of(ask("GET", "/deployments/new/traffic")[1], "stable", "requests") == 1, "the request", 20)
    control.deployments.delete(ANNA, "new")


def sum_of(traffic, use, what):
    return sum(point[what] for point in traffic["points"] if point["use"] == use)


def total_of(traffic, number, use):
    found = [one["requests"] for one in traffic["totals"] if (one["version"], one["use"]) == (number, use)]
    return sum(found)


# Models


def test_a_model_says_whose_it_is_and_how_its_deployments_are(ask, control, monkeypatch):
    monkeypatch.setattr(control._traffic, "lately", dict)
    _, found = ask("GET", "/models/mult")
    assert (found["owner"], found["language"], found["latest_number"], found["latest_state"]) == (
        "anna", "python", 3, "ready",
    )  # fmt: skip
    assert (found["health"], found["health_words"]) == ("good", "live answers.")
    assert found["trained_at"] == found["latest"]["captured_at"] != ""
    listed = ask("GET", "/models?brief=true&limit=1000")[1]["items"]
    assert [model | {"latest": None} for model in [found]] == listed


def test_a_model_whose_requests_fail_is_not_called_good(ask, control):
    for _ in range(20):
        ask("POST", "/deployments/live/predictions", ROW | {"rows": [[1.0, "raise"]]})
    control._traffic.look()
    found = ask("GET", "/models/mult")[1]
    assert found["health"] in {"bad", "busy"}
    assert found["health_words"].startswith("live fails ")


def test_a_long_page_is_for_brief_lists_only(ask):
    assert ask("GET", "/models?limit=201")[0] == 422
    assert ask("GET", "/models?limit=1001&brief=true")[0] == 422


# Versions


def test_a_version_shows_its_first_rows_and_their_answers(ask):
    status, found = ask("GET", "/models/mult/versions/champion/example")
    assert (status, found["columns"], found["rows"][1]) == (200, ["x", "do"], [2.0, "answer"])
    assert found["outputs"] == {"columns": ["prediction"], "rows": [[3.0], [6.0], [9.0], [12.0]]}


def test_a_version_that_was_not_registered_from_a_notebook_says_so(ask):
    status, problem = ask("GET", "/models/mult/versions/1/notebook")
    assert (status, problem["code"]) == (404, "not_found")
    assert problem["remedy"] == "mult 1 was registered from a console, a script or an unsaved notebook."


def test_answers_are_what_the_document_promises(ask):
    from jupyter_kronkers.api import calls, examples, predictions, traffic

    kinds = {"example": examples.DeploymentExample, "calls": calls.CallSnippets, "traffic": traffic.Traffic}
    for what, kind in kinds.items():
        msgspec.convert(ask("GET", f"/deployments/live/{what}")[1], kind)
    msgspec.convert(ask("POST", "/deployments/live/predictions", ROW)[1], predictions.Tried)
