"""Hosts: one process per replica, in which a model lives and other people's code runs.

    with Host.start(data, runtime) as host:
        answers = host.predict(columns)

What `process` does, with errors of the project's own family and a remedy in each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self, TypeVar

from jupyter_kronkers.errors import HostDied, HostFailed, ModelFailed, TimedOut
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.languages.process import (
    Died,
    Late,
    Limits,
    Process,
    Ready,
    Refused,
    Runtime,
    command,
    how_it_ended,
    warm_up_frame,
)
from jupyter_kronkers.languages.reasons import remedy, remedy_of_death

__all__ = [
    "Host",
    "Limits",
    "Ready",
    "Runtime",
    "command",
    "died",
    "failed",
    "how_it_ended",
    "refused",
    "warm_up_frame",
]

Answer = TypeVar("Answer")


class Host:
    """A model that is loaded, warm and answers. Blocking; threads may share it."""

    def __init__(self, process: Process, language: str) -> None:
        self._process = process
        self.language = language

    @classmethod
    def start(cls, data: Path, runtime: Runtime, limits: Limits | None = None, log: Path | None = None) -> Self:
        """A host on the folder `data` (capture.json and the model's files), when it is ready.

        log: file that takes what the host prints; capped, with one older file `….1`.
        Raises HostFailed with the model's own class, message and a remedy, or TimedOut.
        """
        try:
            return cls(Process.start(data, runtime, limits, log), runtime.language)
        except Refused as refusal:
            raise failed(refusal) from refusal
        except Died as death:
            raise HostFailed(
                "HostDied", _last_words(death), runtime.language, remedy=_way_out(death, runtime.language)
            ) from death
        except Late as late:
            raise TimedOut(f"Starting the {runtime.language} host", late.limit_s) from late

    def predict(self, columns: Sequence[Column], rows: int | None = None) -> list[Column]:
        """One row of answers for each row of `columns`, which come in the order of the signature.

        Raises ModelFailed (the host goes on), HostDied or TimedOut (it is gone).
        """
        return self._in_our_words(lambda: self._process.ask(columns, rows))

    def _in_our_words(self, ask: Callable[[], Answer]) -> Answer:
        try:
            return ask()
        except Refused as refusal:
            raise refused(refusal) from refusal
        except Died as death:
            raise died(death, self.language) from death
        except Late as late:
            raise TimedOut("The model's answer", late.limit_s) from late

    @property
    def pid(self) -> int:
        """The host's own process."""
        return self._process.pid

    @property
    def ready(self) -> Ready:
        return self._process.ready

    @property
    def alive(self) -> bool:
        return self._process.alive

    def stop(self) -> None:
        """End the host and all it started; nothing stays behind. Harmless when repeated."""
        self._process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def refused(refusal: Refused) -> ModelFailed:
    """The error of a host that answered with one of its language's."""
    return ModelFailed(refusal.class_, refusal.message, refusal.language, remedy=_remedy(refusal))


def failed(refusal: Refused) -> HostFailed:
    """The error of a host that could not load its model."""
    return HostFailed(refusal.class_, refusal.message, refusal.language, remedy=_remedy(refusal))


def died(death: Died, language: str) -> HostDied:
    """The error of whoever waited for a host that has gone."""
    return HostDied("HostDied", _last_words(death), language, remedy=_way_out(death, language))


def _remedy(refusal: Refused) -> str:
    return refusal.remedy or remedy(refusal.language, refusal.class_, refusal.message)


def _way_out(death: Died, language: str) -> str:
    return remedy_of_death(language, death.how, death.last_words)


def _last_words(death: Died) -> str:
    lines = death.last_words.splitlines()[-5:]
    return f"The host is gone: {death.how}." + (f" Its last words: {' | '.join(lines)}" if lines else "")
