"""scikit-learn's own predict on a plain array: no data frame is built, and what was checked already is not again."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .entries import Numbers, numbers, refuse_other_columns
from .words import Loaded, Parts, Plainly


class Quiet:
    """Any scikit-learn model of numbers only."""

    name = "quiet"

    def __init__(self, plain: Loaded, entry: Numbers) -> None:
        import sklearn

        self.entry = entry
        self._plain, self._nameless = plain, nameless(plain.thing)
        self._context = sklearn.config_context

    def predict(self, columns: Sequence[Parts], rows: int) -> list[Parts]:
        refuse_other_columns(self.entry.names, columns)
        made = np.empty((rows, len(columns)), self.entry.common, self.entry.order)
        for at, (column, kind) in enumerate(zip(columns, self.entry.kinds, strict=True)):
            made[:, at] = numbers(column, kind)
        # Its own checks say best what is wrong with no rows, and with what is not finite.
        if not rows or not np.isfinite(made).all():
            raise Plainly
        with self._context(assume_finite=True, skip_parameter_validation=True):
            return self._plain.columns_of(self._nameless.predict(made), rows)

    def thresholds(self) -> dict[int, Any]:
        return {}


def candidates(plain: Loaded) -> Iterator[Quiet]:
    """The quiet path for any model of scikit-learn that takes numbers."""
    if not plain.has_own_predict and type(plain.thing).__module__.startswith("sklearn."):
        entry = Numbers.fits(plain)
        # To try it would leave threads behind, and a process with threads cannot be forked.
        if entry is not None and not wants_threads(plain.thing):
            yield Quiet(plain, entry)


def wants_threads(model: Any) -> bool:
    told = model.get_params().items()
    return any(name.endswith("n_jobs") and value not in (None, 1) for name, value in told)


def nameless(model: Any) -> Any:
    """The model, sharing all it learnt, without the names of its features: with them it would warn of an array."""
    twin = copy.copy(model)
    if type(model).__name__ == "Pipeline":
        twin.steps = [(name, each if isinstance(each, str) else nameless(each)) for name, each in model.steps]
    if hasattr(model, "best_estimator_"):
        twin.best_estimator_ = nameless(model.best_estimator_)
    vars(twin).pop("feature_names_in_", None)
    return twin
