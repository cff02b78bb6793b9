"""Linear models: X @ coef + intercept, then the class on that side.

A scaler before them is not folded into the coefficients: that would save one microsecond of five, and cost the last
digits of an answer near zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .words import Matrix


class Regression:
    """Any linear estimator of one number."""

    name = "linear"
    single = False

    def __init__(self, coefficients: Any, intercept: Any) -> None:
        self._coefficients, self._intercept = coefficients, intercept

    @classmethod
    def fits(cls, estimator: Any) -> Regression | None:
        from sklearn.linear_model._base import LinearModel
        from sklearn.linear_model._stochastic_gradient import BaseSGDRegressor

        if not isinstance(estimator, LinearModel | BaseSGDRegressor) or np.asarray(estimator.coef_).ndim != 1:
            return None
        return cls(estimator.coef_, estimator.intercept_)

    def answer(self, matrix: Matrix) -> Any:
        return matrix @ self._coefficients + self._intercept

    def thresholds(self) -> dict[int, Any]:
        return {}


class Classification:
    """Any linear classifier: logistic regression, SVM, SGD …"""

    name = "linear"
    single = False

    def __init__(self, coefficients: Any, intercept: Any, classes: Any) -> None:
        self._coefficients, self._intercept, self._classes = coefficients, intercept, classes
        self._two = coefficients.shape[1] == 1

    @classmethod
    def fits(cls, estimator: Any, classes: Any) -> Classification | None:
        from sklearn.linear_model._base import LinearClassifierMixin

        if not isinstance(estimator, LinearClassifierMixin) or np.asarray(estimator.coef_).ndim != 2:
            return None
        return cls(estimator.coef_.T, estimator.intercept_, classes)

    def answer(self, matrix: Matrix) -> Any:
        scores = matrix @ self._coefficients + self._intercept
        return self._classes.take((scores[:, 0] > 0).view(np.int8) if self._two else scores.argmax(1))

    def thresholds(self) -> dict[int, Any]:
        return {}
