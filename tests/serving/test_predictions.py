"""Predictions by themselves: what is over leaves nothing behind that only the garbage collector would find."""

from __future__ import annotations

import asyncio
import gc
import json
from types import SimpleNamespace

import pytest

from jupyter_kronkers.errors import Unavailable
from jupyter_kronkers.languages import Field, Signature
from jupyter_kronkers.serving.gateway.batching import Ask
from jupyter_kronkers.serving.gateway.http import Exchange
from jupyter_kronkers.serving.gateway.layouts import Layout
from jupyter_kronkers.serving.gateway.requests.admission import Target
from jupyter_kronkers.serving.gateway.requests.predictions import Desk, Prediction
from jupyter_kronkers.serving.gateway.tallies import Tallies

SIGNATURE = Signature((Field("x", "double"),), (Field("p", "double"),))
BODY = json.dumps({"dataframe_split": {"columns": ["x"], "data": [[1.5], [2.5]]}}).encode()


def begun(asks: list[Ask], **target) -> Exchange:
    """The exchange of a prediction that has asked, and that nobody else holds."""
    tallies = Tallies()
    exchange = Exchange(SimpleNamespace(flush=lambda: None), 0.0)
    exchange.body = BODY
    limits = SimpleNamespace(wait_s=10.0, rows=100)
    live = SimpleNamespace(
        layout=Layout.of(SIGNATURE),
        artifact=SimpleNamespace(signature=SIGNATURE),
        limits=limits,
        measures=SimpleNamespace(stable=tallies.of("bikes")),
        header=b"",
        ask=asks.append,
    )
    deployment = SimpleNamespace(name="bikes", live=live, shadow=None)
    Prediction(Desk(tallies), exchange, Target("invocations", "bikes", **target), deployment, live).begin()
    return exchange


def answered(asks: list[Ask], _: Exchange) -> None:
    asks.pop().done(Unavailable("Its host has gone."))


def left(_: list[Ask], exchange: Exchange) -> None:
    assert exchange.gone is not None
    exchange.gone()


@pytest.mark.parametrize("end", [answered, left])
@pytest.mark.parametrize("quick", [True, False])
def test_a_prediction_that_is_over_is_gone_at_once(end, quick):
    async def run():
        asks: list[Ask] = []
        exchange = begun(asks, quick=quick)
        assert len(asks) == 1
        end(asks, exchange)
        asks.clear()
        del exchange
        return [one for one in gc.get_objects() if isinstance(one, Prediction | Exchange | Ask)]

    gc.collect()
    gc.disable()
    try:
        assert asyncio.run(run()) == []
    finally:
        gc.enable()
