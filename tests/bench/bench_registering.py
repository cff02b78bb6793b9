"""How long a person waits for `register` in each language: capture, upload, proof, version. The session is warm."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from measuring import Row, control_plane, folder, print_table

RUNS = 5

PYTHON = """
import time, numpy as np, pandas as pd
from sklearn.ensemble import RandomForestRegressor
import jupyter_kronkers as kronkers
rng = np.random.default_rng(1)
X = pd.DataFrame(rng.normal(size=(2000, 10)), columns=[f"x{i}" for i in range(10)])
y = X.sum(axis=1) + rng.normal(size=2000)
model = RandomForestRegressor(n_estimators=21, max_depth=9, random_state=1).fit(X, y)
import pickle; print("megabytes", len(pickle.dumps(model)) / 1e6)
for i in range(RUNS + 1):
    t = time.perf_counter(); v = kronkers.register(model, "py", data=X, target=y, metrics={"run": i})
    assert v.state == "ready", v
    print("seconds", time.perf_counter() - t)
"""

R = """
suppressPackageStartupMessages(library(kronkers)); set.seed(1)
train <- data.frame(x = rnorm(2000), z = rnorm(2000)); train$y <- train$x + train$z^2 + rnorm(2000)
fit <- lm(y ~ splines::bs(x) + z, train)
for (i in 0:RUNS) {
  t <- proc.time()[["elapsed"]]; v <- register(fit, "r", data = train, target = "y", metrics = list(run = i))
  stopifnot(v$state == "ready"); cat("seconds", proc.time()[["elapsed"]] - t, "\\n")
}
"""

JULIA = """
using Kronkers, LinearAlgebra, Random
struct Ridge; beta::Vector{Float64}; end
predict(m::Ridge, X) = X * m.beta
X = randn(MersenneTwister(1), 2000, 5); y = X * [1.0, 2, 3, 4, 5]
model = Ridge((X'X + I) \\ (X'y))
for i in 0:RUNS
    t = time(); v = register(model, "jl"; data = X, target = y, predict = predict, metrics = Dict("run" => i))
    v.state == "ready" || error(v)
    println("seconds ", time() - t)
end
"""


def seconds(command: list[str | Path], env: dict[str, str]) -> list[float]:
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    for line in done.stdout.splitlines():
        if line.startswith("megabytes"):
            print(f"  (the scikit-learn model has {float(line.split()[1]):.2f} MB)")
    return [float(found) for found in re.findall(r"^seconds (\S+)", done.stdout, re.MULTILINE)]


def row(language: str, limit_s: float, measured: list[float]) -> Row:
    first, *later = measured
    later.sort()
    print(f"  {language}: first {first:.2f} s, then {later[0]:.2f} to {later[-1]:.2f} s")
    return Row(f"register in {language}, proof included", later[len(later) // 2], limit_s, against="the limit we set")


def main() -> None:
    with folder() as place, control_plane(place / "data") as env:
        julia = place / "model.jl"
        julia.write_text(JULIA.replace("RUNS", str(RUNS)))
        commands: dict[str, tuple[float, list[str | Path]]] = {
            "Python": (5.0, [sys.executable, "-c", PYTHON.replace("RUNS", str(RUNS))]),
            "R": (3.0, ["Rscript", "-e", R.replace("RUNS", str(RUNS))]),
            "Julia": (8.0, ["julia", julia]),
        }
        print_table([row(name, limit_s, seconds(command, env)) for name, (limit_s, command) in commands.items()])


if __name__ == "__main__":
    main()
