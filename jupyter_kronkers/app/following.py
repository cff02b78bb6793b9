"""Following: the events of whoever owns the data folder, told to the browsers of a server that is only attached.

owner ── GET …/events: a line of JSON for each change ──▶ attached server ── Jupyter's event bus ──▶ its browsers

What happens while the line is cut off is not told later: whoever shows something also looks from time to time.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING

from tornado.httpclient import AsyncHTTPClient, HTTPClientError

if TYPE_CHECKING:
    from jupyter_kronkers.app.announcing import Tell
    from jupyter_kronkers.control import Plane

EVENTS = "/events"
PAUSE_S = 1.0
LONGEST_LINE = 64 << 10

log = logging.getLogger(__name__)


def follow(plane: Plane, tell: Tell) -> asyncio.Task[None]:
    """Tell every change that this owner tells of, until the task is cancelled."""
    return asyncio.get_running_loop().create_task(keep_following(plane, tell))


async def keep_following(plane: Plane, tell: Tell) -> None:
    client = AsyncHTTPClient(force_instance=True)
    try:
        while True:
            try:
                await client.fetch(
                    plane.url + EVENTS,
                    headers={"Authorization": f"Bearer {plane.token}"},
                    streaming_callback=Lines(tell).take,
                    request_timeout=0,
                )
            except (HTTPClientError, OSError) as problem:
                log.debug("The events of %s are not heard: %s", plane, problem)
            await asyncio.sleep(PAUSE_S)
    finally:
        client.close()


class Lines:
    """Pieces of a stream in, a change for each whole line out."""

    def __init__(self, tell: Tell) -> None:
        self._tell, self._rest = tell, b""

    def take(self, piece: bytes) -> None:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            self._rest = b""
        for line in lines:
            self._tell(json.loads(line))
