"""Gradient boosting on histograms: its predictors are arrays of records, on doubles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .groves import ROWS, numbered, planted, summed
from .words import Matrix

_FIELDS = ("left", "right", "feature_idx", "num_threshold")


class Grove:
    """The predictors of one sum, without categories of their own."""

    def __init__(self, predictors: Sequence[Any], features: int) -> None:
        trees = [predictor.nodes for predictor in predictors]
        nodes, _ = planted(trees, features, _FIELDS, lambda nodes: nodes["is_leaf"] == 0)
        first = predictors[0]
        self._one = type(first)(nodes, first.binned_left_cat_bitsets, first.raw_left_cat_bitsets)
        self._predictors = predictors
        self._none = {
            "known_cat_bitsets": np.zeros((0, 8), np.uint32),
            "f_idx_map": np.zeros(features + 1, np.uint32),
            "n_threads": 1,
        }

    def total(self, matrix: Matrix, first: float) -> Any:
        trees, rows = len(self._predictors), len(matrix)
        if rows <= ROWS:
            each = self._one.predict(numbered(matrix, trees, np.float64), **self._none)
            return summed(each.reshape(trees, rows), first)
        total = np.full(rows, first)
        for predictor in self._predictors:
            total += predictor.predict(matrix, **self._none)
        return total


class Histograms:
    """HistGradientBoosting, classes and numbers."""

    name = "trees"
    single = True

    def __init__(self, groves: Sequence[Grove], estimator: Any, classes: Any) -> None:
        self._groves, self._classes = groves, classes
        self._first = estimator._baseline_prediction.ravel().tolist()
        self._inverse = estimator._loss.link.inverse
        self._nodes = [predictor.nodes for step in estimator._predictors for predictor in step]

    @classmethod
    def fits(cls, estimator: Any, classes: Any) -> Histograms | None:
        from sklearn.ensemble import HistGradientBoostingClassifier as Classes
        from sklearn.ensemble import HistGradientBoostingRegressor as Numbers

        if getattr(type(estimator), "predict", None) not in (Classes.predict, Numbers.predict):
            return None
        if estimator._preprocessor is not None or not estimator._predictors:
            return None
        sums = zip(*estimator._predictors, strict=True)
        return cls([Grove(each, estimator.n_features_in_) for each in sums], estimator, classes)

    def answer(self, matrix: Matrix) -> Any:
        raw = [grove.total(matrix, first) for grove, first in zip(self._groves, self._first, strict=True)]
        if self._classes is None:
            return self._inverse(raw[0])
        return self._classes.take((raw[0] > 0).view(np.int8) if len(raw) == 1 else np.array(raw).argmax(0))

    def thresholds(self) -> dict[int, Any]:
        nodes = np.concatenate(self._nodes)
        nodes = nodes[nodes["is_leaf"] == 0]
        found = nodes["feature_idx"]
        return {int(at): np.unique(nodes["num_threshold"][found == at]) for at in np.unique(found)}
