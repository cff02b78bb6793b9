"""What a person takes elsewhere: an export, manifests for a cluster, and what Prometheus and Grafana need."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml

from jupyter_kronkers.cli.program import NOT_RUNNING, REFUSED

ROWS = "hr,temp,weather\n2,1.5,dry\n"


@pytest.mark.slow
def test_a_version_is_exported_verified_and_described_for_a_cluster(kronkers, raw_capture, tmp_path):
    for _ in range(2):
        assert kronkers("models", "register", "bikes", "--capture", str(raw_capture)).code == 0
    place = tmp_path / "bikes-1"
    assert "Exported bikes 1" in kronkers("models", "export", "bikes", "1", str(place)).out
    scored = subprocess.run(
        [sys.executable, place / "run", "score"], input=ROWS, capture_output=True, text=True, check=True
    )
    assert scored.stdout == "prediction\n19.0\n"
    assert kronkers("models", "verify", str(place), "--json").json["version"] == 1
    (place / "run").write_text("#!/bin/sh\necho fine\n")
    refused = kronkers("models", "verify", str(place))
    assert (refused.code, "run was changed" in refused.err) == (REFUSED, True)

    kronkers("models", "alias", "bikes", "champion", "1")
    created = kronkers("deployments", "create", "rides", "bikes", "--limit", "idle_s=60")
    assert created.code == 0, created.err
    service, deployment, _ = yaml.safe_load_all(kronkers("deployments", "manifest", "rides").out)
    assert service["spec"]["predictor"]["minReplicas"] == 0
    assert service["spec"]["predictor"]["containers"][0]["image"] == "bikes:1"
    digest = kronkers("models", "show", "bikes", "1", "--json").json["digest"]
    assert deployment["metadata"]["annotations"]["kronkers/digest"] == f"sha256:{digest}"

    assert kronkers("deployments", "update", "rides", "--canary", "2", "--percent", "20").code == 0
    words = ("deployments", "manifest", "rides", "--kind", "kserve", "--image")
    [service] = yaml.safe_load_all(kronkers(*words, "example.org/bikes").out)
    predictor = service["spec"]["predictor"]
    assert (predictor["canaryTrafficPercent"], predictor["containers"][0]["image"]) == (20, "example.org/bikes:2")
    assert "without a tag" in kronkers(*words, "example.org/bikes:blue").err


def test_what_prometheus_and_grafana_need_is_printed(kronkers):
    assert json.loads(kronkers("metrics", "dashboard").out)["title"] == "Kronkers"
    assert yaml.safe_load(kronkers("metrics", "alerts").out)["groups"]
    told = {one["name"]: one for one in kronkers("metrics", "list", "--json").json}
    assert told["kronkers_requests_total"]["labels"] == ["deployment", "version", "use", "status"]
    assert kronkers("metrics", "scraping").code == NOT_RUNNING


@pytest.mark.slow
def test_the_scraping_of_what_serves_is_printed(kronkers, serving):
    config = yaml.safe_load(kronkers("metrics", "scraping").out)
    [target] = config["scrape_configs"][0]["static_configs"][0]["targets"]
    url = kronkers("status", "--json").json["gateway_url"]
    assert url == f"http://{target}"
