"""A first look at predictions: our gateway beside `mlflow models serve`, the same model, the same rows, in turn.

Needs wrk (Debian's package of that name). Tokens, metrics and the answer's version are on at our side.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from bench_starting import free_port, get
from measuring import PROGRAM, Row, control_plane, folder, print_table, process, until

SECONDS = 3
ROUNDS = 3
CALLERS = (1, 16, 64)

TRAIN = """
import sys, numpy as np, pandas as pd, mlflow.sklearn
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
import jupyter_kronkers as kronkers
rng = np.random.default_rng(7)
X = pd.DataFrame(rng.normal(size=(5000, 10)), columns=[f"x{i}" for i in range(10)])
y = (X.sum(axis=1) + rng.normal(size=5000) > 0).astype(int)
models = {"lr": make_pipeline(StandardScaler(), LogisticRegression()),
          "rf": RandomForestClassifier(n_estimators=100, max_depth=10, random_state=7)}
for name, model in models.items():
    model.fit(X, y)
    mlflow.sklearn.save_model(model, f"{sys.argv[1]}/{name}", input_example=X.head(2),
                              pip_requirements=["scikit-learn"], serialization_format="cloudpickle")
    assert kronkers.register(model, name, data=X, target=y).state == "ready"
"""

ROW = {"dataframe_split": {"columns": [f"x{i}" for i in range(10)], "data": [[0.1 * i for i in range(10)]]}}


def script(place: Path, token: str) -> Path:
    """What wrk sends."""
    path = place / "post.lua"
    path.write_text(
        'wrk.method = "POST"\n'
        'wrk.headers["Content-Type"] = "application/json"\n'
        f'wrk.headers["Authorization"] = "Bearer {token}"\n'
        f"wrk.body = '{json.dumps(ROW)}'\n"
        "function done(summary, latency, requests)\n"
        "  io.write(string.format('FOUND %d %d %d %d %d\\n', summary.requests, summary.duration, "
        "latency:percentile(50), latency:percentile(99), summary.errors.status))\n"
        "end\n"
    )
    return path


def load(url: str, lua: Path, callers: int) -> tuple[float, float, float]:
    """Requests per second, p50 and p99 in milliseconds."""
    words = ["wrk", "-t1", f"-c{callers}", f"-d{SECONDS}s", "-s", str(lua), url]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    count, micros, p50, p99, errors = map(int, re.search(r"FOUND (\d+) (\d+) (\d+) (\d+) (\d+)", said).groups())
    if errors:
        raise RuntimeError(f"{url} refused {errors} requests")
    return count / micros * 1e6, p50 / 1e3, p99 / 1e3


@contextlib.contextmanager
def mlflow_server(model: Path) -> Iterator[str]:
    port = free_port()
    words = [sys.executable, "-m", "mlflow", "models", "serve", "-m", model, "-p", port, "--env-manager", "local"]
    with process(*words, "--workers", "1"):
        until(lambda: get(f"http://127.0.0.1:{port}/ping") == 200, 120)
        yield f"http://127.0.0.1:{port}/invocations"


def deploy(name: str, env: dict[str, str]) -> tuple[str, str]:
    """Deploys and waits; gives the address and a token for it."""

    def ask(*words: str) -> dict[str, object]:
        done = subprocess.run([PROGRAM, *words, "--json"], env=env, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    ask("deployments", "create", name, name, "--version", "1", "--wait", "60")
    token = str(ask("tokens", "create", "bench", "--deployment", name)["secret"])
    return f"{ask('status')['gateway_url']}/{name}/invocations", token


def check_alike(ours: str, token: str, theirs: str) -> None:
    def answer(url: str) -> object:
        head = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        request = urllib.request.Request(url, json.dumps(ROW).encode(), head)
        with urllib.request.urlopen(request, timeout=30) as got:
            return json.load(got)["predictions"]

    if answer(ours) != answer(theirs):
        raise RuntimeError("the two servers do not give the same answer")


def compare(name: str, ours: str, theirs: str, lua: Path) -> list[Row]:
    rows = []
    for callers in CALLERS:
        rounds = [(load(ours, lua, callers), load(theirs, lua, callers)) for _ in range(ROUNDS)]
        (rate, p50), (peer_rate, peer_p50) = (
            [statistics.median(found[side][figure] for found in rounds) for figure in (0, 1)] for side in (0, 1)
        )
        rows.append(Row(f"{name}, {callers} callers, requests", rate, peer_rate, "/s", "mlflow models serve"))
        rows.append(Row(f"{name}, {callers} callers, p50", p50, peer_p50, "ms", "mlflow models serve"))
    return rows


def main() -> None:
    if not shutil.which("wrk"):
        sys.exit("This measurement needs wrk: apt-get install wrk")
    rows: list[Row] = []
    with folder() as place, control_plane(place / "data") as env:
        subprocess.run([sys.executable, "-c", TRAIN, str(place)], env=env, check=True)
        for name in ("lr", "rf"):
            ours, token = deploy(name, env)
            with mlflow_server(place / name) as theirs:
                check_alike(ours, token, theirs)
                time.sleep(1)
                rows += compare(name, ours, theirs, script(place, token))
    print_table(rows)


if __name__ == "__main__":
    main()
