"""`jupyter kronkers metrics …`"""

from __future__ import annotations

import click

from jupyter_kronkers.cli.output import print_json, print_table
from jupyter_kronkers.cli.settings import Settings, as_json


@click.group(short_help="For Prometheus and Grafana.")
def metrics() -> None:
    """What Prometheus and Grafana need to watch what is served."""


@metrics.command()
def dashboard() -> None:
    """Print a Grafana dashboard; import it there (Dashboards, New, Import)."""
    from jupyter_kronkers.serving import watching

    click.echo(watching.dashboard(), nl=False)


@metrics.command()
def alerts() -> None:
    """Print rules for Prometheus: save them as kronkers.rules.yaml."""
    from jupyter_kronkers.serving import watching

    click.echo(watching.alerts(), nl=False)


@metrics.command()
@click.pass_obj
def scraping(settings: Settings) -> None:
    """Print the part of prometheus.yml that reads this gateway.

    It wants a token in the file kronkers.token: jupyter kronkers tokens create prometheus.
    """
    from jupyter_kronkers.cli.status import status_of
    from jupyter_kronkers.errors import Unavailable
    from jupyter_kronkers.serving import watching

    url = status_of(settings).gateway_url
    if not url:
        raise Unavailable("Nothing serves now.", remedy="Start it: jupyter kronkers serve")
    click.echo(watching.scraping(url), nl=False)


@metrics.command("list")
@as_json
def list_(*, as_json: bool) -> None:
    """Every metric there is, with its labels and what it means."""
    from jupyter_kronkers.serving.gateway.metrics.families import FAMILIES

    if as_json:
        return print_json(
            [{"name": f.exported, "kind": f.kind, "labels": f.labels, "words": f.words} for f in FAMILIES]
        )
    rows = [(family.exported, family.kind, family.labels, family.words) for family in FAMILIES]
    return print_table(("name", "kind", "labels", "what"), rows, none="There are none.")
