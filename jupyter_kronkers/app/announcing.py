"""Events of the rooms on Jupyter's event bus, so that panels in the browser follow at once.

Everyone who may read a server's events gets them: they hold names and numbers, never contents.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_kronkers.store import AliasMoved, DeploymentChanged, Event, Events, VersionRegistered

if TYPE_CHECKING:
    from jupyter_events import EventLogger

    from jupyter_kronkers.api.rooms import Step

SCHEMA = "https://events.jupyter.org/jupyter_kronkers/changes/v1"

TOLD = {
    VersionRegistered: "version_registered",
    AliasMoved: "alias_moved",
    DeploymentChanged: "deployment_changed",
}


Told = dict[str, Any]
Tell = Callable[[Told], object]
"""Takes one change as `changes.yaml` describes it."""


def register_schema(logger: EventLogger) -> None:
    """Make our kind of event known. Harmless to repeat."""
    if SCHEMA not in logger.schemas:
        logger.register_event_schema(Path(__file__).with_name("changes.yaml"))


def announce(events: Events, tell: Tell) -> Callable[[], None]:
    """Have the rooms' events told in this loop, from whichever thread they come. Returns what ends it."""
    loop = asyncio.get_running_loop()

    def pass_on(event: Event) -> None:
        if type(event) in TOLD:
            loop.call_soon_threadsafe(tell, told(event))

    return events.subscribe(pass_on)


def told(event: Event) -> Told:
    return {"kind": TOLD[type(event)], **{name: value for name, value in vars(event).items() if value is not None}}


def teller(logger: EventLogger) -> Tell:
    """Tells the browsers of this server."""
    return lambda change: logger.emit(schema_id=SCHEMA, data=change)


def announcer_of_captures(logger: EventLogger) -> Callable[[str | None, Step], None]:
    """What tells how far a capture is (`Desk.progressed`), from whichever thread. Call it in the loop.

    The browser gave the capture its id, so that it knows its own among those of others.
    """
    loop, tell = asyncio.get_running_loop(), teller(logger)

    def progressed(capture: str | None, step: Step) -> None:
        if capture is not None:
            loop.call_soon_threadsafe(tell, {"kind": "capture_progressed", "capture": capture, "step": step})

    return progressed
