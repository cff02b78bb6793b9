"""Predictions from a real gateway with a real host: what comes in, what goes out, who may."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys

import numpy as np
import pytest

from jupyter_kronkers.serving.gateway.routes import Grant
from tests.serving.bikes import BIKES, EXPECTED, NAMES, RECORDS, ROWS, recipe, split


@pytest.fixture(scope="module")
def served(gateway, makes, double):
    gateway.grants.append(Grant(hashlib.sha256(b"krk_double").hexdigest(), ("double",)))
    gateway.grants.append(Grant(hashlib.sha256(b"krk_old").hexdigest(), ("*",), expires_at=1.0))
    gateway.serve("double", double)
    gateway.serve("bikes", makes.python("bikes", 3, {}, BIKES, recipe()))
    return gateway


def test_a_prediction_carries_its_version_and_an_id(served):
    answer = served.trouble("double", x=21.0)
    assert answer.predictions == [42.0]
    assert answer.headers["X-Kronkers-Version"] == "double/1"
    assert answer.headers["X-Kronkers-Prediction-Id"] != served.trouble("double").headers["X-Kronkers-Prediction-Id"]


@pytest.mark.parametrize(
    "body",
    [
        split(ROWS),
        {"dataframe_records": RECORDS},
        {"inputs": {name: [record[name] for record in RECORDS] for name in NAMES}},
        {"inputs": RECORDS},
        {"inputs": ROWS},
        {"instances": RECORDS},
        {"instances": ROWS},
        {"dataframe_split": {"columns": NAMES, "index": [0, 1], "data": ROWS}, "params": None},
        split([row[::-1] for row in ROWS], NAMES[::-1]),
        split([[*row, "more"] for row in ROWS], [*NAMES, "further"]),
        {"dataframe_records": [{"note": '12:30 "quoted": x', **record} for record in RECORDS]},
    ],
)
def test_all_forms_of_mlflow_give_the_same_answers(served, body):
    """faults: 45"""
    assert served.predict("bikes", body).predictions == EXPECTED


def test_csv_gives_the_same_answers(served):
    body = 'temp,hr,season,working\r\n0.5,7,"summer",true\r\n0.25,12,winter,FALSE\r\n'
    answer = served.request("POST", "/bikes/invocations", body, Content_Type="text/csv; charset=utf-8")
    assert answer.predictions == EXPECTED


@pytest.mark.parametrize("body", [split([]), {"dataframe_records": []}, {"inputs": []}, {"instances": []}])
def test_no_rows_give_no_answers(served, body):
    """faults: 48"""
    assert served.predict("bikes", body).predictions == []


def test_a_csv_of_names_only_gives_no_answers(served):
    """faults: 48"""
    assert served.request("POST", "/bikes/invocations", ",".join(NAMES), Content_Type="text/csv").predictions == []


def test_every_column_at_fault_is_named(served):
    """faults: 45, 46"""
    answer = served.predict("bikes", split([["7", 0.5, 3, True]], ["hr", "temp", "season", "Working"]))
    assert answer.status == 422
    assert {fault["field"].split("[")[0] for fault in answer.json["faults"]} == {
        "columns.hr",
        "columns.season",
        "columns.working",
    }


def test_errors_speak_to_mlflows_clients_too(served):
    answer = served.predict("bikes", split([[None, 0.5, "summer", True]]))
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["error_code"] == "INVALID_PARAMETER_VALUE"
    assert answer.json["message"].startswith(answer.json["detail"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ('{"dataframe_records": [{"hr": NaN}]}', 422, "not_a_number"),
        ('{"dataframe_records": [{"hr": 1, "temp": -Infinity}]}', 422, "not_a_number"),
        ('{"dataframe_records": [{"hr": 1, "temp": 1e999, "season": "winter", "working": true}]}', 422, "out_of_range"),
        (
            '{"dataframe_records": [{"hr": 9223372036854775808, "temp": 1, "season": "winter", "working": true}]}',
            422,
            "out_of_range",
        ),
        (
            '{"dataframe_records": [{"hr": 1, "temp": 9007199254740993, "season": "winter", "working": true}]}',
            422,
            "out_of_range",
        ),
        ('{"dataframe_records": [{"hr": 1' + "0" * 5_000 + "}]}", 422, "out_of_range"),
        (
            '{"dataframe_records": [{"hr": 1' + "0" * 400 + ', "temp": 1, "season": "winter", "working": true}]}',
            422,
            "out_of_range",
        ),
        ("[" * 5_000, 400, "too_deep"),
        ('{"inputs": ' * 5_000, 400, "too_deep"),
        ('{"dataframe_records": ' + "[" * 100 + "]" * 100 + "}", 400, "too_deep"),
        (
            '{"dataframe_records": [{"hr": 1, "hr": 2, "temp": 1, "season": "winter", "working": true}]}',
            400,
            "duplicate_key",
        ),
        ('{"inputs": [], "inputs": []}', 400, "duplicate_key"),
        ('{"dataframe_split": {"columns": [], "data": [], "data": []}}', 400, "duplicate_key"),
        (b'{"dataframe_records": [{"season": "\xff"}]}', 400, "malformed"),
        ('{"dataframe_records": [{"season": "\\ud800"}]}', 400, "malformed"),
        ('{"inputs": []}'.encode("utf-16"), 400, "malformed"),
        ("", 400, "malformed"),
        ('{"inputs": []} and more', 400, "malformed"),
        ("{}", 422, "invalid"),
        ('{"inputs": [], "instances": []}', 422, "invalid"),
        ('{"something": []}', 422, "invalid"),
        ('{"inputs": [], "params": {"temperature": 1}}', 422, "invalid"),
        ('{"inputs": [[1, 2]]}', 422, "invalid"),
        ('{"inputs": [1, {"hr": 1}]}', 422, "invalid"),
        ('{"dataframe_split": {"columns": ["hr", "hr"], "data": [[1, 2]]}}', 422, "invalid"),
        ('{"dataframe_split": {"columns": ["hr"], "data": [[1], [1, 2]]}}', 422, "invalid"),
        ('{"inputs": {"hr": [1], "temp": [1, 2]}}', 422, "invalid"),
        ('{"dataframe_records": [{"hr": [1]}]}', 422, "invalid"),
    ],
)
def test_a_body_that_cannot_be_meant_is_refused(served, body, status, code):
    """faults: 41, 42, 43, 44, 45, 50"""
    answer = served.request("POST", "/bikes/invocations", body)
    assert (answer.status, answer.json["code"]) == (status, code), answer.json


@pytest.mark.parametrize(
    "body",
    [
        b"hr,temp,season,working\n1,\xff,winter,true\n",
        "hr,temp,season,working\n1,nan,winter,true\n",
        "hr,temp,season,working\n1,inf,winter,true\n",
        "hr,temp,season,working\n1_0,1,winter,true\n",
        "hr,temp,season,working\n1.5,1,winter,true\n",
        "hr,temp,season,working\n1,2\n",
        "hr,temp\n1,2\n",
        'hr,temp,season,working\n1,2,"winter,true\n',
        "",
    ],
)
def test_a_csv_that_cannot_be_meant_is_refused(served, body):
    """faults: 41, 45, 46, 50"""
    answer = served.request("POST", "/bikes/invocations", body, Content_Type="text/csv")
    assert answer.status in (400, 422), answer.body


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/vnd.bentoml+pickle", "application/json; charset=utf-16", "multipart/form-data"],
)
def test_other_types_of_bodies_are_never_read(served, kind):
    """faults: 55"""
    assert served.request("POST", "/bikes/invocations", json.dumps(split(ROWS)), Content_Type=kind).status == 415


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "gzip;q=1", "snappy"])
def test_unknown_codings_are_refused(served, coding):
    """faults: 51"""
    answer = served.request("POST", "/bikes/invocations", b"x", Content_Encoding=coding)
    assert (answer.status, answer.headers["Accept-Encoding"]) == (415, "gzip, deflate")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/bikes/invocations", "POST"), ("/bikes/ping", "GET"), ("/ping", "GET"), ("/metrics", "GET"), ("/health", "GET")],
)
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused_with_those_allowed(served, path, allowed, method):
    """faults: 57"""
    answer = served.request(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, allowed)
    assert method != "HEAD" or answer.body == b""


@pytest.mark.parametrize(
    "path",
    [
        "//bikes/invocations",
        "/./bikes/invocations",
        "/bikes;x=1/invocations",
        "/bikes%2Finvocations",
        "/bikes/invocations/",
        "/%62ikes/invocations",
        "/Bikes/invocations",
        "/..%2f/invocations",
        "/nobody/invocations",
        "/",
    ],
)
def test_only_the_one_spelling_of_an_address_is_known(served, path):
    """faults: 1, 2, 58"""
    assert served.request("POST", path, json.dumps(split(ROWS))).status == 404


def test_too_many_rows_are_refused_with_the_limit(served):
    """faults: 49"""
    answer = served.predict("bikes", {"inputs": [ROWS[0]] * 100_001})
    assert answer.status == 413
    assert "100,000" in answer.json["detail"]
    assert "batch job" in answer.json["remedy"]


def test_ten_thousand_rows_come_back_in_their_order(served):
    rows = [[hour % 24, 0.0, "winter", False] for hour in range(10_000)]
    predicted = [row["count"] for row in served.predict("bikes", split(rows)).predictions]
    np.testing.assert_array_equal(predicted, [100 * (hour % 24) + 1 for hour in range(10_000)])


# Who may


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer krk_unknown", "Basic a3JrX2V2ZXJ5", "Bearer krk_old", "bearer é"]
)
def test_without_a_valid_token_nothing_is_predicted(served, header):
    """faults: 117"""
    answer = served.request("POST", "/bikes/invocations", json.dumps(split(ROWS)), Authorization=header)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "token" in answer.json["detail"]


def test_a_token_opens_its_deployments_only(served):
    """faults: 113"""
    assert served.predict("double", {"inputs": [[3.0, "answer"]]}, Authorization="Bearer krk_double").predictions == [
        6.0
    ]
    for name in ("bikes", "nobody"):
        answer = served.predict(name, split(ROWS), Authorization="Bearer krk_double")
        assert answer.status == 403
        assert name in answer.json["remedy"]


def test_a_strangers_name_for_this_machine_is_refused(served):
    """faults: 125"""
    assert served.request("GET", "/ping", Host="evil.example").status == 421
    assert served.request("GET", "/ping", Host="localhost:1234").status == 200
    assert served.request("GET", "/ping", Host="[::1]").status == 200


def test_life_and_version_need_no_token(served):
    for path in ("/ping", "/health", "/version"):
        assert served.request("GET", path, Authorization="").status == 200
    assert served.request("GET", "/metrics", Authorization="").status == 401


def test_a_deployment_says_that_it_is_ready_and_with_what(served):
    answer = served.request("GET", "/bikes/ping")
    assert (answer.status, answer.headers["X-Kronkers-Version"]) == (200, "bikes/3")


def test_what_was_answered_is_counted(served):
    served.trouble("double")
    text = served.request("GET", "/metrics").body.decode()
    assert re.search(r'kronkers_requests_total{deployment="double",[^}]*status="200"', text)
    assert re.search(r'kronkers_request_seconds_bucket{deployment="double",[^}]*le="\+Inf"', text)
    assert re.search(r'kronkers_replicas{deployment="bikes"[^}]*} 1.0', text)


def test_the_gateway_imports_nothing_that_loads_models_or_speaks_sql():
    """faults: rule 17"""
    code = "import sys, jupyter_kronkers.serving.gateway.__main__; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert loaded.isdisjoint(
        {"pandas", "mlflow", "sqlalchemy", "sklearn", "scipy", "pyarrow", "cloudpickle", "tornado"}
    )
