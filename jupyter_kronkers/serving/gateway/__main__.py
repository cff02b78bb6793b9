"""`python -m jupyter_kronkers.serving.gateway`: a gateway's process, started and watched by the supervisor.

It ends, and every host with it, when it is told to, by SIGTERM, or when its standard input closes: that pipe is held
by its supervisor, so one that died, however it died, leaves nothing behind. What it left in keeping lives on only with
a supervisor that lives.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import uvloop

from jupyter_kronkers.access import guard
from jupyter_kronkers.serving.gateway import printing
from jupyter_kronkers.serving.gateway.accepting import Acceptor
from jupyter_kronkers.serving.gateway.admin import Admin
from jupyter_kronkers.serving.gateway.deployments.deployments import Deployments
from jupyter_kronkers.serving.gateway.deployments.known import Known
from jupyter_kronkers.serving.gateway.http import HttpLimits, HttpServer
from jupyter_kronkers.serving.gateway.http.servers import Accepting
from jupyter_kronkers.serving.gateway.keeping import Keeping
from jupyter_kronkers.serving.gateway.metrics import Metrics
from jupyter_kronkers.serving.gateway.requests.endpoints import Endpoints, is_loopback
from jupyter_kronkers.serving.gateway.sharing import Shares

DRAIN_S = 10.0
ADMIN_LIMITS = HttpLimits(body_bytes=64 << 20, idle_s=3_600.0)
MOST_CONNECTIONS = 4_096
SETTLE_S = 30.0
"""How long after the start what the gateway before left may still be taken up."""

BEAT_S = 5.0
YOUNG_OBJECTS = 20_000
"""So many more objects than were let go make Python look for circles among the young ones."""

UNSETTLED = frozenset({"starting", "swapping"})


class Asked(NamedTuple):
    """What the gateway was started with."""

    listening: socket.socket
    admin: Path
    folder: Path
    slot: int
    keeping: Keeping
    known: Known
    shares: Shares | None


def main(argv: list[str] | None = None) -> int:
    asked = read(argv)
    with printing.started():
        guard.lock_process()
        overlook_what_stays()
        uvloop.run(serve(asked))
    return 0


def read(argv: Sequence[str] | None) -> Asked:
    parser = argparse.ArgumentParser(prog="python -m jupyter_kronkers.serving.gateway")
    parser.add_argument("--socket-fd", type=int, required=True, help="the listening socket, inherited")
    parser.add_argument("--admin", type=Path, required=True, help="where to make the admin socket")
    parser.add_argument("--folder", type=Path, required=True, help="the data folder's gateway folder")
    parser.add_argument("--slot", type=int, default=0, help="which of several gateways this is")
    parser.add_argument("--keep-fd", type=int, help="the supervisor's channel for what is to outlive us, inherited")
    parser.add_argument("--kept", type=Path, help="the file that tells what the gateway before left")
    parser.add_argument("--known", type=Path, help="the folder in which gateways remember what they found out")
    parser.add_argument("--shares", type=Path, help="the file by which several gateways share connections")
    found = parser.parse_args(argv)
    os.set_inheritable(found.socket_fd, False)
    listening = socket.socket(fileno=found.socket_fd)
    shares = Shares(found.shares) if found.shares else None
    keeping = Keeping.inherited(found.keep_fd, found.kept)
    return Asked(listening, found.admin, found.folder, found.slot, keeping, Known(found.known), shares)


async def serve(asked: Asked) -> None:
    """Answer until told to stop; then finish what is under way and leave no process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    threading.Thread(target=stop_with_owner, args=(loop, stop), daemon=True).start()
    deployments = Deployments(asked.folder)
    deployments.keeping, deployments.known, deployments.slot = asked.keeping, asked.known, asked.slot
    metrics = Metrics(deployments)
    admin = HttpServer(Admin(deployments, metrics, stop.set), ADMIN_LIMITS)
    limits = HttpLimits(connections=room_for_connections())
    public = HttpServer(Endpoints(deployments, metrics, is_loopback(asked.listening.getsockname()[0])), limits)
    deployments.start()
    await admin.start(unix_socket(asked.admin))
    await public.start(asked.listening, accepting(asked))
    metrics.start(asked.admin, public.load)
    chores = [loop.create_task(chore) for chore in (settle(deployments, asked.keeping), beat(asked.keeping))]
    await stop.wait()
    for chore in chores:
        chore.cancel()
    await public.drain(DRAIN_S)
    await deployments.stop()
    await admin.drain(0.2)


def accepting(asked: Asked) -> Accepting:
    return lambda protocol, count: Acceptor(asked.listening, protocol, count, asked.shares, asked.slot)


def room_for_connections() -> int:
    """How many connections leave descriptors for hosts, files and refusals, once the system has given all it gives."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, max(soft // 2, soft - 1_024))


def unix_socket(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    path.chmod(0o600)
    return listening


async def settle(deployments: Deployments, keeping: Keeping) -> None:
    """Once every deployment has come up, or has had its time, end what nobody took up of the gateway before."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_S):
            state = await deployments.state(0, 0)
            while any(deployment.state in UNSETTLED for deployment in state.deployments):
                state = await deployments.state(state.revision, SETTLE_S)
    keeping.close_rest()
    overlook_what_stays()


def overlook_what_stays() -> None:
    """Let the search for circles pass over all that is there now: modules, routes, versions. It held the loop up for
    30 ms each time (measured), and a request makes no circles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)


async def beat(keeping: Keeping) -> None:
    while True:
        keeping.live()
        await asyncio.sleep(BEAT_S)


def stop_with_owner(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Wait for the end of the owner; a loop that does not hear of it in time is cut short."""
    # Not by sys.stdin: its lock, held by this thread, would abort the interpreter as it ends.
    while os.read(0, 4_096):
        pass
    loop.call_soon_threadsafe(stop.set)
    threading.Event().wait(DRAIN_S + 5)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
