"""Columns of numbers, as one matrix of doubles: what NumPy makes of the model's data frame, without the data frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from .words import Loaded, Matrix, Native, Parts, Plainly

Order = Literal["C", "F"]

WIDE = ("float64", "int64", "bool")
"""Kinds of column that a frame carries as they are."""


class Numbers:
    """Every input is a column of plain numbers."""

    def __init__(self, inputs: Sequence[Native], order: Order = "C") -> None:
        self.order = order
        self.names = [native.name for native in inputs]
        self.kinds = [Kind.of(native) for native in inputs]
        self.common = np.result_type(*(kind.dtype for kind in self.kinds))
        self.takes_nan = False

    @classmethod
    def fits(cls, plain: Loaded) -> Numbers | None:
        if not plain.inputs or plain.container not in ("dataframe", "array"):
            return None
        # The columns of a data frame lie one behind the other; the last digit of a product depends on it.
        order: Order = "F" if plain.container == "dataframe" else "C"
        return cls(plain.inputs, order) if all(map(is_number, plain.inputs)) else None

    def matrix(self, columns: Sequence[Parts], rows: int) -> Matrix:
        refuse_other_columns(self.names, columns)
        made = np.empty((rows, len(self.kinds)), order=self.order)
        for at, (column, kind) in enumerate(zip(columns, self.kinds, strict=True)):
            made[:, at] = numbers(column, kind)
        if not np.isfinite(made).all():
            self._refuse(made)
        return made

    def _refuse(self, made: Matrix) -> None:
        if not self.takes_nan or np.isinf(made).any():
            raise Plainly

    def column_of(self, feature: int) -> int | None:
        return feature if feature < len(self.names) else None


def is_number(native: Native) -> bool:
    """True for a column of NumPy's own numbers or truth values."""
    try:
        return native.type != "datetime" and np.dtype(native.native).kind in "biuf"
    except TypeError:
        return False


class Kind(NamedTuple):
    """What a column was where the model learnt. as_is: a frame carries it so. gaps: NaN may stand in it."""

    dtype: Any
    as_is: bool
    gaps: bool

    @classmethod
    def of(cls, native: Native) -> Kind:
        dtype = np.dtype(native.native)
        return cls(dtype, dtype.name in WIDE, dtype.kind == "f")


def numbers(column: Parts, kind: Kind) -> Any:
    """The values of a column, NaN where one is missing."""
    _, values, mask = column
    if not kind.as_is:
        values = values.astype(kind.dtype)
    if mask is None:
        return values
    if not kind.gaps:
        raise Plainly
    return np.where(mask, np.nan, values)


def refuse_other_columns(names: Sequence[str], columns: Sequence[Parts]) -> None:
    if [column[0] for column in columns] != names:
        raise Plainly
