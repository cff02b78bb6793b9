"""What Prometheus and Grafana need to watch a gateway: a dashboard, rules for alerts, and how to scrape it."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def dashboard() -> str:
    """A Grafana dashboard as JSON; it asks for the data source when it is imported."""
    return (_HERE / "dashboard.json").read_text(encoding="utf-8")


def alerts() -> str:
    """Rules for Prometheus as YAML."""
    return (_HERE / "alerts.yaml").read_text(encoding="utf-8")


def scraping(url: str) -> str:
    """The part of prometheus.yml that reads the gateway at this address. Any token opens `/metrics`."""
    scheme, _, place = url.partition("://")
    return f"""\
rule_files: [kronkers.rules.yaml]
scrape_configs:
  - job_name: kronkers
    scheme: {scheme}
    authorization: {{credentials_file: kronkers.token}}
    static_configs:
      - targets: ["{place}"]
"""
