"""What a person's notebook may hold: run as a program of its own, it captures each of its models.

    python notebook_python.py <capture source> <folder>

Each function of `MODELS` gives the arguments of one capture. What it raises is written beside the folder.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

SCALE = 3.0
factor = "a name that the model has for an attribute only"
HEAVY = np.ones(2_000_000)
OFFSETS = {"night": -1.0}


class RushHour:
    """A model of the notebook's own, which uses a function and a constant of the notebook."""

    def __init__(self, factor):
        self.factor = factor

    def predict(self, rows):
        return scaled(rows["hr"].to_numpy() * self.factor)


def scaled(values):
    return values * SCALE


def looked_up(rows):
    return rows[:, 0] + globals()["OFFSETS"]["night"]


class OneAnswer:
    def predict(self, rows):
        return [1.0]


class NoPredict:
    pass


class Everything:
    """Answers every type, whatever it is asked."""

    def predict(self, rows):
        hours = np.asarray(rows.iloc[:, 0], float)
        return pd.DataFrame(
            {
                "number": hours / 3,
                "count": hours.astype("int32"),
                "late": hours > 2,
                "word": [f"h{hour:.0f}" for hour in hours],
                "at": pd.Timestamp("2026-11-23 06:00") + pd.to_timedelta(hours, unit="h"),
            }
        )


hours = pd.DataFrame(
    {"hr": np.arange(40) % 24, "temp": np.linspace(0.2, 0.9, 40), "day": ["Mon", "Tue", "Wed", "Thu"] * 10}
)
count = pd.Series(hours["hr"] * 10.0 + hours["temp"], name="cnt")
matrix = hours[["hr", "temp"]].to_numpy()
gappy = hours.assign(temp=hours["temp"].where(hours["hr"] != 3))
encoded = make_column_transformer((OneHotEncoder(), ["day"]), (StandardScaler(), ["hr", "temp"]))
typed = pd.DataFrame(
    {
        "tiny": np.arange(6, dtype="int8"),
        "long": np.arange(6),
        "gappy": pd.array([1, None, 3, 4, 5, 6], dtype="Int64"),
        "single": np.arange(6, dtype="float32"),
        "double": [0.5, np.nan, 1.5, np.inf, 2.5, 3.5],
        "flag": [True, False] * 3,
        "maybe": pd.array([True, None, False] * 2, dtype="boolean"),
        "text": ["a", "é", "", None, "😀", "z"],
        "level": pd.Categorical(["lo", "hi"] * 3, categories=["lo", "mid", "hi"], ordered=True),
        "day": pd.date_range("2026-11-23", periods=6, freq="D"),
        "zoned": pd.date_range("2026-10-25 01:30", periods=6, freq="h", tz="Europe/Berlin"),
    }
)
records = [{"hr": 3, "day": "Mon"}, {"hr": 4, "day": None}, {"hr": 5, "day": "Tue"}]


def local_module():
    sys.path.insert(0, str(Path.cwd()))
    Path("rush_features.py").write_text("def doubled(rows):\n    return rows[:, 0] * 2\n")
    import rush_features

    return rush_features


def of(**arguments):
    return arguments


MODELS = {
    "lambda": lambda: of(model=lambda rows: rows[:, 0] * SCALE, data=matrix),
    "own_class": lambda: of(model=RushHour(2.0), data=hours, target=count),
    "predict": lambda: of(
        model=LogisticRegression().fit(matrix, hours["day"] == "Mon"),
        data=matrix,
        predict=lambda model, rows: model.predict_proba(rows),
    ),
    "pipeline": lambda: of(
        model=make_pipeline(encoded, Ridge(alpha=0.5)).fit(hours, count), data=hours.assign(cnt=count), target="cnt"
    ),
    "forest": lambda: of(
        model=RandomForestRegressor(20, n_jobs=2, random_state=0).fit(hours[["hr", "temp"]], count),
        data=hours,
        target=count,
        metrics={"r2": 0.9},
        notebook="train.ipynb",
    ),
    "refuses_gaps": lambda: of(model=LinearRegression().fit(hours[["hr", "temp"]], count), data=gappy),
    "every_type": lambda: of(model=Everything(), data=typed),
    "texts": lambda: of(
        model=make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["a cat", "a dog", "the cat"], [1, 0, 1]),
        data=["a cat", "a dog", "the cat"],
    ),
    "records": lambda: of(model=lambda rows: [row["hr"] + (row["day"] is None) for row in rows], data=records),
    "series": lambda: of(model=lambda rows: rows.str.len(), data=hours["day"]),
    "heavy": lambda: of(model=lambda rows: rows[:, 0] + HEAVY[0], data=matrix),
    "needs": lambda: of(model=looked_up, data=matrix, needs=["OFFSETS"]),
    "local_module": lambda: of(model=local_module().doubled, data=matrix),
    # Refused:
    "class_itself": lambda: of(model=RushHour, data=hours),
    "no_predict": lambda: of(model=NoPredict(), data=hours),
    "no_data": lambda: of(model=RushHour(1.0)),
    "no_target": lambda: of(model=RushHour(1.0), data=hours, target="rentals"),
    "short_target": lambda: of(model=RushHour(1.0), data=hours, target=[1.0, 2.0]),
    "one_answer": lambda: of(model=OneAnswer(), data=hours),
    "answers_twice": lambda: of(model=lambda rows: pd.concat([rows, rows], axis=1), data=hours),
    "odd_column": lambda: of(model=RushHour(1.0), data=hours.assign(waits=pd.to_timedelta(hours["hr"], unit="h"))),
    "mixed_column": lambda: of(model=RushHour(1.0), data=hours.assign(mixed=[1, "x"] * 20)),
    "column_twice": lambda: of(model=RushHour(1.0), data=pd.concat([hours, hours], axis=1)),
    "no_rows": lambda: of(model=RushHour(1.0), data=hours.iloc[:0]),
    "generator": lambda: of(model=lambda rows, left=(row for row in []): rows[:, 0], data=matrix),
    "unknown_needs": lambda: of(model=RushHour(1.0), data=hours, needs="nothing_like_it"),
    "unfitted": lambda: of(model=Ridge(), data=hours[["hr"]]),
    "bad_metric": lambda: of(model=RushHour(1.0), data=hours, metrics={"rmse": float("nan")}),
    "sparse": lambda: of(model=RushHour(1.0), data=__import__("scipy.sparse").sparse.eye(3)),
    "huge_integers": lambda: of(model=RushHour(1.0), data=hours.assign(id=np.uint64(2**64 - 1))),
}


if __name__ == "__main__":
    sent = {"__name__": "sent"}
    exec(Path(sys.argv[1]).read_text(), sent)
    refused = {}
    for name, arguments in MODELS.items():
        try:
            given = arguments()
            sent["capture"](given.pop("model"), Path(sys.argv[2], name), **given)
        except ValueError as error:
            refused[name] = f"{type(error).__name__}: {error}"
    Path(sys.argv[2], "refused.json").write_text(json.dumps(refused))
