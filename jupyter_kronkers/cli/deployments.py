"""`jupyter kronkers deployments …`"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from jupyter_kronkers.cli.output import print_facts, print_json, print_table
from jupyter_kronkers.cli.settings import Settings, as_json, say

if TYPE_CHECKING:
    from jupyter_kronkers.api.deployments import Deployment

alias = click.option("--alias", help="Serve what this alias of the model names, and follow it.")
version = click.option("--version", type=click.IntRange(min=1), help="Serve this version for good.")
why = click.option("--why", default="", help="The reason, kept in the history.")
wait = click.option("--wait", "wait_s", type=click.FloatRange(min=0), default=0.0, metavar="SECONDS",
                    help="Wait until it is ready, at most this long.")  # fmt: skip
name = click.argument("name")


@click.group(short_help="What is served.")
def deployments() -> None:
    """Deployments: models that answer applications in real time."""


@deployments.command("list")
@as_json
@click.pass_obj
def list_(settings: Settings, *, as_json: bool) -> None:
    """All deployments, by name."""
    with settings.client() as client:
        found = client.deployments()
    if as_json:
        return print_json(found)
    titles = ("name", "state", "model", "follows", "serving", "replicas", "url", "reason")
    rows = [
        (d.name, d.state, d.model, d.alias or f"version {d.version}", d.live, d.replicas, d.url, d.reason)
        for d in found
    ]
    return print_table(titles, rows, none="Nothing is deployed.")


@deployments.command()
@name
@as_json
@click.pass_obj
def show(settings: Settings, *, name: str, as_json: bool) -> None:
    """One deployment, its processes and its history."""
    with settings.client() as client:
        found, replicas, moves = client.deployment(name), client.replicas(name), client.deployment_history(name)
    if as_json:
        return print_json({"deployment": found, "replicas": replicas.items, "history": moves.items})
    tell(found, as_json=False)
    click.echo()
    processes = [(r.pid, r.version, r.state, r.started_at) for r in replicas.items]
    print_table(("pid", "version", "state", "since"), processes, none="No process serves it.")
    click.echo()
    history = [(move.at, move.action, move.before, move.after, move.by, move.why) for move in moves.items]
    return print_table(("when", "what", "from", "to", "by", "why"), history, none="Nothing was decided yet.")


@deployments.command()
@name
@click.argument("model")
@alias
@version
@click.option("--replicas", type=click.IntRange(1, 64), default=1, show_default=True, help="How many processes answer.")
@click.option("--note", default="", help="What it is for.")
@wait
@as_json
@click.pass_obj
def create(
    settings: Settings,
    *,
    name: str,
    model: str,
    alias: str | None,
    version: int | None,
    replicas: int,
    note: str,
    wait_s: float,
    as_json: bool,
) -> None:
    """Serve MODEL under NAME: what the alias champion names, unless you say otherwise."""
    from jupyter_kronkers.api.deployments import NewDeployment

    wish = NewDeployment(name=name, model=model, alias=alias, version=version, replicas=replicas, note=note)
    with settings.client() as client:
        found = client.deploy(wish)
        if wait_s:
            say(f"Waiting for {name} …")
            found = client.settled(name, wait_s)
    tell(found, as_json=as_json)


@deployments.command()
@name
@alias
@version
@click.option("--replicas", type=click.IntRange(1, 64), help="How many processes answer.")
@wait
@as_json
@click.pass_obj
def update(
    settings: Settings,
    *,
    name: str,
    alias: str | None,
    version: int | None,
    replicas: int | None,
    wait_s: float,
    as_json: bool,
) -> None:
    """Follow another alias, pin another version, or change the number of replicas."""
    from jupyter_kronkers.api.deployments import DeploymentChange

    if alias is None and version is None and replicas is None:
        raise click.UsageError("Say what to change: --alias, --version or --replicas.")
    with settings.client() as client:
        found = client.change_deployment(name, DeploymentChange(alias=alias, version=version, replicas=replicas))
        found = client.settled(name, wait_s) if wait_s else found
    tell(found, as_json=as_json)


@deployments.command()
@name
@why
@wait
@as_json
@click.pass_obj
def rollback(settings: Settings, *, name: str, why: str, wait_s: float, as_json: bool) -> None:
    """Bring the version before back."""
    with settings.client() as client:
        found = client.roll_back(name, why=why)
        found = client.settled(name, wait_s) if wait_s else found
    tell(found, as_json=as_json)


@deployments.command()
@name
@as_json
@click.pass_obj
def stop(settings: Settings, *, name: str, as_json: bool) -> None:
    """End its processes; it stays, and can be started again."""
    with settings.client() as client:
        tell(client.set_wanted(name, "stopped"), as_json=as_json)


@deployments.command()
@name
@wait
@as_json
@click.pass_obj
def start(settings: Settings, *, name: str, wait_s: float, as_json: bool) -> None:
    """Serve it again."""
    with settings.client() as client:
        found = client.set_wanted(name, "serving")
        found = client.settled(name, wait_s) if wait_s else found
    tell(found, as_json=as_json)


@deployments.command()
@name
@click.pass_obj
def delete(settings: Settings, *, name: str) -> None:
    """End it for good. Its history stays."""
    with settings.client() as client:
        client.delete_deployment(name)


@deployments.command()
@name
@click.option("--tail", type=click.IntRange(1, 10_000), default=200, show_default=True, help="How many lines.")
@click.pass_obj
def logs(settings: Settings, *, name: str, tail: int) -> None:
    """What its models printed, oldest line first."""
    with settings.client() as client:
        for line in client.log(name, tail=tail).lines:
            click.echo(line)


def tell(found: Deployment, *, as_json: bool) -> None:
    """One deployment on stdout."""
    if as_json:
        return print_json(found)
    facts: list[tuple[str, object]] = [("name", found.name), ("state", found.state), ("reason", found.reason)]
    facts += [("remedy", found.remedy), ("model", found.model), ("follows", found.alias or f"version {found.version}")]
    facts += [("serving", found.live), ("replicas", found.replicas), ("url", found.url), ("note", found.note)]
    return print_facts(facts)
