"""`jupyter kronkers status`"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
import msgspec

from jupyter_kronkers.cli.output import print_facts, print_json, print_table
from jupyter_kronkers.cli.settings import Settings, as_json

if TYPE_CHECKING:
    from jupyter_kronkers.store import Folders


class Status(msgspec.Struct, frozen=True):
    """Who owns the data folder, and what is served.

    supervisor_pid: of gateways that serve on though their control plane was killed.
    """

    data_dir: str
    running: bool
    kind: str = ""
    pid: int | None = None
    url: str = ""
    version: str = ""
    gateway_url: str | None = None
    models: int = 0
    deployments: dict[str, str] = {}
    supervisor_pid: int | None = None


@click.command()
@as_json
@click.pass_obj
def status(settings: Settings, *, as_json: bool) -> None:
    """Who owns the data folder, and what is served. Exit code 6 if nothing runs."""
    from jupyter_kronkers.cli.program import NOT_RUNNING

    found = status_of(settings)
    if as_json:
        print_json(found)
    else:
        tell(found)
    if not found.running:
        sys.exit(NOT_RUNNING)


def status_of(settings: Settings) -> Status:
    """Looks only: nothing is started, nothing waits for a lock."""
    from jupyter_kronkers.control import living_owner

    folders = settings.folders
    plane = living_owner(folders)
    if plane is None:
        return left_alone(folders)
    if not plane.url:
        return Status(str(folders.root), running=True, kind=plane.kind, pid=plane.pid, version=plane.version)
    with settings.client() as client:
        return Status(
            data_dir=str(folders.root),
            running=True,
            kind=plane.kind,
            pid=plane.pid,
            url=plane.url,
            version=plane.version,
            gateway_url=client.ready().gateway_url,
            models=sum(1 for _ in client.models()),
            deployments={found.name: found.state for found in client.deployments()},
        )


def left_alone(folders: Folders) -> Status:
    """Without an owner: nothing runs, or gateways serve on by themselves."""
    from jupyter_kronkers.serving.supervising.whereabouts import living_supervisor

    left = living_supervisor(folders.gateway)
    if left is None:
        return Status(str(folders.root), running=False)
    return Status(str(folders.root), running=False, gateway_url=left.url, supervisor_pid=left.pid)


def tell(found: Status) -> None:
    if found.supervisor_pid is not None:
        click.echo(f"Nothing decides for {found.data_dir}: its control plane was killed.")
        click.echo(f"Predictions go on at {found.gateway_url} (supervisor {found.supervisor_pid}), as wished last.")
        click.echo("Take them over with: jupyter kronkers serve. End them with: jupyter kronkers stop")
        return
    if not found.running:
        click.echo(f"Nothing is running for {found.data_dir}.")
        click.echo("Start it with: jupyter lab, or jupyter kronkers serve")
        return
    if not found.url:
        click.echo(f"{found.kind} (pid {found.pid}) owns {found.data_dir} and is still starting, or is a command.")
        return
    facts: list[tuple[str, object]] = [("data folder", found.data_dir), ("owner", f"{found.kind} (pid {found.pid})")]
    facts += [("version", found.version), ("REST interface", found.url), ("predictions", found.gateway_url)]
    print_facts([*facts, ("models", found.models)])
    click.echo()
    print_table(("deployment", "state"), list(found.deployments.items()), none="Nothing is deployed.")
