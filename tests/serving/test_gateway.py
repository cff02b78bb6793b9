"""Predictions from a real gateway with real hosts."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def served(gateway, double):
    gateway.serve("double", double)
    return gateway


def test_a_prediction_carries_its_version_and_an_id(served):
    answer = served.trouble("double", x=21.0)
    assert answer.predictions == [42.0]
    assert answer.headers["X-Kronkers-Version"] == "double/1"
    assert answer.headers["X-Kronkers-Prediction-Id"] != served.trouble("double").headers["X-Kronkers-Prediction-Id"]
