"""Every protocol against a real gateway with a real host, by bare HTTP and by the clients that people have."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import threading
import zlib

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_kronkers.serving.gateway.protocols.forms import CONTENT_TYPES
from jupyter_kronkers.serving.gateway.routes import Grant
from tests.serving.bikes import BIKES, EXPECTED, NAMES, RECORDS, ROWS, recipe, split
from tests.serving.conftest import SECRET, gone, until

ARROW = "application/vnd.apache.arrow.stream"
TABLE = pa.table(dict(zip(NAMES, (pa.array(column) for column in zip(*ROWS, strict=True)), strict=True)))


@pytest.fixture(scope="module")
def served(gateway, makes, double):
    gateway.grants.append(Grant(hashlib.sha256(b"krk_bikes").hexdigest(), ("bikes",)))
    gateway.grants.append(Grant(hashlib.sha256(b"krk_two").hexdigest(), ("bikes", "double")))
    gateway.serve("double", double)
    gateway.serve("bikes", makes.python("bikes", 3, {}, BIKES, recipe()))
    return gateway


def arrow(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)
    return sink.getvalue().to_pybytes()


def parquet(frame: pd.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.to_parquet(out)
    return out.getvalue()


def tensors(rows=ROWS) -> dict:
    kinds = ("INT64", "FP64", "BYTES", "BOOL")
    columns = zip(NAMES, kinds, zip(*rows, strict=True), strict=True)
    return {"inputs": [{"name": n, "datatype": k, "shape": [len(rows)], "data": list(c)} for n, k, c in columns]}


# Arrow, Parquet, CSV


def test_arrow_and_parquet_give_the_same_answers(served):
    frame = pd.DataFrame(RECORDS)
    file = pa.BufferOutputStream()
    with pa.ipc.new_file(file, TABLE.schema) as out:
        out.write_table(TABLE)
    bodies = {
        ARROW: arrow(TABLE),
        "application/vnd.apache.arrow.file": file.getvalue().to_pybytes(),
        "application/vnd.apache.parquet": parquet(frame),
        "application/x-parquet": parquet(frame.set_index("hr").reset_index()[NAMES[::-1]]),
    }
    for kind, body in bodies.items():
        assert served.request("POST", "/bikes/invocations", body, Content_Type=kind).predictions == EXPECTED


def test_the_answer_has_the_form_that_was_asked_for(served):
    body = json.dumps(split(ROWS))
    table = served.request("POST", "/bikes/invocations", body, Accept=f"text/csv;q=0.5, {ARROW}")
    assert table.headers["Content-Type"] == ARROW
    assert pa.ipc.open_stream(table.body).read_all().to_pylist() == EXPECTED
    lines = served.request("POST", "/bikes/invocations", body, Accept="text/csv")
    assert lines.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert lines.body == b"count,busy\r\n708.5,false\r\n1203.5,true\r\n"
    assert served.request("POST", "/bikes/invocations", body, Accept="text/html, */*;q=0.1").predictions == EXPECTED


def test_no_rows_are_answered_in_every_form(served):
    """faults: 48"""
    empty = arrow(TABLE.slice(0, 0))
    answer = served.request("POST", "/bikes/invocations", empty, Content_Type=ARROW, Accept=ARROW)
    assert pa.ipc.open_stream(answer.body).read_all().num_rows == 0
    assert served.request("POST", "/bikes/invocations", empty, Content_Type=ARROW).predictions == []
    lines = served.request("POST", "/bikes/invocations", ",".join(NAMES), Content_Type="text/csv", Accept="text/csv")
    assert lines.body == b"count,busy\r\n"


@pytest.mark.parametrize("kind", [ARROW, "application/vnd.apache.arrow.file", "application/x-parquet"])
@pytest.mark.parametrize("body", [b"", b"PAR1", b"\xff\xff\xff\xff\xff\xff\xff\x7f" * 4, b"ARROW1\0\0" * 9])
def test_a_damaged_table_costs_its_sender_only(served, kind, body):
    """faults: 56"""
    answer = served.request("POST", "/bikes/invocations", body, Content_Type=kind)
    assert answer.status in (400, 413), answer.body
    assert served.predict("bikes", split(ROWS)).predictions == EXPECTED


def test_a_table_without_our_columns_names_them_all(served):
    """faults: 45"""
    answer = served.request("POST", "/bikes/invocations", arrow(pa.table({"x": [1]})), Content_Type=ARROW)
    assert answer.status == 422
    assert [fault["field"] for fault in answer.json["faults"]] == [f"columns.{name}" for name in NAMES]


# Large bodies and answers


def test_large_bodies_of_every_form_are_read_elsewhere_and_right(served):
    """faults: 49, 69"""
    rows = [[n % 24, 0.0, "winter", False] for n in range(20_000)]
    expected = [100.0 * (n % 24) + 1 for n in range(20_000)]
    frame = pd.DataFrame(rows, columns=NAMES)
    bodies = {
        "application/json": json.dumps(split(rows)).encode(),
        "text/csv": frame.to_csv(index=False).encode(),
        ARROW: arrow(pa.Table.from_pandas(frame)),
        "application/x-parquet": parquet(frame),
    }
    for kind, body in bodies.items():
        answer = served.request("POST", "/bikes/invocations", body, Content_Type=kind, Accept_Encoding="gzip")
        assert answer.headers["Content-Encoding"] == "gzip"
        predicted = json.loads(gzip.decompress(answer.body))["predictions"]
        assert [row["count"] for row in predicted] == expected
    answer = served.request("POST", "/v2/models/bikes/infer", json.dumps(tensors(rows)))
    assert answer.json["outputs"][0]["data"] == expected


def test_a_large_body_with_faults_is_refused_in_words(served):
    """faults: 44, 45, 49"""
    rows = [[n % 24, 0.0, "winter", False] for n in range(20_000)]
    rows[11_111][1] = None
    answer = served.predict("bikes", split(rows))
    assert (answer.status, answer.json["faults"][0]["field"]) == (422, "columns.temp[11111]")
    assert served.predict("bikes", {"inputs": [ROWS[0]] * 100_001}).status == 413
    wide = {"dataframe_split": {"columns": [f"c{n}" for n in range(10_000)], "data": [[0.5] * 10_000] * 5}}
    assert served.predict("bikes", wide).status == 422


def test_readers_die_without_harm_and_end_with_the_gateway(served):
    """faults: 56, 159"""

    def readers():
        children = psutil.Process(served.process.pid).children(recursive=True)
        return [one for one in children if "protocols.reader" in " ".join(one.cmdline())]

    body = arrow(TABLE)
    for _ in range(3):
        assert served.request("POST", "/bikes/invocations", body, Content_Type=ARROW).predictions == EXPECTED
        for reader in readers():
            reader.kill()
    assert served.request("POST", "/bikes/invocations", body, Content_Type=ARROW).predictions == EXPECTED
    assert len(readers()) == 1


# Codings


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_a_body_may_be_coded_once(served, coding, pack):
    """faults: 51"""
    body = json.dumps(split(ROWS)).encode()
    assert served.request("POST", "/bikes/invocations", pack(body), Content_Encoding=coding).predictions == EXPECTED
    assert served.request("POST", "/bikes/invocations", body, Content_Encoding=coding).status == 400
    twice = served.request("POST", "/bikes/invocations", gzip.compress(pack(body)), Content_Encoding="gzip")
    assert twice.status == 400


@pytest.mark.slow
def test_a_bomb_is_refused_and_memory_stays(served):
    """faults: 22, 51"""
    bomb = gzip.compress(bytes(1 << 30), 9)
    before = psutil.Process(served.process.pid).memory_info().rss
    for kind in ("application/json", ARROW):
        answer = served.request("POST", "/bikes/invocations", bomb, Content_Encoding="gzip", Content_Type=kind)
        assert (answer.status, answer.json["code"]) == (413, "too_large")
    assert psutil.Process(served.process.pid).memory_info().rss - before < 64 << 20


# The Open Inference Protocol


def test_the_server_says_that_it_lives_and_what_it_can(served):
    assert served.request("GET", "/v2/health/live", Authorization="").json == {"live": True}
    assert served.request("GET", "/v2/health/ready", Authorization="").json == {"ready": True}
    assert served.request("GET", "/v2", Authorization="").json["extensions"] == ["binary_tensor_data"]


def test_a_model_says_what_it_takes_and_gives(served):
    told = served.request("GET", "/v2/models/bikes").json
    assert (told["name"], told["versions"], told["platform"]) == ("bikes", ["3"], "kronkers_python")
    assert [(one["name"], one["datatype"], one["shape"]) for one in told["inputs"]] == [
        ("hr", "INT64", [-1]),
        ("temp", "FP64", [-1]),
        ("season", "BYTES", [-1]),
        ("working", "BOOL", [-1]),
    ]
    assert [one["datatype"] for one in told["outputs"]] == ["FP64", "BOOL"]
    assert served.request("GET", "/v2/models/bikes/ready").json == {"name": "bikes", "ready": True}


def test_an_inference_request_is_answered(served):
    answer = served.request("POST", "/v2/models/bikes/infer", json.dumps(tensors() | {"id": "my-1"})).json
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("bikes", "3", "my-1")
    assert [one["data"] for one in answer["outputs"]] == [[708.5, 1203.5], [False, True]]


def test_an_address_may_insist_on_a_version(served):
    body = json.dumps(tensors())
    assert served.request("POST", "/v2/models/bikes/versions/3/infer", body).status == 200
    assert served.request("GET", "/v2/models/bikes/versions/3").json["versions"] == ["3"]
    answer = served.request("POST", "/v2/models/bikes/versions/2/infer", body)
    assert answer.status == 404
    assert "bikes 3 answers now" in answer.json["error"]


def test_tensors_may_follow_the_json_as_bytes(served):
    parts = [struct.pack("<2q", 7, 12), struct.pack("<2d", 0.5, 0.25), b"\x06\0\0\0summer\x06\0\0\0winter", b"\x01\0"]
    head = tensors()
    for tensor, part in zip(head["inputs"], parts, strict=True):
        del tensor["data"]
        tensor["parameters"] = {"binary_data_size": len(part)}
    head["parameters"] = {"binary_data_output": True}
    text = json.dumps(head).encode()
    length = {"Inference_Header_Content_Length": str(len(text))}
    for kind in ("application/octet-stream", "application/json", ""):
        answer = served.request("POST", "/v2/models/bikes/infer", text + b"".join(parts), Content_Type=kind, **length)
        assert answer.status == 200, answer.body
        behind = answer.body[int(answer.headers["Inference-Header-Content-Length"]) :]
        assert behind == struct.pack("<2d", 708.5, 1203.5) + b"\x00\x01"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "application/octet-stream"}, 415),
        ({"Content_Type": "application/vnd.bentoml+pickle"}, 415),
        ({"Content_Type": "text/csv"}, 415),
        ({"Inference_Header_Content_Length": "-1"}, 400),
        ({"Inference_Header_Content_Length": "1e3"}, 400),
        ({"Inference_Header_Content_Length": "999999"}, 400),
    ],
)
def test_other_types_and_lengths_are_refused(served, headers, status):
    """faults: 53, 55"""
    answer = served.request("POST", "/v2/models/bikes/infer", json.dumps(tensors()), **headers)
    assert answer.status == status
    assert answer.json["error"]


def test_tritons_clients_send_no_type(served):
    """With tensors as JSON and with bytes behind it, python/gevent-http-client sends Host and Content-Length only."""
    answer = served.request("POST", "/v2/models/bikes/infer", json.dumps(tensors()), Content_Type="")
    assert answer.json["outputs"][0]["data"] == [708.5, 1203.5]


def test_errors_speak_to_inference_clients_too(served):
    answer = served.request("POST", "/v2/models/bikes/infer", '{"inputs": []}')
    assert answer.status == 422
    assert answer.json["error"] == answer.json["message"]
    assert served.request("POST", "/v2/models/nobody/infer", "{}").json["error"]


# Clients that people have


def test_mlflows_scoring_client_is_served_at_the_root(served):
    """Its base address has no place for a name, so the token says which deployment is meant."""
    from mlflow.pyfunc.scoring_server.client import ScoringServerClient

    client = ScoringServerClient("me:krk_bikes@127.0.0.1", served.port)
    client.wait_server_ready(timeout=10)
    assert client.get_version()
    frame = pd.DataFrame(RECORDS)
    assert client.invoke(frame).get_predictions().to_dict("records") == EXPECTED
    assert client.invoke(frame, params={}).get_predictions().to_dict("records") == EXPECTED
    with pytest.raises(Exception, match="params: this model takes none"):
        client.invoke(frame, params={"temperature": 0.5})


def test_mlflows_scoring_client_is_served_below_a_name(served):
    from mlflow.pyfunc.scoring_server.client import ScoringServerClient

    client = ScoringServerClient(f"me:{SECRET}@127.0.0.1", f"{served.port}/bikes")
    client.ping()
    assert client.invoke(pd.DataFrame(RECORDS)).get_predictions().to_dict("records") == EXPECTED


def test_the_root_serves_tokens_for_one_deployment_only(served):
    body = json.dumps(split(ROWS))
    assert served.request("POST", "/invocations", body, Authorization="Bearer krk_bikes").predictions == EXPECTED
    for token in ("krk_two", SECRET):
        answer = served.request("POST", "/invocations", body, Authorization=f"Bearer {token}")
        assert answer.status == 422
        assert "/{deployment}/invocations" in answer.json["remedy"]
    assert served.request("POST", "/invocations", body, Authorization="").status == 401


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_password_that_a_browser_adds_elsewhere_opens_nothing(served, site):
    """faults: 119"""
    basic = {"Authorization": "Basic bWU6a3JrX2Jpa2Vz"}
    assert served.request("POST", "/invocations", json.dumps(split(ROWS)), **basic).predictions == EXPECTED
    assert served.request("POST", "/invocations", json.dumps(split(ROWS)), Sec_Fetch_Site=site, **basic).status == 401


# Deadlines


@pytest.mark.parametrize("given", ["0", "-1", "junk", "1.5", "1e3", "+5", "00", "٣"])
def test_a_deadline_that_is_none_is_refused(served, given):
    """faults: 61"""
    answer = served.request("POST", "/bikes/invocations", json.dumps(split(ROWS)), X_Kronkers_Timeout_Ms=given.encode())
    assert (answer.status, answer.json["faults"][0]["field"]) == (422, "X-Kronkers-Timeout-Ms")


@pytest.mark.parametrize("given", ["1000000000000", "9" * 30, "0060000"])
def test_a_long_deadline_is_the_deployments_own(served, given):
    """faults: 61"""
    answer = served.request("POST", "/bikes/invocations", json.dumps(split(ROWS)), X_Kronkers_Timeout_Ms=given)
    assert answer.predictions == EXPECTED


def test_who_waits_no_longer_is_told_so(served):
    """faults: 61"""
    body = json.dumps({"dataframe_split": {"columns": ["x", "do"], "data": [[1.0, "slow"]] * 10}})
    answer = served.request("POST", "/double/invocations", body, X_Kronkers_Timeout_Ms="100")
    assert (answer.status, answer.json["code"]) == (504, "timed_out")
    assert "0.1 s" in answer.json["detail"]


# Keys


def keyed(served, key: str, body: object, **headers: str):
    return served.predict("bikes", body, Idempotency_Key=key, **headers)


def test_a_repeated_request_is_answered_as_before(served):
    """faults: 59"""
    first, again = (keyed(served, "once", split(ROWS)) for _ in range(2))
    assert (first.predictions, again.predictions) == (EXPECTED, EXPECTED)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.headers["Idempotency-Replayed"] is None
    assert again.headers["X-Kronkers-Prediction-Id"] == first.headers["X-Kronkers-Prediction-Id"]


def test_a_key_is_for_one_request_of_one_token(served):
    """faults: 59"""
    keyed(served, "mine", split(ROWS))
    other = keyed(served, "mine", split(ROWS[:1]))
    assert (other.status, other.json["code"]) == (422, "key_reused")
    assert keyed(served, "mine", split(ROWS), Accept="text/csv").status == 422
    assert keyed(served, "mine", split(ROWS[:1]), Authorization="Bearer krk_bikes").predictions == EXPECTED[:1]


def test_a_refused_request_frees_its_key(served):
    """faults: 59"""
    assert keyed(served, "fixed", split([[1]], ["hr"])).status == 422
    assert keyed(served, "fixed", split(ROWS)).predictions == EXPECTED


def test_a_request_that_is_still_answered_is_a_conflict(served):
    """faults: 59"""
    slow = {"dataframe_split": {"columns": ["x", "do"], "data": [[1.0, "slow"]] * 5}}
    answers = []

    def ask():
        answers.append(served.predict("double", slow, Idempotency_Key="slow"))

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert sorted(answer.status for answer in answers) == [200, 409]
    busy = max(answers, key=lambda answer: answer.status)
    assert (busy.json["code"], busy.headers["Retry-After"]) == ("still_running", "1")
    assert served.predict("double", slow, Idempotency_Key="slow").headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("key", ["x" * 256, "a b", "caf\xe9", ""])
def test_a_key_that_is_none_is_refused(served, key):
    """faults: 59"""
    body = json.dumps(split(ROWS))
    connection = served.connection()
    connection.request(
        "POST",
        "/bikes/invocations",
        body,
        {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json", "Idempotency-Key": key},
    )
    assert connection.getresponse().status == 422
    connection.close()


# Anything at all


SEEDS = [json.dumps(split(ROWS)).encode(), json.dumps(tensors()).encode(), arrow(TABLE), parquet(pd.DataFrame(RECORDS))]
KINDS = st.sampled_from([*CONTENT_TYPES, "application/octet-stream"])
CODINGS = st.sampled_from(["identity", "gzip", "deflate"])


@st.composite
def damaged(draw):
    """Bytes of any kind, or a good body of which some bytes are others."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=200))
    body = bytearray(draw(st.sampled_from(SEEDS)))
    for place, byte in draw(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=3)):
        body[place % len(body)] = byte
    return bytes(body[: draw(st.integers(0, len(body)))])


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    damaged(),
    KINDS,
    CODINGS,
    st.booleans(),
    st.sampled_from(["/bikes/invocations", "/v2/models/bikes/infer"]),
    st.sampled_from([{}, {"Inference_Header_Content_Length": "20"}, {"Accept": ARROW}, {"Accept": "text/csv"}]),
)
def test_any_bytes_are_answered_or_refused_in_words(served, body, kind, coding, honest, path, headers):
    """faults: 41, 43, 50, 51, 56"""
    if honest and coding != "identity":
        body = {"gzip": gzip.compress, "deflate": zlib.compress}[coding](body)
    answer = served.request("POST", path, body, Content_Type=kind, Content_Encoding=coding, **headers)
    assert answer.status in (200, 400, 413, 415, 422, 502), (answer.status, answer.body)
    assert answer.status == 200 or answer.json["message"]


# Every address


ADDRESSES = {
    "/invocations": "POST",
    "/bikes/invocations": "POST",
    "/v2/models/bikes/infer": "POST",
    "/v2/models/bikes/versions/3/infer": "POST",
    "/v2/models/bikes": "GET",
    "/v2/models/bikes/ready": "GET",
    "/v2/models/bikes/versions/3": "GET",
    "/v2": "GET",
    "/v2/health/live": "GET",
    "/v2/health/ready": "GET",
    "/bikes/docs": "GET",
    "/bikes/openapi.json": "GET",
    "/bikes/version": "GET",
    "/bikes/health": "GET",
    "/version": "GET",
}


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_address_has_one_method(served, path):
    """faults: 57"""
    for method in {"GET", "POST", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "CONNECT"} - {ADDRESSES[path]}:
        answer = served.request(method, path)
        assert (answer.status, answer.headers["Allow"]) == (405, ADDRESSES[path]), method


@pytest.mark.parametrize(
    "path",
    [
        "/v2/",
        "/v2//models/bikes/infer",
        "/v2/models/../bikes/infer",
        "/v2/models/%62ikes/infer",
        "/v2/models/bikes;v=1/infer",
        "/v2/models/bikes/infer/",
        "/v2/models/bikes/versions/03/infer",
        "/v2/models/bikes/versions/0/infer",
        "/v2/models/bikes/versions/3x/infer",
        "/v2/models",
        "/bikes/docs/",
        "/bikes//docs",
        "/bikes/./docs",
        "/bikes/openapi.json%00",
        "/invocations/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_only_one_spelling_is_known(served, path, method):
    """faults: 1, 2, 58"""
    assert served.request(method, path, "{}").status == 404
    assert served.request(method, path, "{}", Authorization="").status == 401


def test_a_query_changes_nothing(served):
    """faults: 58"""
    assert served.request("POST", "/bikes/invocations?x=/../double", json.dumps(split(ROWS))).predictions == EXPECTED


def test_ten_thousand_binary_rows_come_back_right(served):
    values = np.arange(10_000.0)
    parts = [np.zeros(10_000, "<i8"), values, np.zeros(10_000, bool)]
    names = [("hr", "INT64"), ("temp", "FP64"), ("working", "BOOL")]
    inputs = [
        {"name": n, "datatype": k, "shape": [10_000, 1], "parameters": {"binary_data_size": part.nbytes}}
        for (n, k), part in zip(names, parts, strict=True)
    ]
    inputs.append({"name": "season", "datatype": "BYTES", "shape": [10_000], "data": ["winter"] * 10_000})
    outputs = [{"name": "count", "parameters": {"binary_data": True}}]
    text = json.dumps({"inputs": inputs, "outputs": outputs}).encode()
    body = text + b"".join(part.tobytes() for part in parts)
    length = {"Inference_Header_Content_Length": str(len(text))}
    answer = served.request("POST", "/v2/models/bikes/infer", body, **length)
    behind = answer.body[int(answer.headers["Inference-Header-Content-Length"]) :]
    np.testing.assert_array_equal(np.frombuffer(behind, "<f8"), 10 * values + 1)


def test_readers_are_gone_when_the_gateway_is(served):
    """faults: 164. Last of this file: it ends the gateway."""
    children = [one.pid for one in psutil.Process(served.process.pid).children(recursive=True)]
    served.process.kill()
    served.process.wait()
    until(lambda: gone(children), "the end of readers and hosts")
