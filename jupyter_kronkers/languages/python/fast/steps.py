"""Steps of a pipeline between the columns and the estimator: each as the few operations it comes down to, in order.

A step may change the matrix it is given in place: nobody else holds it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .words import Matrix, Step


def step(transformer: Any) -> Step | None:
    """What `transformer` does to a matrix of doubles; None if it is none of those known here."""
    make = _KNOWN.get(f"{type(transformer).__module__.split('.')[0]}.{type(transformer).__name__}")
    return make(transformer) if make else None


def is_nothing(transformer: Any) -> bool:
    return transformer is None or (isinstance(transformer, str) and transformer == "passthrough")


def unchanged(matrix: Matrix) -> Matrix:
    return matrix


def _function(transformer: Any) -> Step | None:
    """What a ColumnTransformer makes of "passthrough"."""
    return unchanged if transformer.func is None else None


def _standard(scaler: Any) -> Step:
    mean = scaler.mean_ if scaler.with_mean else None
    return _shifted(mean, scaler.scale_ if scaler.with_std else None)


def _robust(scaler: Any) -> Step:
    return _shifted(scaler.center_ if scaler.with_centering else None, scaler.scale_ if scaler.with_scaling else None)


def _largest(scaler: Any) -> Step | None:
    return None if getattr(scaler, "clip", False) else _shifted(None, scaler.scale_)


def _shifted(offset: Any, scale: Any) -> Step:
    def shift(matrix: Matrix) -> Matrix:
        if offset is not None:
            matrix -= offset
        if scale is not None:
            matrix /= scale
        return matrix

    return shift


def _smallest_to_largest(scaler: Any) -> Step | None:
    scale, least = scaler.scale_, scaler.min_

    def scaled(matrix: Matrix) -> Matrix:
        matrix *= scale
        matrix += least
        return matrix

    return None if scaler.clip else scaled


def _imputed(imputer: Any) -> Step | None:
    fill = np.asarray(imputer.statistics_)
    wants_nan = isinstance(imputer.missing_values, float) and np.isnan(imputer.missing_values)
    # A column without a single value is dropped by it, which would move the others.
    if not wants_nan or imputer.add_indicator or fill.dtype.kind != "f" or np.isnan(fill).any():
        return None
    return lambda matrix: np.where(np.isnan(matrix), fill, matrix)


_KNOWN: dict[str, Any] = {
    "sklearn.FunctionTransformer": _function,
    "sklearn.StandardScaler": _standard,
    "sklearn.RobustScaler": _robust,
    "sklearn.MaxAbsScaler": _largest,
    "sklearn.MinMaxScaler": _smallest_to_largest,
    "sklearn.SimpleImputer": _imputed,
}
