"""A fast path gives the answers of the model's own predict, or is not taken."""

from __future__ import annotations

import json
import os

import numpy as np
import pandas as pd
import psutil
import pytest
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, RobustScaler, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from jupyter_kronkers.languages import Column, Host, Limits, find
from jupyter_kronkers.languages.python import fast
from jupyter_kronkers.languages.python.capture import capture
from jupyter_kronkers.languages.python.fast import equality
from jupyter_kronkers.languages.python.loaded import Loaded
from tests.serving.artifacts import columns

RANDOM = np.random.default_rng(7)
COUNT = 400
NUMBERS = pd.DataFrame(RANDOM.normal(5, 2, (COUNT, 4)), columns=list("abcd"))
WHOLE = NUMBERS.round().astype(int).assign(b=NUMBERS["b"] > 5)
WORDS = pd.DataFrame({"w": RANDOM.choice(["low", "mid", "high"], COUNT), "a": NUMBERS["a"], "k": WHOLE["c"]})
GAPS = NUMBERS.mask(RANDOM.random(NUMBERS.shape) < 0.1)
NUMBER = (NUMBERS["a"] * NUMBERS["b"] + RANDOM.normal(size=COUNT)).to_numpy()
TWO = np.where(NUMBER.mean() < NUMBER, "yes", "no")
THREE = np.digitize(NUMBER, np.quantile(NUMBER, [0.3, 0.6]))


@pytest.fixture
def load(tmp_path):
    """load(model, data) is the model as a host loads it, and the folder of its artifact's data."""

    def loaded(model, data, predict=None):
        raw = tmp_path / "raw"
        raw.mkdir()
        capture(model, raw, data=data, predict=predict)
        recorded = {
            "inputs": columns(raw / "frames" / "sample.kf"),
            "outputs": columns(raw / "frames" / "answers.kf"),
        }
        (tmp_path / "conformance.json").write_text(json.dumps(recorded))
        os.symlink(raw, tmp_path / "data")
        return Loaded.from_folder(tmp_path / "data"), tmp_path / "data"

    return loaded


def encoded(last):
    return make_pipeline(make_column_transformer((OneHotEncoder(), ["w"]), remainder="passthrough"), last)


def each_its_own(last):
    scaled = make_pipeline(SimpleImputer(), StandardScaler())
    ignoring = OneHotEncoder(handle_unknown="ignore", drop="first")
    return make_pipeline(ColumnTransformer([("n", scaled, ["a", "k"]), ("w", ignoring, ["w"])]), last)


MODELS = [
    ("linear", make_pipeline(StandardScaler(), LogisticRegression()), NUMBERS, TWO),
    ("linear", make_pipeline(MinMaxScaler(), LogisticRegression()), NUMBERS, THREE),
    ("linear", make_pipeline(RobustScaler(), LinearSVC()), NUMBERS, TWO),
    ("linear", SGDClassifier(random_state=0), NUMBERS, THREE),
    ("linear", LinearRegression(), NUMBERS, NUMBER),
    ("linear", make_pipeline(StandardScaler(), Ridge()), NUMBERS, NUMBER),
    ("linear", Lasso(), WHOLE.drop(columns="b"), NUMBER),
    ("linear", ElasticNet(), NUMBERS.to_numpy(), NUMBER),
    ("linear", make_pipeline(StandardScaler(), SGDRegressor(random_state=0)), NUMBERS, NUMBER),
    ("linear", make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()), GAPS, TWO),
    ("linear", GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}), NUMBERS, TWO),
    ("linear", encoded(LogisticRegression(max_iter=1000)), WORDS, TWO),
    ("linear", each_its_own(Ridge()), WORDS, NUMBER),
    ("trees", RandomForestClassifier(30, random_state=0), NUMBERS, TWO),
    ("trees", RandomForestClassifier(30, random_state=0), WHOLE, THREE),
    ("trees", RandomForestRegressor(30, random_state=0), NUMBERS.astype("float32"), NUMBER),
    ("trees", RandomForestRegressor(30, random_state=0), GAPS, NUMBER),
    ("trees", ExtraTreesClassifier(30, random_state=0), NUMBERS.to_numpy(), TWO),
    ("trees", ExtraTreesRegressor(30, random_state=0), NUMBERS, NUMBER),
    ("trees", DecisionTreeClassifier(random_state=0), NUMBERS, THREE),
    ("trees", DecisionTreeRegressor(random_state=0), NUMBERS, NUMBER),
    ("trees", GradientBoostingClassifier(n_estimators=30, random_state=0), NUMBERS, TWO),
    ("trees", GradientBoostingClassifier(n_estimators=30, random_state=0), NUMBERS, THREE),
    ("trees", GradientBoostingRegressor(n_estimators=30, random_state=0), NUMBERS, NUMBER),
    ("trees", HistGradientBoostingClassifier(max_iter=30), GAPS, TWO),
    ("trees", HistGradientBoostingClassifier(max_iter=30), NUMBERS, THREE),
    ("trees", HistGradientBoostingRegressor(max_iter=30), NUMBERS, NUMBER),
    ("trees", encoded(HistGradientBoostingRegressor(max_iter=30, loss="poisson")), WORDS, NUMBER - NUMBER.min()),
    ("trees", make_pipeline(make_column_transformer((OrdinalEncoder(), ["w"])), DecisionTreeClassifier()), WORDS, TWO),
    ("quiet", KNeighborsClassifier(), NUMBERS, TWO),
    ("quiet", make_pipeline(StandardScaler(), GaussianNB()), NUMBERS, TWO),
    ("quiet", VotingClassifier([("n", GaussianNB()), ("t", DecisionTreeClassifier())]), NUMBERS, TWO),
    ("quiet", LinearRegression(), NUMBERS, np.column_stack([NUMBER, -NUMBER])),
    ("quiet", make_pipeline(StandardScaler(), Ridge()), NUMBERS.astype("float32"), NUMBER),
    ("plain", encoded(GaussianNB()), WORDS, TWO),
]
IDS = [f"{at}-{path}-{type(model).__name__}" for at, (path, model, *_) in enumerate(MODELS)]


def frame(data) -> list:
    """The rows of a data frame or array, as a request brings them."""
    data = pd.DataFrame(data).rename(columns=lambda name: name if isinstance(name, str) else f"x{name}")
    kinds = {"f": np.float64, "i": np.int64, "b": np.bool_}
    made = []
    for name in data:
        gone = data[name].isna().to_numpy(bool)
        filled = data[name].fillna(0) if gone.any() else data[name]
        values = filled.to_numpy(kinds.get(getattr(filled.dtype, "kind", "O"), object))
        made.append((name, values, gone if gone.any() else None))
    return made


@pytest.mark.slow
@pytest.mark.parametrize(("path", "model", "data", "target"), MODELS, ids=IDS)
def test_answers_are_those_of_the_model_itself(load, path, model, data, target):
    plain, folder = load(model.fit(data, target), data)
    model = fast.faster(plain, folder)
    assert model.path == path
    rows = frame(data)
    for start, end in ((0, COUNT), (0, 1), (7, 8), (3, 67)):
        some = equality.part(rows, start, end)
        if path != "plain":
            answered = model._candidate.predict(some, end - start)
            assert equality.same(plain.predict(some, end - start), answered)


@pytest.mark.parametrize(
    ("model", "target"),
    [(RandomForestRegressor(30, random_state=0), NUMBER), (HistGradientBoostingRegressor(max_iter=30), NUMBER)],
)
def test_the_sums_of_trees_are_the_same_to_the_last_bit(load, model, target):
    plain, folder = load(model.fit(NUMBERS, target), NUMBERS)
    model, rows = fast.faster(plain, folder), frame(NUMBERS)
    for some in [rows, *(equality.part(rows, at, at + 1) for at in range(100))]:
        assert (
            model.predict(some, len(some[0][1]))[0][1].tobytes() == plain.predict(some, len(some[0][1]))[0][1].tobytes()
        )


# Where a path does not lead


def regression(load):
    plain, folder = load(LinearRegression().fit(NUMBERS, NUMBER), NUMBERS)
    return plain, fast.faster(plain, folder)


def test_a_missing_number_that_the_model_refuses_is_refused_in_its_own_words(load):
    _, model = regression(load)
    rows = frame(NUMBERS.iloc[:2])
    rows[1] = (rows[1][0], np.array([1.0, np.nan]), None)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        model.predict(rows, 2)


def test_an_infinity_that_the_model_refuses_is_refused_in_its_own_words(load):
    _, model = regression(load)
    rows = frame(NUMBERS.iloc[:1])
    rows[2] = (rows[2][0], np.array([np.inf]), None)
    with pytest.raises(ValueError, match="infinity"):
        model.predict(rows, 1)


def test_a_number_beyond_single_precision_is_refused_by_trees_in_their_own_words(load):
    plain, folder = load(RandomForestRegressor(5).fit(NUMBERS, NUMBER), NUMBERS)
    rows = frame(NUMBERS.iloc[:1])
    rows[0] = (rows[0][0], np.array([1e300]), None)
    with pytest.raises(ValueError, match="too large for dtype"):
        fast.faster(plain, folder).predict(rows, 1)


def test_an_unknown_word_is_refused_in_the_words_of_the_encoder(load):
    plain, folder = load(encoded(LogisticRegression(max_iter=1000)).fit(WORDS, TWO), WORDS)
    model = fast.faster(plain, folder)
    rows = frame(WORDS.iloc[:1].assign(w="never"))
    assert model.path == "linear"
    with pytest.raises(ValueError, match="Found unknown categories"):
        model.predict(rows, 1)


def test_an_unknown_word_that_is_ignored_is_answered_alike(load):
    plain, folder = load(each_its_own(Ridge()).fit(WORDS, NUMBER), WORDS)
    rows = frame(WORDS.iloc[:2].assign(w=["never", "low"]))
    assert equality.same(plain.predict(rows, 2), fast.faster(plain, folder)._candidate.predict(rows, 2))


def test_a_column_that_is_not_sent_is_named(load):
    _, model = regression(load)
    with pytest.raises(ValueError, match="lack the columns d"):
        model.predict(frame(NUMBERS[list("abc")]), COUNT)


def test_no_rows_are_for_the_model_to_refuse(load):
    _, model = regression(load)
    with pytest.raises(ValueError, match="0 sample"):
        model.predict(frame(NUMBERS.iloc[:0]), 0)


# What is not taken


class Shifted(LinearRegression):
    """Answers otherwise than its parent for one value in a thousand."""

    def predict(self, X):
        answers = super().predict(X)
        return np.where(np.asarray(X)[:, 0] > 9.5, answers + 1e-9, answers)


def test_a_path_that_differs_on_a_few_generated_rows_is_not_taken(load, monkeypatch):
    plain, folder = load(LinearRegression().fit(NUMBERS, NUMBER), NUMBERS)
    plain.thing.__class__ = Shifted
    monkeypatch.setattr(Shifted, "__module__", "sklearn.own")
    assert [each.name for each in fast.candidates(plain)] == ["linear", "quiet"]
    assert fast.faster(plain, folder).path == "quiet"


def test_a_class_of_the_notebook_is_asked_plainly_whatever_it_descends_from(load):
    plain, folder = load(Shifted().fit(NUMBERS, NUMBER), NUMBERS)
    assert fast.faster(plain, folder) is plain


def test_a_process_that_has_proven_a_path_can_still_be_forked(load):
    plain, folder = load(KNeighborsClassifier(n_jobs=-1).fit(NUMBERS, TWO), NUMBERS)
    threads = psutil.Process().num_threads()
    assert fast.faster(plain, folder) is plain
    assert psutil.Process().num_threads() == threads


def test_a_predict_of_the_person_is_asked_plainly(load):
    plain, folder = load(LinearRegression().fit(NUMBERS, NUMBER), NUMBERS, lambda m, d: m.predict(d) * 2)
    assert fast.faster(plain, folder) is plain


def test_without_recorded_rows_nothing_is_proven(load):
    plain, folder = load(LinearRegression().fit(NUMBERS, NUMBER), NUMBERS)
    (folder.parent / "conformance.json").unlink()
    assert fast.faster(plain, folder) is plain


def test_a_model_that_is_too_slow_to_prove_is_left_as_it_is(load, monkeypatch):
    plain, folder = load(LinearRegression().fit(NUMBERS, NUMBER), NUMBERS)
    monkeypatch.setattr(equality, "TOGETHER_S", -1.0)
    assert fast.faster(plain, folder) is plain


def test_a_path_that_fails_hands_over_to_the_model(load, monkeypatch):
    plain, model = regression(load)
    monkeypatch.setattr(model._candidate, "predict", lambda columns, rows: 1 / 0)
    rows = frame(NUMBERS)
    assert equality.same(plain.predict(rows, COUNT), model.predict(rows, COUNT))


# In a host


@pytest.mark.slow
def test_a_host_takes_the_path_behind_its_fence(load, tmp_path):
    plain, folder = load(RandomForestClassifier(30, random_state=0).fit(NUMBERS, TWO), NUMBERS)
    model = folder.resolve()
    folder.unlink()
    model.rename(folder)
    rows = frame(NUMBERS)
    with Host.start(folder, find("python"), Limits(), tmp_path / "log") as host:
        assert host.ready.path == "trees"
        (answer,) = host.predict([Column(*column) for column in rows])
    assert answer.values.tolist() == plain.predict(rows, COUNT)[0][1].tolist()
