"""What a model's predict is given: named columns in the container the person used, which the host makes again.

    dataframe   a pandas data frame            series   a pandas series, one column
    array       a matrix of NumPy              vector   one column: an array or list of numbers or texts
    list        a list of dicts

Part of the capture: runs in kernels where our package may be absent.
"""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from jupyter_kronkers.languages.python.columns import CaptureError, article, is_pandas, listed, size_of


class Container:
    """Rows as a person gave them. `table` is theirs and never changed."""

    container = ""

    def __init__(self, table: Any, names: list[str]) -> None:
        self.table, self.names, self.count = table, names, len(table)

    def column(self, at: int) -> Any:
        """The values of one column: a series, an array or a list."""
        return self.table

    def take(self, rows: list[int]) -> Any:
        """Some rows, in the same container."""
        return self.table[rows]

    def keep(self, places: list[int]) -> Container:
        """The same rows with these columns only."""
        raise CaptureError("data has only this one column; give the target apart from it.")


class DataFrame(Container):
    container = "dataframe"

    def column(self, at: int) -> Any:
        return self.table.iloc[:, at]

    def take(self, rows: list[int]) -> Any:
        return self.table.iloc[rows]

    def keep(self, places: list[int]) -> Container:
        return DataFrame(self.table.iloc[:, places], [self.names[at] for at in places])


class Array(Container):
    container = "array"

    def column(self, at: int) -> Any:
        return self.table[:, at]

    def keep(self, places: list[int]) -> Container:
        return Array(self.table[:, places], [self.names[at] for at in places])


class Vector(Container):
    container = "vector"


class Series(Container):
    container = "series"

    def take(self, rows: list[int]) -> Any:
        return self.table.iloc[rows]


class Records(Container):
    container = "list"

    def column(self, at: int) -> Any:
        return [row.get(self.names[at]) for row in self.table]

    def take(self, rows: list[int]) -> Any:
        return [self.table[row] for row in rows]

    def keep(self, places: list[int]) -> Container:
        names = [self.names[at] for at in places]
        return Records([{name: row[name] for name in names if name in row} for row in self.table], names)


def container_of(data: Any, fitted: list[str]) -> Container:
    """The container around `data`. `fitted` are the names of features that the model tells, if any."""
    if data is None:
        raise CaptureError("data is missing: the names and types of the inputs are taken from it.")
    rows = _wrapped(data, fitted)
    if rows is None:
        known = "a pandas data frame or series, a dense NumPy array or a list of dicts"
        raise CaptureError(f"data is {article(data)}. Give {known}.")
    if not rows.count or not rows.names:
        raise CaptureError("data has no rows." if rows.names else "data has no columns.")
    twice = [name for name in rows.names if rows.names.count(name) > 1]
    if twice:
        raise CaptureError(f"data has more than one column {twice[0]!r}.")
    return rows


def _wrapped(data: Any, fitted: list[str]) -> Container | None:
    if is_pandas(data, "DataFrame"):
        return _of_table(data)
    if is_pandas(data, "Series"):
        return Series(data, ["x0" if data.name is None else str(data.name)])
    if isinstance(data, np.ndarray):
        return _of_array_given(data, fitted)
    if isinstance(data, list) and all(isinstance(row, dict) for row in data):
        return Records(data, list({str(name): None for row in data for name in row}))
    if isinstance(data, list) and all(isinstance(row, (str, numbers.Real)) for row in data):
        return Vector(np.asarray(data), ["x0"])
    return None


def _of_array_given(array: Any, fitted: list[str]) -> Container | None:
    if array.ndim == 2:
        width = array.shape[1]
        return Array(array, fitted if len(fitted) == width else [f"x{at}" for at in range(width)])
    return Vector(array, ["x0"]) if array.ndim == 1 and array.dtype.names is None else None


def _of_table(table: Any) -> Container:
    if table.columns.nlevels > 1:
        raise CaptureError("data has column names in several levels. Join them to one first.")
    return DataFrame(table, [str(name) for name in table.columns])


def split(rows: Container, target: Any, variable: str | None) -> tuple[Container, list[str]]:
    """The container without the target's columns, and the target's names.

    target: name of a column or several, or the true values themselves, which `variable` holds in the notebook.
    """
    if target is None:
        return rows, []
    names = [target] if isinstance(target, str) else target
    if isinstance(names, (list, tuple)) and names and all(isinstance(n, str) and n in rows.names for n in names):
        return rows.keep([at for at, name in enumerate(rows.names) if name not in names]), list(names)
    if isinstance(target, str):
        raise CaptureError(f"target {target!r} is no column of data, which has {listed(rows.names)}.")
    if not hasattr(target, "__len__") or len(target) != rows.count:
        raise CaptureError(f"target has {size_of(target)}, data has {rows.count} rows.")
    if is_pandas(target, "DataFrame"):
        return rows, [str(name) for name in target.columns]
    return rows, [str(getattr(target, "name", None) or variable or "target")]
