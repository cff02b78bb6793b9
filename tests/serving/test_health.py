"""Health of a model: the loudest of its deployments decides."""

from __future__ import annotations

import pytest

from jupyter_kronkers.serving.gateway.metrics.readings import STATES
from jupyter_kronkers.serving.health import TONES, Lately, Standing, health_of


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


@pytest.mark.parametrize(
    ("state", "requests", "failed", "tone", "words"),
    [
        ("ready", 20, 10, "bad", "d fails 10 of 20 requests."),
        ("ready", 2_000, 100, "busy", "d fails 100 of 2,000 requests."),
        ("ready", 2_000, 99, "good", "d answers."),
        ("ready", 4, 4, "good", "d answers."),
        ("failed", 20, 20, "bad", "d does not answer."),
    ],
)
def test_one_that_fails_its_requests_is_not_called_good(state, requests, failed, tone, words):
    assert health_of([Standing("d", "m", state, Lately(requests, failed))])["m"] == (tone, words)


def test_every_state_of_a_gateway_has_its_words():
    assert set(STATES) == set(TONES)
