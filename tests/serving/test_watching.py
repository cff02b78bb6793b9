"""The dashboard and the alerts ask for what there is: a real Prometheus reads a real gateway and answers each query."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from jupyter_kronkers.serving import watching
from jupyter_kronkers.serving.gateway.metrics.families import BY_NAME, FAMILIES
from scripts.machine import find
from tests.serving.conftest import SECRET, reversed_arguments, until

DASHBOARD = json.loads(watching.dashboard())
TARGETS = [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
RULES = yaml.safe_load(watching.alerts())["groups"][0]["rules"]
EVERY = [*TARGETS, *((rule["alert"], rule["expr"]) for rule in RULES)]
SERIES = {
    name: set(family.labels) | ({"le"} if name.endswith("_bucket") else set()) | {"instance", "job", "gateway"}
    for family in FAMILIES
    for name in (family.exported, *(f"{family.name}_{end}" for end in ("bucket", "sum", "count")))
    if name == family.exported or family.kind in ("histogram", "summary")
} | {"up": {"instance", "job"}}


def filled(expr: str) -> str:
    """The query as Grafana sends it."""
    return re.sub(r"\$(deployment|version)", ".*", expr).replace("$__rate_interval", "10s")


# Without Prometheus


@pytest.mark.parametrize(("title", "expr"), EVERY)
def test_every_metric_and_label_that_is_asked_for_exists(title, expr):
    bare = re.sub(r'"[^"]*"', '""', filled(expr))
    asked = set(re.findall(r"\b(?:kronkers|process|rest_server)_\w+|\bup\b", bare))
    assert asked
    assert asked <= SERIES.keys()
    for name, inside in re.findall(r"(\w+)\{(.*?)\}", bare):
        assert set(re.findall(r"(\w+)\s*[=!]", inside)) <= SERIES[name], f"{title}: {name}"


def test_the_dashboard_is_one_that_grafana_imports():
    """The fields of Grafana's dashboard JSON, schema 41."""
    assert (DASHBOARD["schemaVersion"], DASHBOARD["title"]) == (41, "Kronkers")
    variables = {variable["name"]: variable["type"] for variable in DASHBOARD["templating"]["list"]}
    assert variables == {"datasource": "datasource", "deployment": "query", "version": "query"}
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    targets = [target for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
    assert {target["datasource"]["uid"] for target in targets} == {"${datasource}"}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= 24


def test_what_is_missing_from_the_dashboard_is_ours_to_know():
    """Every metric of ours is shown, but for those that say the same as another."""
    shown = " ".join(expr for _, expr in EVERY)
    said_otherwise = {"kronkers_rows", "kronkers_batches", "kronkers_build_info"}
    ours = {name for name in BY_NAME if name.startswith("kronkers_")} - said_otherwise
    assert {name for name in ours if name not in shown} == set()


# With Prometheus


class Prometheus:
    """A server that reads one gateway every half second."""

    def __init__(self, folder: Path, gateway_port: int) -> None:
        program = find("prometheus")
        if program is None:
            pytest.skip("Prometheus is not installed here")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        config = yaml.safe_load(watching.scraping(f"http://127.0.0.1:{gateway_port}"))
        config["global"] = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        (folder / "kronkers.rules.yaml").write_text(watching.alerts())
        (folder / "kronkers.token").write_text(SECRET)
        words = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        words += [f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"]
        with (folder / "prometheus.log").open("wb") as log:
            self.process = subprocess.Popen([program, *words], stdout=log, stderr=log)

    def ask(self, path: str, **query: str) -> dict:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", f"/api/v1/{path}?{urllib.parse.urlencode(query)}")
            return json.loads(connection.getresponse().read())
        except (OSError, ValueError):
            return {}
        finally:
            connection.close()

    def query(self, expr: str) -> list[dict]:
        answer = self.ask("query", query=expr)
        assert answer.get("status") == "success", answer
        return answer["data"]["result"]


@pytest.fixture(scope="module")
def prometheus(place, gateway, makes, double, triple) -> Iterator[Prometheus]:
    """It has read the gateway for some seconds, while there was traffic of every kind the dashboard shows."""
    sixfold = makes.python("double", 3, *reversed_arguments(6.0))
    gateway.serve("double", double, canary=triple, percent=50.0, shadow=sixfold)
    gateway.wait("double", lambda state: state.canary is not None and state.shadow is not None)
    (place / "prometheus").mkdir()
    server = Prometheus(place / "prometheus", gateway.port)

    def traffic() -> bool:
        gateway.trouble("double")
        # The canary would be withdrawn if it failed.
        bad = {"dataframe_split": {"columns": ["x", "do"], "data": [[1.0, "raise"]]}}
        assert gateway.predict("double", bad, X_Kronkers_Use="stable").status == 502
        assert gateway.predict("double", {"dataframe_split": {"columns": ["x"], "data": [[1.0]]}}).status == 422
        found = server.ask("query", query="min(count_over_time(kronkers_requests_total[1m]))").get("data", {})
        return bool(found.get("result")) and float(found["result"][0]["value"][1]) >= 4

    try:
        until(traffic, "four looks at every number", 60)
        yield server
    finally:
        server.process.terminate()
        server.process.wait(20)


@pytest.mark.slow
def test_every_panel_shows_something(prometheus):
    empty = [(title, expr) for title, expr in TARGETS if not prometheus.query(filled(expr))]
    assert empty == []


@pytest.mark.slow
def test_the_numbers_are_those_of_the_traffic(prometheus):
    [canary, wanted] = [filled(expr) for title, expr in TARGETS if title == "Canary"]
    split = {one["metric"]["use"]: float(one["value"][1]) for one in prometheus.query(canary)}
    assert split.keys() == {"stable", "canary"}
    assert sum(split.values()) == pytest.approx(1.0)
    assert [float(one["value"][1]) for one in prometheus.query(wanted)] == [0.5]
    [errors] = [expr for title, expr in TARGETS if title == "Share of errors"]
    [share] = [float(one["value"][1]) for one in prometheus.query(filled(errors))]
    assert 0.2 < share < 0.5  # one request in three raises


@pytest.mark.slow
def test_the_variables_of_the_dashboard_find_deployments_and_versions(prometheus):
    answer = prometheus.ask("label/deployment/values", **{"match[]": "kronkers_live_version"})
    assert answer["data"] == ["double"]
    answer = prometheus.ask("label/version/values", **{"match[]": 'kronkers_requests_total{deployment=~"double"}'})
    assert {"1", "2"} <= set(answer["data"])


@pytest.mark.slow
def test_prometheus_takes_the_rules_and_finds_the_gateway_well(prometheus):
    until(lambda: prometheus.ask("rules").get("data", {}).get("groups"), "the rules")
    [group] = prometheus.ask("rules")["data"]["groups"]
    until(lambda: all(r["health"] == "ok" for r in prometheus.ask("rules")["data"]["groups"][0]["rules"]), "a look")
    assert [rule["name"] for rule in group["rules"]] == [rule["alert"] for rule in RULES]
    assert prometheus.query('up{job="kronkers"}')[0]["value"][1] == "1"


def test_alerts_fire_when_they_should_and_only_then(tmp_path):
    promtool = find("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed here")
    (tmp_path / "kronkers.rules.yaml").write_text(watching.alerts())
    (tmp_path / "test.yaml").write_text((Path(__file__).parent / "alerts_fire.yaml").read_text())
    done = subprocess.run(
        [promtool, "test", "rules", "test.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
