"""What the probe finds in a Julia session, and that it only looks."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from jupyter_kronkers.languages.julia import probe_source

pytestmark = [
    pytest.mark.skipif(shutil.which("julia") is None, reason="needs julia"),
    pytest.mark.slow,
    pytest.mark.xdist_group("julia_probe"),
]

SESSION = """
using Dates, LinearAlgebra
struct Ridge{T}
    weights::Vector{T}
    features::Vector{Symbol}
end
predict(model::Ridge, X) = X * model.weights
module Frames
struct DataFrame
    inner::Dict{Symbol,Vector}
end
Base.propertynames(table::DataFrame) = sort!(collect(keys(getfield(table, :inner))))
Base.getproperty(table::DataFrame, name::Symbol) = getfield(table, :inner)[name]
Base.size(table::DataFrame, dimension) = 4
end
struct Trap end
Base.show(io::IO, ::Trap) = error("looked at too closely")
Base.length(::Trap) = error("looked at too closely")

a_trap = Trap()
fit = Ridge([1.0, 2.0], [:hr, :temp])
closure = let factor = 3; x -> x * factor; end
X_train = rand(100, 2)
y_train = rand(100)
columns = (hr = [1, 2], name = ["a", "b"])
table = Dict("a" => [1.0], "b" => [2.0])
frame = Frames.DataFrame(Dict(:hr => [1, 2, 3, 4], :temp => [1.0, 2.0, 3.0, 4.0]))
rmse, mae_test, unrelated = 0.25, 3, 4.0
factors, day, text, failure = lu(rand(2, 2)), Date(2020), "text", ErrorException("x")
ragged = (a = [1], b = [1, 2])
"""
ASK = """
before = names(Main; all = true)
asked() = Base.include_string(Module(:Asks), PROBE, "probe")
println(asked())
append!(before, [:before, :asked, Symbol("#asked"), Symbol("#before")])
println(setdiff(names(Main; all = true), before))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    script = tmp_path_factory.mktemp("probe") / "session.jl"
    script.write_text(f"{SESSION}\nconst PROBE = {julia_text(probe_source())}\n{ASK}", encoding="utf-8")
    command = ["julia", "--startup-file=no", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found, left = done.stdout.splitlines()
    return json.loads(found), left


def julia_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("$", "\\$")


def test_models_are_found_with_what_they_tell(told: tuple[dict[str, Any], str]) -> None:
    models = {model["name"]: model for model in told[0]["models"]}
    assert set(models) == {"fit", "closure"}
    fit = models["fit"]
    assert (fit["class"], fit["features"], fit["module"]) == ("Ridge", ["hr", "temp"], "Main")
    assert fit["size_bytes"] < 200


def test_data_are_found_with_rows_and_columns(told: tuple[dict[str, Any], str]) -> None:
    data = {rows["name"]: (rows["class"], rows["rows"], rows["columns"]) for rows in told[0]["data"]}
    assert data == {
        "X_train": ("Matrix", 100, ["x1", "x2"]),
        "columns": ("NamedTuple", 2, ["hr", "name"]),
        "frame": ("DataFrame", 4, ["hr", "temp"]),
        "table": ("Dict", 1, ["a", "b"]),
    }


def test_metrics_are_found_by_their_names(told: tuple[dict[str, Any], str]) -> None:
    assert told[0]["metrics"] == {"rmse": 0.25, "mae_test": 3.0}


def test_what_belongs_together_is_proposed(told: tuple[dict[str, Any], str]) -> None:
    assert told[0]["likely"] == {"model": "fit", "data": "X_train", "target": "y_train"}


def test_no_name_is_left_in_the_session(told: tuple[dict[str, Any], str]) -> None:
    assert told[1] == "Symbol[]"


def test_an_empty_session_holds_nothing(tmp_path: Path) -> None:
    script = tmp_path / "probe.jl"
    script.write_text(f"println(Base.include_string(Module(:Asks), {julia_text(probe_source())}))", encoding="utf-8")
    command = ["julia", "--startup-file=no", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(done.stdout) == {"models": [], "data": [], "metrics": {}, "likely": None}
