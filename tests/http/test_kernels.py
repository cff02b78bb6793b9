"""A model is registered out of a running notebook, without a line of ours in it."""

from __future__ import annotations

import json

import pytest

CELL = """
import numpy as np
import pandas as pd

class Line:
    def predict(self, data):
        return 2.0 * data["x"].to_numpy() + 1.0

X = pd.DataFrame({"x": np.arange(30.0)})
model = Line()
"""


async def started(jp_fetch, jp_serverapp) -> str:
    """A kernel that has run the cell."""
    made = await jp_fetch("api", "kernels", method="POST", body=json.dumps({"name": "python3"}), request_timeout=60)
    kernel = json.loads(made.body)["id"]
    manager = jp_serverapp.kernel_manager.get_kernel(kernel)
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(timeout=60)
    reply = await client.execute_interactive(CELL, timeout=60)
    assert reply["content"]["status"] == "ok", reply
    client.stop_channels()
    return kernel


@pytest.mark.slow
async def test_what_a_kernel_holds_is_found_and_registered(ask, jp_fetch, jp_serverapp):
    kernel = await started(jp_fetch, jp_serverapp)
    found = await ask("GET", f"kernels/{kernel}/candidates")
    assert found.status == 200, found.body
    assert {"model"} <= {one["name"] for one in found.json["models"]}
    wish = {"model": "line", "variable": "model", "data": "X", "metrics": {"rmse": 0.5}, "title": "A line"}
    version = await ask("POST", f"kernels/{kernel}/captures", wish)
    assert version.status == 201, version.body
    assert (version.json["state"], version.json["metrics"]) == ("ready", {"rmse": 0.5}), version.json["reason"]
    assert (await ask("GET", "models/line")).json["title"] == "A line"


@pytest.mark.slow
async def test_a_name_that_the_notebook_does_not_have_is_told(ask, jp_fetch, jp_serverapp):
    kernel = await started(jp_fetch, jp_serverapp)
    answer = await ask("POST", f"kernels/{kernel}/captures", {"model": "line", "variable": "nothing", "data": "X"})
    assert answer.status == 422, answer.body
    assert "nothing" in answer.json["message"]
