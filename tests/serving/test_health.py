"""Health of a model: the loudest of its deployments decides."""

from __future__ import annotations

import pytest

from jupyter_kronkers.serving.gateway.metrics.readings import STATES
from jupyter_kronkers.serving.health import TONES, Standing, health_of


@pytest.mark.parametrize(
    ("states", "tone", "words"),
    [
        (["ready"], "good", "d0 answers."),
        (["ready", "idle"], "good", "d0 answers."),
        (["ready", "ready"], "good", "2 deployments: each answers."),
        (["ready", "starting", "stopped"], "busy", "d1 is starting."),
        (["degraded", "failed", "ready"], "bad", "d1 does not answer."),
        (["stopped"], "quiet", "d0 is stopped."),
        (["stopped", "idle"], "good", "d1 sleeps until it is asked."),
    ],
)
def test_the_loudest_decides(states, tone, words):
    found = health_of(Standing(f"d{n}", "m", state) for n, state in enumerate(states))["m"]
    assert (found.tone, found.words) == (tone, words)


def test_models_are_told_apart():
    found = health_of([Standing("a", "one", "failed"), Standing("b", "two", "ready")])
    assert {model: health.tone for model, health in found.items()} == {"one": "bad", "two": "good"}


def test_every_state_of_a_gateway_has_its_words():
    assert set(STATES) == set(TONES)
