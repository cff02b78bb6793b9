"""The peers, each started as its own documentation says, on loopback, with one worker."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench_starting import free_port, get
from measuring import process, until
from peers.install import PEERS
from peers.models import COLUMNS, Saved
from peers.targets import Target

UP_S = 120.0
JSON = {"Content-Type": "application/json"}


@contextmanager
def mlflow(saved: Saved) -> Iterator[Target]:
    """`mlflow models serve`."""
    port = free_port()
    words = ["-m", "mlflow", "models", "serve", "-m", saved.mlflow, "-p", port, "--env-manager", "local"]
    # It starts a program of its environment by name.
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with process(sys.executable, *words, "--workers", "1", env=env) as running:
        until(lambda: get(f"http://127.0.0.1:{port}/ping") == 200, UP_S)
        yield Target("mlflow models serve", f"http://127.0.0.1:{port}/invocations", running.pid, headers=JSON)


@contextmanager
def mlserver(saved: Saved, place: Path, *, batching: bool, workers: int) -> Iterator[Target]:
    """MLServer with adaptive batching, or with the model in the server's own process (`workers` 0)."""
    http, grpc, metrics = free_port(), free_port(), free_port()
    folder = place / f"mlserver-{saved.name}-{batching}-{workers}"
    folder.mkdir()
    settings = {"host": "127.0.0.1", "http_port": http, "grpc_port": grpc, "metrics_port": metrics, "debug": False}
    (folder / "settings.json").write_text(json.dumps({**settings, "parallel_workers": workers}))
    model: dict[str, object] = {"name": saved.name, "implementation": "mlserver_sklearn.SKLearnModel"}
    model["parameters"] = {"uri": str(saved.joblib), "version": "v1"}
    if batching:
        model |= {"max_batch_size": 64, "max_batch_time": 0.005}
    (folder / "model-settings.json").write_text(json.dumps(model))
    with process(PEERS / "bin/mlserver", "start", folder, cwd=folder) as running:
        until(lambda: get(f"http://127.0.0.1:{http}/v2/models/{saved.name}/ready") == 200, UP_S)
        name = "MLServer, adaptive batching" if batching else "MLServer, in one process"
        yield Target(name, f"http://127.0.0.1:{http}/v2/models/{saved.name}/infer", running.pid, headers=JSON)


PLUMBER = """
words <- commandArgs(TRUE); fit <- readRDS(words[1])
answers <- function(req) list(predictions = unname(predict(fit, as.data.frame(req$body))))
routes <- plumber::pr_post(plumber::pr(), "/invocations", answers)
routes <- plumber::pr_get(routes, "/ping", function() "pong")
plumber::pr_run(routes, host = "127.0.0.1", port = as.integer(words[2]), quiet = TRUE, docs = FALSE)
"""


@contextmanager
def plumber(saved: Saved, place: Path) -> Iterator[Target]:
    """plumber, with rows as JSON records."""
    port, script = free_port(), place / "plumber.R"
    script.write_text(PLUMBER)
    with process("Rscript", script, saved.rds, port) as running:
        until(lambda: get(f"http://127.0.0.1:{port}/ping") == 200, UP_S)
        row = {name: 0.1 * at for at, name in enumerate(COLUMNS)}
        target = Target("plumber", f"http://127.0.0.1:{port}/invocations", running.pid, headers=JSON)
        yield target.sending(json.dumps([row]).encode())
