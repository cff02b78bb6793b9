"""Forests, extremely random ones, single trees and gradient boosting: scikit-learn's trees on single precision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .groves import ROWS, numbered, planted, summed
from .words import Matrix, Plainly

_FIELDS = ("left_child", "right_child", "feature", "threshold")
LARGEST_BYTES = 1 << 28
"""Of one grove: it is a copy of the trees, and a large forest is slow by itself."""


class Grove:
    """The trees of one sum. `values` are what each leaf adds, (nodes, …)."""

    def __init__(self, trees: Sequence[Any], features: int, scale: float = 1.0) -> None:
        from sklearn.tree._tree import Tree

        states = [tree.__getstate__() for tree in trees]
        nodes, self._starts = planted([state["nodes"] for state in states], features, _FIELDS, _inner)
        first = len(nodes) - sum(len(state["values"]) for state in states)
        values = np.concatenate([np.zeros((first, *states[0]["values"].shape[1:])), *[s["values"] for s in states]])
        depth = max(state["max_depth"] for state in states) + first.bit_length()
        self._one = Tree(features + 1, np.ones(1, np.intp) * values.shape[2], 1)
        self._one.__setstate__({"max_depth": depth, "node_count": len(nodes), "nodes": nodes, "values": values})
        self._trees = trees
        # scikit-learn multiplies each leaf's value before it adds it.
        self._values = np.ascontiguousarray(values[:, 0, :]) * scale

    def total(self, matrix: Any, first: Any = 0.0) -> Any:
        """The sum over all trees, (rows, values per leaf). matrix: float32, in C's order."""
        return summed(self._values.take(self._leaves(matrix), 0), first)

    def _leaves(self, matrix: Any) -> Any:
        trees, rows = len(self._trees), len(matrix)
        if rows <= ROWS:
            return self._one.apply(numbered(matrix, trees, np.float32)).reshape(trees, rows)
        leaves = np.empty((trees, rows), np.intp)
        for at, tree in enumerate(self._trees):
            leaves[at] = tree.apply(matrix)
        leaves += self._starts[:, None]
        return leaves

    def thresholds(self) -> dict[int, Any]:
        return thresholds(self._trees)


def _inner(nodes: Any) -> Any:
    return nodes["left_child"] != -1


def thresholds(trees: Sequence[Any]) -> dict[int, Any]:
    """The values at which trees split, by feature."""
    features = np.concatenate([tree.feature for tree in trees])
    values = np.concatenate([tree.threshold for tree in trees])
    return {int(at): np.unique(values[features == at]) for at in np.unique(features[features >= 0])}


def in_single(matrix: Matrix) -> Any:
    with np.errstate(over="ignore"):
        made = np.ascontiguousarray(matrix, np.float32)
    if np.isinf(made).any():
        raise Plainly
    return made


class Forest:
    """The mean over trees; of shares of classes, the largest."""

    name = "trees"
    single = True

    def __init__(self, grove: Grove, count: int, classes: Any) -> None:
        self._grove, self._count, self._classes = grove, count, classes

    @classmethod
    def fits(cls, estimator: Any, classes: Any) -> Forest | None:
        from sklearn.ensemble import _forest
        from sklearn.tree import _classes as single

        own = {_forest.ForestClassifier.predict, _forest.ForestRegressor.predict, single.BaseDecisionTree.predict}
        if getattr(type(estimator), "predict", None) not in own or estimator.n_outputs_ != 1:
            return None
        fitted = getattr(estimator, "estimators_", [estimator])
        trees = [each.tree_ for each in fitted]
        if too_large(trees):
            return None
        return cls(Grove(trees, estimator.n_features_in_), len(trees), classes)

    def answer(self, matrix: Matrix) -> Any:
        mean = self._grove.total(in_single(matrix))
        if self._count > 1:
            mean /= self._count
        return mean[:, 0] if self._classes is None else self._classes.take(mean.argmax(1))

    def thresholds(self) -> dict[int, Any]:
        return self._grove.thresholds()


class Boosting:
    """Gradient boosting whose beginning is a constant: from there each tree adds its share."""

    name = "trees"
    single = True

    def __init__(self, groves: Sequence[Grove], first: Any, classes: Any) -> None:
        self._groves, self._first, self._classes = groves, first, classes

    @classmethod
    def fits(cls, estimator: Any, classes: Any) -> Boosting | None:
        from sklearn.dummy import DummyClassifier, DummyRegressor
        from sklearn.ensemble import _gb

        own = {_gb.GradientBoostingClassifier.predict, _gb.GradientBoostingRegressor.predict}
        if getattr(type(estimator), "predict", None) not in own:
            return None
        if estimator.init_ != "zero" and not isinstance(estimator.init_, DummyClassifier | DummyRegressor):
            return None
        sums = [[tree.tree_ for tree in column] for column in estimator.estimators_.T]
        if too_large([tree for column in sums for tree in column]):
            return None
        features = estimator.n_features_in_
        (first,) = estimator._raw_predict_init(np.zeros((1, features), np.float32))
        return cls([Grove(column, features, estimator.learning_rate) for column in sums], first, classes)

    def answer(self, matrix: Matrix) -> Any:
        single = in_single(matrix)
        raw = [grove.total(single, first)[:, 0] for grove, first in zip(self._groves, self._first, strict=True)]
        if self._classes is None:
            return raw[0]
        return self._classes.take((raw[0] >= 0).view(np.int8) if len(raw) == 1 else np.array(raw).argmax(0))

    def thresholds(self) -> dict[int, Any]:
        found = [grove.thresholds() for grove in self._groves]
        return {at: values for each in found for at, values in each.items()}


def too_large(trees: Sequence[Any]) -> bool:
    return bool(sum(tree.node_count * (64 + 8 * tree.value.shape[2]) for tree in trees) > LARGEST_BYTES)
