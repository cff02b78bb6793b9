"""The probe looks at the names of a notebook and runs nothing of what they hold."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from jupyter_kronkers.languages import python


def probed(**names: Any) -> dict[str, Any]:
    sent: dict[str, Any] = {"__name__": "sent"}
    exec(python.probe_source(), sent)
    found: dict[str, Any] = sent["probe"](names)
    assert json.loads(json.dumps(found)) == found
    return found


class Trap:
    """Whoever looks too closely at it falls in."""

    def __getattr__(self, name: str) -> Any:
        raise SystemExit(f"{name} was read")

    def __repr__(self) -> str:
        raise SystemExit("it was shown")

    __len__ = __bool__ = __eq__ = __hash__ = __iter__ = __sizeof__ = __repr__  # type: ignore[assignment]

    @property
    def columns(self) -> Any:
        raise SystemExit("a property ran")

    shape = feature_names_in_ = steps = columns


class Predicting(Trap):
    def predict(self, rows: Any) -> Any:
        raise SystemExit("it was asked")


@pytest.fixture(scope="module")
def hours() -> pd.DataFrame:
    return pd.DataFrame({"hr": np.arange(48) % 24, "temp": np.linspace(0, 1, 48), "cnt": np.arange(48.0)})


def test_fitted_models_are_found_with_their_features(hours: pd.DataFrame) -> None:
    features = hours[["hr", "temp"]]
    found = probed(
        line=LinearRegression().fit(features, hours["cnt"]),
        piped=make_pipeline(StandardScaler(), LinearRegression()).fit(features, hours["cnt"]),
        unnamed=LinearRegression().fit(features.to_numpy(), hours["cnt"]),
    )
    assert [(model["name"], model["class"], model["features"]) for model in found["models"]] == [
        ("line", "LinearRegression", ["hr", "temp"]),
        ("piped", "Pipeline", ["hr", "temp"]),
        ("unnamed", "LinearRegression", None),
    ]


def test_what_is_not_fitted_is_no_model() -> None:
    unfitted = {"line": LinearRegression(), "piped": make_pipeline(StandardScaler(), LinearRegression())}
    assert probed(**unfitted, scaler=StandardScaler())["models"] == []


def test_classes_functions_and_hidden_names_are_not_shown(hours: pd.DataFrame) -> None:
    assert probed(Predicting=Predicting, _=hours, _12=hours, np=np, fit=len)["models"] == []
    assert probed(_=hours, Out={1: hours})["data"] == []


def test_tables_series_arrays_and_records_are_data(hours: pd.DataFrame) -> None:
    found = probed(hours=hours, cnt=hours["cnt"], X=hours.to_numpy(), rows=[{"hr": 1}], empty=[], text="abc")
    assert [(rows["name"], rows["class"], rows["rows"], rows["columns"]) for rows in found["data"]] == [
        ("hours", "DataFrame", 48, ["hr", "temp", "cnt"]),
        ("cnt", "Series", 48, ["cnt"]),
        ("X", "ndarray", 48, ["x0", "x1", "x2"]),
        ("rows", "list", 1, ["hr"]),
    ]


def test_metrics_are_numbers_with_the_name_of_one() -> None:
    found = probed(rmse=41.5, r2_test=np.float64(0.5), f1_score=0.25, mae=float("nan"), rows=3, metrics={"auc": 0.75})
    assert found["metrics"] == {"rmse": 41.5, "r2_test": 0.5, "f1_score": 0.25, "auc": 0.75}


def test_the_table_with_just_the_features_and_what_stands_beside_it_are_likely(hours: pd.DataFrame) -> None:
    X_train, y_train = hours[["hr", "temp"]], hours["cnt"]
    line = LinearRegression().fit(X_train, y_train)
    found = probed(hours=hours, X_train=X_train, y_train=y_train, line=line)
    assert found["likely"] == {"model": "line", "data": "X_train", "target": "y_train"}


def test_the_only_other_column_is_the_likely_target(hours: pd.DataFrame) -> None:
    line = LinearRegression().fit(hours[["hr", "temp"]], hours["cnt"])
    assert probed(hours=hours, line=line)["likely"] == {"model": "line", "data": "hours", "target": "cnt"}


def test_without_a_model_nothing_is_likely(hours: pd.DataFrame) -> None:
    assert probed(hours=hours)["likely"] is None


def test_no_code_of_what_it_looks_at_runs() -> None:
    found = probed(trap=Trap(), model=Predicting(), listed=[Trap()], held={"a": Trap()})
    assert [(model["name"], model["features"]) for model in found["models"]] == [("model", None)]


def test_a_forest_is_weighed_in_a_moment(hours: pd.DataFrame) -> None:
    forest = RandomForestRegressor(200, random_state=0).fit(hours[["hr"]], hours["cnt"])
    held = Predicting()
    held.__dict__["weights"] = np.zeros(1_000_000)
    start = time.monotonic()
    sizes = {model["name"]: model["size_bytes"] for model in probed(forest=forest, held=held)["models"]}
    assert sizes["held"] >= 8_000_000
    assert sizes["forest"] >= sum(tree.tree_.node_count * 64 for tree in forest.estimators_) / 2
    assert time.monotonic() - start < 1.0


def test_at_most_two_hundred_of_each_are_named() -> None:
    wide = pd.DataFrame(np.zeros((1, 1_000)))
    found = probed(**{f"rows{at}": np.zeros(3) for at in range(300)}, **{f"m{at}": Predicting() for at in range(300)})
    assert (len(found["data"]), len(found["models"])) == (200, 200)
    assert len(probed(wide=wide)["data"][0]["columns"]) == 500
