"""The path of a pipeline: columns ──entry──▶ matrix ──steps──▶ matrix ──last──▶ answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from . import histograms, linear, trees
from .entries import Numbers, Order
from .mixed import Mixed
from .steps import is_nothing, step
from .words import Entry, Last, Loaded, Parts, Plainly, Step

ORDERS: tuple[Order, ...] = ("C", "F")


class Chain:
    """One column of answers, by the arithmetic of a pipeline."""

    def __init__(self, entry: Entry, steps: Sequence[Step], last: Last) -> None:
        self.entry, self.name = entry, last.name
        self._steps, self._last = steps, last

    def predict(self, columns: Sequence[Parts], rows: int) -> list[Parts]:
        if not rows:
            raise Plainly
        matrix = self.entry.matrix(columns, rows)
        for each in self._steps:
            matrix = each(matrix)
        return [("prediction", self._last.answer(matrix), None)]

    def thresholds(self) -> dict[int, Any]:
        if self._steps:
            return {}
        found = ((self.entry.column_of(at), values) for at, values in self._last.thresholds().items())
        return {at: values for at, values in found if at is not None}


def candidates(plain: Loaded) -> Iterator[Chain]:
    """The chains for a scikit-learn model or pipeline of a known kind, the likeliest first."""
    if plain.has_own_predict or not type(plain.thing).__module__.startswith("sklearn."):
        return
    transformers, estimator = opened(plain.thing)
    last = last_of(plain, estimator)
    entries, transformers = entered(plain, transformers)
    steps = [step(each) for each in transformers]
    known = [each for each in steps if each is not None]
    if last is not None and len(known) == len(steps):
        for entry in entries:
            if not in_single_precision(entry, known, last):
                yield Chain(entry, known, last)


def entered(plain: Loaded, transformers: list[Any]) -> tuple[Sequence[Entry], list[Any]]:
    """What may make the matrix, and the transformers behind that."""
    if not transformers or type(transformers[0]).__name__ != "ColumnTransformer":
        numbers = Numbers.fits(plain)
        return [numbers] if numbers else [], transformers
    # How its parts lie in memory depends on all of them; which order gives the same last digits is tried out.
    mixed = [Mixed.fits(plain, transformers[0], order) for order in ORDERS]
    return [each for each in mixed if each is not None], transformers[1:]


def opened(model: Any) -> tuple[list[Any], Any]:
    """(transformers, estimator) of pipelines and searches, as deep as they are nested."""
    while hasattr(model, "best_estimator_"):
        model = model.best_estimator_
    if type(model).__name__ != "Pipeline":
        return [], model
    *first, (_, last) = model.steps
    transformers, estimator = opened(last)
    return [each for _, each in first if not is_nothing(each)] + transformers, estimator


def last_of(plain: Loaded, estimator: Any) -> Last | None:
    classes = None
    if hasattr(estimator, "classes_"):
        # One gap in them and they are taken apart by each answer.
        ((_, classes, mask),) = plain.columns_of(np.asarray(estimator.classes_), len(estimator.classes_))
        if mask is not None:
            return None
        found: Last | None = linear.Classification.fits(estimator, classes)
    else:
        found = linear.Regression.fits(estimator)
    return (
        found
        or trees.Forest.fits(estimator, classes)
        or trees.Boosting.fits(estimator, classes)
        or (histograms.Histograms.fits(estimator, classes))
    )


def in_single_precision(entry: Entry, steps: Sequence[Step], last: Last) -> bool:
    """True where scikit-learn would calculate in single precision: columns of nothing but float32."""
    common = getattr(entry, "common", None)
    narrow = common is not None and common.kind == "f" and common.itemsize < 8
    return narrow and (bool(steps) or not last.single)
