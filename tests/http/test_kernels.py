"""A model is registered out of a running notebook, without a line of ours in it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from jupyter_core.paths import ENV_JUPYTER_PATH, SYSTEM_JUPYTER_PATH

PYTHON = """
import numpy as np
import pandas as pd

class Line:
    def predict(self, data):
        return 2.0 * data["x"].to_numpy() + 1.0

X = pd.DataFrame({"x": np.arange(30.0)})
model = Line()
"""

R = """
X <- data.frame(x = as.numeric(0:29))
model <- lm(y ~ x, data.frame(x = X$x, y = 2 * X$x + 1))
"""

JULIA = """
struct Line; slope::Float64; end
predict(m::Line, rows) = m.slope .* rows.x .+ 1
X = (x = collect(0.0:29.0),)
model = Line(2.0);
"""

CELLS = {"python3": PYTHON, "ir": R, "julia-kronkers": JULIA}


# Read before the fixtures of pytest-jupyter hide this machine's own folders.
KERNELS = [Path(folder) / "kernels" for folder in (*ENV_JUPYTER_PATH, *SYSTEM_JUPYTER_PATH)]


@pytest.fixture(autouse=True)
def kernels(jp_data_dir):
    """The kernels of R and Julia that this machine has, where the server under test looks."""
    for name in ("ir", "julia-kronkers"):
        found = next(folder / name for folder in KERNELS if (folder / name).is_dir())
        shutil.copytree(found, jp_data_dir / "kernels" / name)


async def started(jp_fetch, jp_serverapp, name: str = "python3") -> str:
    """A kernel that has run the cell."""
    made = await jp_fetch("api", "kernels", method="POST", body=json.dumps({"name": name}), request_timeout=60)
    kernel = json.loads(made.body)["id"]
    manager = jp_serverapp.kernel_manager.get_kernel(kernel)
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(timeout=60)
    reply = await client.execute_interactive(CELLS[name], timeout=60)
    assert reply["content"]["status"] == "ok", reply
    client.stop_channels()
    return kernel


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS)
async def test_what_a_kernel_holds_is_found_and_registered(ask, jp_fetch, jp_serverapp, name):
    kernel = await started(jp_fetch, jp_serverapp, name)
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
