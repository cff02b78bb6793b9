"""`python -m jupyter_kronkers.serving.gateway`: the gateway's process, started and watched by the supervisor.

It ends, and every host with it, when it is told to, by SIGTERM, or when its standard input closes: that pipe is held
by its owner, so an owner that died, however it died, leaves nothing behind.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path

import uvloop

from jupyter_kronkers.access import guard
from jupyter_kronkers.serving.gateway.admin import Admin
from jupyter_kronkers.serving.gateway.deployments import Deployments
from jupyter_kronkers.serving.gateway.endpoints import Endpoints, is_loopback
from jupyter_kronkers.serving.gateway.http import HttpLimits, HttpServer

DRAIN_S = 10.0
ADMIN_LIMITS = HttpLimits(body_bytes=64 << 20, idle_s=3_600.0)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m jupyter_kronkers.serving.gateway")
    parser.add_argument("--socket-fd", type=int, required=True, help="the listening socket, inherited")
    parser.add_argument("--admin", required=True, help="where to make the admin socket")
    parser.add_argument("--folder", type=Path, required=True, help="the data folder's gateway folder")
    asked = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s gateway %(levelname)s %(message)s")
    guard.lock_process()
    uvloop.run(serve(socket.socket(fileno=asked.socket_fd), asked.admin, asked.folder))
    return 0


async def serve(listening: socket.socket, admin_path: str, folder: Path) -> None:
    """Answer until told to stop; then finish what is under way and leave no process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    threading.Thread(target=stop_with_owner, args=(loop, stop), daemon=True).start()
    deployments = Deployments(folder)
    admin = HttpServer(Admin(deployments, stop.set), ADMIN_LIMITS)
    public = HttpServer(Endpoints(deployments, is_loopback(listening.getsockname()[0])))
    deployments.start()
    await admin.start(unix_socket(admin_path))
    await public.start(listening)
    deployments.metrics.start(admin_path, public.load)
    await stop.wait()
    await public.drain(DRAIN_S)
    await deployments.stop()
    await admin.drain(0.2)


def unix_socket(path: str) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    os.chmod(path, 0o600)
    return listening


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
