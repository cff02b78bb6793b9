"""`jupyter kronkers serve` and `jupyter kronkers stop`"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_kronkers.cli.settings import Settings, say

if TYPE_CHECKING:
    from jupyter_kronkers.control import Plane
    from jupyter_kronkers.store import Folders

UP_S, DOWN_S = 60.0, 40.0
LOOK_S = 0.1


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), help="Of the REST interface. [default: 8890, or a free one]")
@click.option("--gateway-ip", help="The address on which predictions are served. [default: loopback]")
@click.option("--gateway-port", type=click.IntRange(0, 65_535), help="[default: the one used last, or a free one]")
@click.option("--gateways", type=click.IntRange(1, 16), help="Processes that serve them, on one port. [default: 1]")
@click.option("--memory", metavar="SIZE", help="Of all hosts together, as 8GiB. [default: 3/4 of the machine]")
@click.option("--background", is_flag=True, help="Return when it is up; it goes on until `stop`.")
@click.pass_obj
def serve(
    settings: Settings,
    *,
    port: int | None,
    gateway_ip: str | None,
    gateway_port: int | None,
    gateways: int | None,
    memory: str | None,
    background: bool,
) -> None:
    """Control plane and gateway without JupyterLab, until `jupyter kronkers stop` or Ctrl-C.

    If it is killed, predictions go on being served; the next `serve` takes them over, and `stop` ends them.
    """
    from jupyter_kronkers.control import living_owner
    from jupyter_kronkers.control.memory import bytes_of
    from jupyter_kronkers.control.ownership import owned_by_another

    bytes_of(memory or "")
    folders = settings.folders.prepare()
    plane = living_owner(folders)
    if plane is not None and plane.kind != "command":
        raise owned_by_another(folders, plane)
    if background:
        return in_background(folders, [word for word in sys.argv[1:] if word != "--background"])
    traits: dict[str, object] = {"ServerApp.port_retries": 50 if port is None else 0}
    given = {"ServerApp.port": port, "KronkersApp.gateway_ip": gateway_ip, "KronkersApp.gateway_port": gateway_port}
    given |= {"KronkersApp.gateways": gateways, "KronkersApp.memory": memory}
    traits.update({name: value for name, value in given.items() if value is not None})

    from jupyter_kronkers.app.server import serve as run

    return run(folders.root, traits)


def in_background(folders: Folders, words: list[str]) -> None:
    """Start the same command in a session of its own, and wait until it answers."""
    log = folders.control / "serve.log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "jupyter_kronkers.cli", *words]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    say("Starting …")
    plane = until_up(folders, process, log)
    click.echo(f"Serving {folders.root} (pid {plane.pid}). Stop it with: jupyter kronkers stop")


def until_up(folders: Folders, process: subprocess.Popen[bytes], log: Path) -> Plane:
    """The owner, once it can be asked. Raises Unavailable with the end of its log."""
    from jupyter_kronkers.control import living_owner
    from jupyter_kronkers.errors import Unavailable

    ends = time.monotonic() + UP_S
    while process.poll() is None and time.monotonic() < ends:
        plane = living_owner(folders)
        if plane is not None and plane.pid == process.pid and plane.url:
            return plane
        time.sleep(LOOK_S)
    last = log.read_text(errors="replace")[-2_000:].strip()
    raise Unavailable(f"It did not come up. Its log {log} ends with:\n{last}")


@click.command()
@click.pass_obj
def stop(settings: Settings) -> None:
    """Stop what `serve` started, its gateways and its models with it, also if `serve` itself was killed."""
    from jupyter_kronkers.control import living_owner
    from jupyter_kronkers.errors import Conflict

    plane = living_owner(settings.folders)
    if plane is None:
        return stop_left_alone(settings.folders)
    if plane.kind != "serve":
        raise Conflict(f"The data folder belongs to {plane}.", remedy="Close that one where you started it.")
    os.kill(plane.pid, signal.SIGTERM)
    say(f"Stopping {plane} …")
    ends = time.monotonic() + DOWN_S
    while plane.alive:
        if time.monotonic() > ends:
            raise Conflict(f"{plane} did not stop within {DOWN_S:g} s.", remedy=f"End it with: kill -9 {plane.pid}")
        time.sleep(LOOK_S)
    click.echo(f"Stopped {plane.pid}.")


def stop_left_alone(folders: Folders) -> None:
    """Stop gateways whose control plane was killed. Raises Unavailable if there are none."""
    from jupyter_kronkers.errors import Unavailable
    from jupyter_kronkers.serving.attaching import end
    from jupyter_kronkers.serving.supervising.whereabouts import living_supervisor

    left = living_supervisor(folders.gateway)
    if left is None:
        raise Unavailable("Nothing is running for this data folder.")
    say(f"Stopping {left} …")
    end(left)
    click.echo(f"Stopped {left.pid}.")
