"""Past-tense facts that one room tells the others, after the change is committed.

A lower room never imports a higher one: it emits, and the doors have subscribed whoever must act. Listeners carry
ids only; whoever needs more asks the room.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """A fact that has happened. Subclasses say which."""


@dataclass(frozen=True)
class VersionRegistered(Event):
    model: str
    number: int
    state: str


@dataclass(frozen=True)
class AliasMoved(Event):
    model: str
    alias: str
    before: int | None
    after: int | None


@dataclass(frozen=True)
class DeploymentChanged(Event):
    deployment: str
    state: str


@dataclass(frozen=True)
class TokensChanged(Event):
    """Tokens were created or revoked; the gateway must hear of it."""


Listener = Callable[[Event], None]


class Events:
    """Hands each event to every listener, in the caller's thread. A listener must be quick and must not raise."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each event from now on. Returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def emit(self, event: Event) -> None:
        """Tell everyone. The change is already committed, so one listener's failure stops neither it nor the others."""
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:
                log.exception("A listener failed on %s", event)
