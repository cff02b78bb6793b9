"""What is counted is true, and Prometheus can read it."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from jupyter_kronkers.serving.gateway import tallies
from jupyter_kronkers.serving.gateway.metrics import siblings
from jupyter_kronkers.serving.gateway.metrics.exposition import PIECE, written
from jupyter_kronkers.serving.gateway.metrics.families import BY_NAME, FAMILIES, Sample, Told
from jupyter_kronkers.serving.gateway.tallies import Measures, Tallies
from scripts.machine import find
from tests.serving.conftest import SECRET, Gateway, reversed_arguments, until

Value = dict[tuple[str, frozenset[tuple[str, str]]], float]


def values(text: str) -> Value:
    """Every sample by its name and labels."""
    samples = [sample for family in plain(text) for sample in family.samples]
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}


def value(text: str, name: str, **labels: str) -> float:
    """The sum of what has these labels."""
    wanted = labels.items()
    return sum(found for (one, has), found in values(text).items() if one == name and wanted <= dict(has).items())


def scraped(gateway: Gateway, accept: str = "") -> str:
    answer = gateway.request("GET", "/metrics", Accept=accept)
    assert answer.status == 200
    return answer.body.decode()


@pytest.fixture(scope="module")
def served(gateway, double):
    """With 5 answers of three rows, 2 refused requests and an unknown token."""
    gateway.serve("double", double)
    for _ in range(5):
        rows = {"columns": ["x", "do"], "data": [[1.0, "answer"]] * 3}
        assert gateway.predict("double", {"dataframe_split": rows}).status == 200
    for _ in range(2):
        assert gateway.predict("double", {"dataframe_split": {"columns": ["x"], "data": [[1.0]]}}).status == 422
    assert gateway.request("GET", "/metrics", Authorization="Bearer nobody").status == 401
    return gateway


# What a gateway tells


def test_answers_and_rows_are_counted_by_version_use_and_status(served):
    text = scraped(served)
    who = {"deployment": "double", "version": "1", "use": "stable"}
    assert value(text, "kronkers_requests_total", **who, status="200") == 5
    assert value(text, "kronkers_requests_total", deployment="double", status="422") == 2
    assert value(text, "kronkers_rows_total", **who) == 15
    assert value(text, "kronkers_request_seconds_count", **who, status="200") == 5
    assert value(text, "kronkers_refused_total", deployment="double") == 2
    assert value(text, "kronkers_refused_total", deployment="", reason="unauthenticated") >= 1


def test_time_is_counted_where_it_goes(served):
    text = scraped(served)
    parts = [value(text, f"kronkers_{part}_seconds_sum", deployment="double") for part in ("queue", "host", "after")]
    whole = value(text, "kronkers_request_seconds_sum", deployment="double", status="200")
    assert all(part >= 0 for part in parts)
    assert 0 < parts[1] <= whole + 0.005
    assert value(text, "kronkers_host_seconds_count", deployment="double") == 5
    assert value(text, "kronkers_batch_requests_sum", deployment="double") == 5
    assert value(text, "kronkers_batch_rows_sum", deployment="double") == 15


def test_mlserver_and_kserve_find_what_they_call_it(served):
    """The names and labels of MLServer 1.7.1, starlette-exporter 0.24 and KServe 0.21, read in their sources."""
    text = scraped(served)
    model = {"model": "double", "version": "1"}
    assert value(text, "model_infer_request_success_total", **model) == 5
    assert value(text, "model_infer_request_failure_total", model="double") == 2
    assert value(text, "model_infer_request_duration_count", model="double") == 7
    assert value(text, "batch_request_queue_count", model_name="double", model_version="1") == 5
    rest = {"method": "POST", "path": "/double", "app_name": "kronkers", "status_code": "200"}
    assert value(text, "rest_server_requests_total", **rest) == 5
    assert value(text, "rest_server_request_duration_seconds_count", **rest) == 5
    assert value(text, "request_predict_seconds_count", model_name="double") == 5
    assert value(text, "request_postprocess_seconds_count", model_name="double") == 5


def test_deployments_and_processes_say_how_they_are(served):
    until(lambda: value(scraped(served), "kronkers_replica_memory_bytes", deployment="double") > 1e6, "the memory")
    text = scraped(served)
    assert value(text, "kronkers_replicas", deployment="double", role="live", state="idle") == 1
    assert value(text, "kronkers_deployment_state", deployment="double", state="ready") == 1
    assert value(text, "kronkers_deployment_state", deployment="double") == 1
    assert value(text, "kronkers_live_version", deployment="double", model="double") == 1
    assert value(text, "process_resident_memory_bytes") > 1e6
    assert value(text, "kronkers_gateway_processes_answering") == 1


def test_a_canary_and_a_shadow_are_counted_apart(gateway, makes, double, triple):
    sixfold = makes.python("double", 3, *reversed_arguments(6.0))
    gateway.serve("both", double, canary=triple, percent=50.0, shadow=sixfold)
    gateway.wait("both", lambda state: state.canary is not None and state.shadow is not None)
    for _ in range(10):
        assert gateway.trouble("both", x=1.0).status == 200
    until(lambda: value(scraped(gateway), "kronkers_shadow_total", deployment="both", fate="different") > 0, "a copy")
    text = scraped(gateway)
    assert value(text, "kronkers_requests_total", deployment="both", version="1", use="stable") == 5
    assert value(text, "kronkers_requests_total", deployment="both", version="2", use="canary") == 5
    assert value(text, "kronkers_canary_share", deployment="both") == 0.5


def test_a_scraper_gets_the_form_it_asks_for(served):
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    answer = served.request("GET", "/metrics", Accept=accept)
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert "kronkers_requests" in {family.name for family in openmetrics(answer.body.decode())}
    assert served.request("GET", "/metrics").headers["Content-Type"].startswith("text/plain; version=0.0.4")


def test_promtool_finds_nothing_wrong_but_names_that_others_chose(served):
    promtool = find("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed here")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=scraped(served), capture_output=True, text=True, check=False
    )
    said = {line.partition(" ")[0] for line in (done.stdout + done.stderr).splitlines()}
    assert not any(name.startswith("kronkers_") for name in said), done.stderr + done.stdout


def test_every_family_has_a_word_and_is_named_once():
    assert len(BY_NAME) == len(FAMILIES)
    assert all(family.words.endswith(".") and len(family.words) > 10 for family in FAMILIES)


# Several gateways on one port


@pytest.fixture
def pair(place, makes, double) -> Iterator[tuple[Gateway, Gateway]]:
    """Two gateway processes whose admin sockets lie in one folder."""
    gateways = []
    for number in range(2):
        gateway = Gateway(makes.folders, place)
        gateway.admin = str(place / f"twin.{number}")
        gateway.start()
        gateway.serve("double", double)
        gateways.append(gateway)
    yield gateways[0], gateways[1]
    for gateway in gateways:
        gateway.stop()
        gateway.socket.close()


def test_each_process_tells_for_all(pair):
    one, other = pair
    for gateway, requests in ((one, 2), (other, 3)):
        for _ in range(requests):
            assert gateway.trouble("double").status == 200
    for gateway in pair:
        text = scraped(gateway)
        who = {"deployment": "double", "status": "200"}
        assert value(text, "kronkers_requests_total", **who) == 5
        assert value(text, "kronkers_requests_total", **who, gateway="1") == 3
        assert value(text, "kronkers_gateway_processes_answering") == 2
    other.process.kill()
    other.process.wait()
    text = scraped(one)
    assert value(text, "kronkers_requests_total", deployment="double", status="200") == 2
    assert value(text, "kronkers_gateway_processes") == 2
    assert value(text, "kronkers_gateway_processes_answering") == 1


def test_a_sibling_that_is_dead_or_silent_is_left_out(place):
    told = Told("1", {"kronkers_rows": [Sample(("d", "1", "stable"), 7)]})
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(place / "odd.3"))
    assert asyncio.run(asked_beside_a_mute(place, told)) == [told]


async def asked_beside_a_mute(place: Path, told: Told) -> list[Told]:
    body = msgspec.json.encode(told)

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        writer.close()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    talker = await asyncio.start_unix_server(answers, place / "odd.1")
    mute = await asyncio.start_unix_server(silent, place / "odd.2")
    found = siblings.siblings_of(place / "odd.0")
    assert [path.name for path in found] == ["odd.1", "odd.2", "odd.3"]
    try:
        return await siblings.ask_all(found)
    finally:
        talker.close()
        mute.close()


def test_a_socket_without_a_number_has_no_siblings(tmp_path):
    (tmp_path / "admin.1").touch()
    assert siblings.siblings_of(tmp_path / "admin") == []
    assert (siblings.slot_of(tmp_path / "admin"), siblings.slot_of(tmp_path / "admin.1")) == ("", "1")


# Writing


def told_of(*deployments: str) -> Told:
    samples = [Sample((name, "1", "stable"), 1) for name in deployments]
    return Told("", {"kronkers_rows": samples})


def test_labels_may_hold_anything():
    name = 'say "hi"\\\n'
    text, _ = asyncio.run(written([told_of(name)], ""))
    assert {dict(labels)["deployment"] for _, labels in values(text.decode())} == {name}


@pytest.mark.parametrize("read", [plain, openmetrics])
def test_what_is_written_in_pieces_reads_as_one(read):
    accept = "application/openmetrics-text" if read is openmetrics else ""
    names = [f"d{number}" for number in range(3 * PIECE + 1)]
    text, _ = asyncio.run(written([told_of(*names)], accept))
    [family] = [family for family in read(text.decode()) if family.samples]
    assert sorted(sample.labels["deployment"] for sample in family.samples) == sorted(names)
    assert len(re.findall(rb"# HELP kronkers_rows", text)) == 1


# Counting


def asked(rows: int, since: float) -> SimpleNamespace:
    return SimpleNamespace(rows=rows, since=since)


def test_each_request_of_a_batch_counts_with_its_own_wait():
    measures = Measures()
    batch = [asked(1, 9.0), asked(2, 9.996)]
    sent = measures.sent(batch, 3, 10.0)
    measures.answered(batch, measures.heard(batch, sent))
    assert measures.queue.total == pytest.approx(1.004)
    assert measures.queue.buckets[tallies.BOUNDS_S.index(1.0)] == 1
    assert measures.queue.buckets[tallies.BOUNDS_S.index(0.005)] == 1
    assert (sum(measures.host.buckets), sum(measures.after.buckets)) == (2, 2)
    assert (measures.requests.total, measures.rows.total, measures.found.total) == (2, 3, 5)


def test_a_version_that_is_loaded_again_goes_on_counting():
    found = Tallies()
    found.measures("d", 1).stable.count(200, 0.1, 1)
    found.forget({"d"}, set())
    assert found.measures("d", 1).stable.rows == 1


def test_what_is_gone_for_a_while_is_forgotten(monkeypatch):
    found = Tallies()
    found.measures("gone", 1)
    found.measures("here", 1)
    found.of("gone").count(503, 0.1, 0)
    found.refuse("gone", "unavailable")
    found.refuse("", "unauthenticated")
    found.forget({"here"}, {("here", 1)})
    assert len(found.versions) == 2
    monkeypatch.setattr(tallies, "FORGET_S", -1.0)
    found.forget({"here"}, {("here", 1)})
    assert (list(found.versions), found.without, list(found.refusals)) == (
        [("here", 1)],
        {},
        [("", "unauthenticated")],
    )


def test_of_many_versions_that_went_only_the_latest_are_remembered():
    found = Tallies()
    for number in range(1, 200):
        found.measures("swaps", number)
        found.forget({"swaps"}, {("swaps", number)})
    assert len(found.versions) <= tallies.MOST_LEFT + 1
    assert ("swaps", 199) in found.versions


def test_reasons_cannot_grow_without_end():
    found = Tallies()
    for number in range(1_000):
        found.refuse("", f"code_{number}")
    assert len(found.refusals) <= tallies.MOST_REASONS + 1
    assert sum(found.refusals.values()) == 1_000


def test_a_gateway_starts_without_prometheus_client():
    code = "import sys, jupyter_kronkers.serving.gateway.__main__; print('prometheus_client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_tallies_are_for_siblings_only(served):
    assert served.ask_admin("GET", "/tallies").status == 200
    assert served.request("GET", "/tallies", Authorization=f"Bearer {SECRET}").status == 404
