"""Health: how the deployments of a model are, as one word and one sentence.

bad    one of them does not answer, or fails half of its requests
busy   one is changing, answers with trouble, or fails one request in twenty
good   all that are served answer; those that sleep do when they are asked
quiet  none is served
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

Tone = Literal["good", "busy", "bad", "quiet"]
FEW = 5
MANY_FAIL, SOME_FAIL = 0.5, 0.05
LOUDEST_FIRST: tuple[Tone, ...] = ("bad", "busy", "good", "quiet")

TONES: Mapping[str, tuple[Tone, str]] = {
    "failed": ("bad", "does not answer"),
    "degraded": ("busy", "answers, with trouble"),
    "starting": ("busy", "is starting"),
    "swapping": ("busy", "is changing its version"),
    "ready": ("good", "answers"),
    "idle": ("good", "sleeps until it is asked"),
    "stopped": ("quiet", "is stopped"),
}


class Health(NamedTuple):
    tone: Tone
    words: str


class Lately(NamedTuple):
    """Requests of the last minute, and those of them that failed by no fault of their callers."""

    requests: int
    failed: int

    @property
    def share(self) -> float:
        """Of those that failed; 0 where there were too few to say."""
        return self.failed / self.requests if self.requests >= FEW else 0.0


class Standing(NamedTuple):
    """One deployment: its name, its model, its state, and what it was asked lately."""

    deployment: str
    model: str
    state: str
    lately: Lately = Lately(0, 0)


QUIET = Health("quiet", "It is not deployed.")


def health_of(standings: Iterable[Standing]) -> dict[str, Health]:
    """The health of each model that has a deployment."""
    by_model: dict[str, list[Standing]] = {}
    for standing in standings:
        by_model.setdefault(standing.model, []).append(standing)
    return {model: summed(found) for model, found in by_model.items()}


def summed(standings: list[Standing]) -> Health:
    """The loudest of them decides; it is told by name, or by their number if there are several."""
    tones = [tone_of(standing) for standing in standings]
    loudest = min(tones, key=lambda tone: LOUDEST_FIRST.index(tone.tone))
    alike = sum(tone == loudest for tone in tones)
    name = standings[tones.index(loudest)].deployment
    who = name if alike == 1 else f"{alike} deployments: each"
    return Health(loudest.tone, f"{who} {loudest.words}.")


def tone_of(standing: Standing) -> Health:
    tone, words = TONES.get(standing.state, ("quiet", f"is {standing.state}"))
    lately = standing.lately
    if tone != "good" or lately.share < SOME_FAIL:
        return Health(tone, words)
    fails = f"fails {lately.failed:,} of {lately.requests:,} requests"
    return Health("bad" if lately.share >= MANY_FAIL else "busy", fails)
