"""Fitting: the columns of a request, as a signature declares them, or every reason why they are not.

Nothing is guessed: a text is never a number, and no number is rounded to fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from jupyter_kronkers.errors import Fault, Invalid
from jupyter_kronkers.languages import times
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.languages.signatures import Field

_WHOLE = {"integer": 31, "long": 63}
_LARGEST_EXACT = 1 << 53
_SHOWN = 3
_WORDS = {
    "boolean": "true or false",
    "integer": "a whole number",
    "long": "a whole number",
    "float": "a number",
    "double": "a number",
    "string": "a text",
    "datetime": times.WORDS,
}


class _Problem(Exception):
    def __init__(self, problem: str, rows: Sequence[int] = ()) -> None:
        super().__init__(problem)
        self.problem, self.rows = problem, rows


def fitted(fields: Sequence[Field], columns: Mapping[str, Column | Sequence[Any]]) -> list[Column]:
    """One column for each field, in their order. Raises Invalid; see `Signature.fit`."""
    faults: list[Fault] = []
    found: list[Column] = []
    lengths = {len(_values(columns[field.name])) for field in fields if field.name in columns}
    for field in fields:
        try:
            found.append(_fitted(field, columns))
        except _Problem as fault:
            faults.append(Fault(_place(field.name, fault.rows), fault.problem))
    if len(lengths) > 1:
        faults.append(Fault("columns", f"have different lengths: {', '.join(map(str, sorted(lengths)))}"))
    if faults:
        raise _invalid(faults)
    return found


def _invalid(faults: list[Fault]) -> Invalid:
    only_range = all("out of range" in fault.problem for fault in faults)
    return Invalid(*faults, code="out_of_range" if only_range else None)


def _place(name: str, rows: Sequence[int]) -> str:
    return f"columns.{name}[{rows[0]}]" if len(rows) else f"columns.{name}"


# One column


def _values(given: Column | Sequence[Any]) -> Any:
    return given.values if isinstance(given, Column) else given


def _fitted(field: Field, columns: Mapping[str, Column | Sequence[Any]]) -> Column:
    if field.name not in columns:
        raise _Problem("is missing")
    given = columns[field.name]
    column = given._replace(name=field.name) if isinstance(given, Column) else _from_list(field, given)
    if column.mask is not None and not column.mask.any():
        column = column._replace(mask=None)
    if column.mask is not None and not field.missing:
        raise _Problem(f"is missing{_how_many(column.mask)}, and the model was not made for that", _first(column.mask))
    return _as_declared(field, column)


def _from_list(field: Field, given: Sequence[Any]) -> Column:
    """JSON values as the narrowest column that holds them all without loss."""
    gone = np.fromiter((value is None for value in given), np.bool_, len(given))
    kinds = {type(value) for value in given} - {type(None)}
    if not kinds <= {bool, int, float, str} or len(kinds - {int, float}) + bool(kinds & {int, float}) > 1:
        raise _Problem(_mixed(field, given))
    mask = gone if gone.any() else None
    if kinds <= {int, float} and kinds:
        return Column(field.name, _numbers(field, given, kinds), mask)
    empty: Any = "" if kinds == {str} else False if kinds == {bool} else _EMPTY[_dtype(field)]
    filled = [empty if value is None else value for value in given]
    return Column(field.name, _array(filled, np.bool_ if isinstance(empty, bool) else type(empty)), mask)


_EMPTY: dict[Any, Any] = {np.float64: 0.0, np.int64: 0, np.bool_: False, object: ""}


def _dtype(field: Field) -> Any:
    kinds: dict[str, Any] = {"boolean": np.bool_, "integer": np.int64, "long": np.int64}
    return kinds.get(field.type, np.float64 if field.type in ("float", "double") else object)


def _array(values: Sequence[Any], kind: Any) -> Any:
    if kind is str:
        return np.array([*values, None], object)[:-1]
    return np.array(values, {int: np.int64, float: np.float64}.get(kind, kind))


def _mixed(field: Field, given: Sequence[Any]) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "an object",
    }
    found = sorted({names.get(type(value), type(value).__name__) for value in given if value is not None})
    return f"must be {_WORDS[field.type]}; it holds {' and '.join(found)}"


def _numbers(field: Field, given: Sequence[Any], kinds: set[type]) -> Any:
    filled = [0 if value is None else value for value in given]
    if kinds == {int}:
        try:
            return np.array(filled, np.int64)
        except OverflowError:
            raise _Problem("is out of range: it does not fit 64 bits", _where(filled, _beyond_int64)) from None
    # Integers among floats become doubles, which may not hold them.
    inexact = _where(filled, lambda value: isinstance(value, int) and abs(value) > _LARGEST_EXACT)
    if inexact:
        raise _Problem("is out of range: a double cannot hold it exactly", inexact)
    return np.array(filled, np.float64)


def _beyond_int64(value: Any) -> bool:
    return not -(1 << 63) <= value < 1 << 63


def _where(values: Iterable[Any], wrong: Callable[[Any], bool]) -> list[int]:
    return [row for row, value in enumerate(values) if wrong(value)][:_SHOWN]


def _as_declared(field: Field, column: Column) -> Column:
    kind = column.values.dtype.kind
    if column.mask is not None and column.mask.all():
        return column._replace(values=np.full(len(column.values), _EMPTY[_dtype(field)], _dtype(field)))
    if not len(column.values):
        return column._replace(values=np.empty(0, _dtype(field)))
    if field.type == "boolean":
        return column if kind == "b" else _wrong(field, kind)
    if field.type in _WHOLE:
        return _whole(field, column, kind)
    if field.type in ("float", "double"):
        return _real(field, column, kind)
    if kind not in "OUT":
        _wrong(field, kind)
    return _times(column, field.native) if field.type == "datetime" else _known_levels(field, column)


def _wrong(field: Field, kind: str) -> Column:
    is_a = {"b": "true or false", "i": "a number", "u": "a number", "f": "a number"}.get(kind, "a text")
    raise _Problem(f"must be {_WORDS[field.type]}; it holds {is_a}")


def _whole(field: Field, column: Column, kind: str) -> Column:
    if kind not in "iuf":
        _wrong(field, kind)
    values = np.where(column.mask, 0, column.values) if column.mask is not None else column.values
    if kind == "f":
        with np.errstate(invalid="ignore"):
            broken = ~np.isfinite(values) | (values != np.floor(values))
        _refuse(broken, "must be a whole number")
        _refuse(np.abs(values) > _LARGEST_EXACT, "is out of range: a double cannot hold it exactly")
        values = values.astype(np.int64)
    elif kind == "u":
        _refuse(values > np.iinfo(np.int64).max, "is out of range: it does not fit 64 bits")
        values = values.astype(np.int64)
    if field.type == "integer":
        bound = 1 << _WHOLE["integer"]
        _refuse((values >= bound) | (values < -bound), "is out of range: it does not fit 32 bits")
    return column._replace(values=values.astype(np.int64, copy=False))


def _real(field: Field, column: Column, kind: str) -> Column:
    if kind not in "iuf":
        _wrong(field, kind)
    if kind in "iu":
        large = (column.values > _LARGEST_EXACT) | (column.values < -_LARGEST_EXACT)
        _refuse(large, "is out of range: a double cannot hold it exactly")
    return column._replace(values=column.values.astype(np.float64, copy=False))


def _known_levels(field: Field, column: Column) -> Column:
    if field.levels is None:
        return column
    known = set(field.levels)
    mask = column.mask if column.mask is not None else np.zeros(len(column.values), np.bool_)
    there = zip(column.values.tolist(), mask.tolist(), strict=True)
    strange = _where(there, lambda pair: not pair[1] and pair[0] not in known)
    if strange:
        shown = ", ".join(repr(column.values[row]) for row in strange)
        levels = ", ".join(map(repr, field.levels[:10])) + (" …" if len(field.levels) > 10 else "")
        raise _Problem(f"has levels the model does not know: {shown}. It knows {levels}", strange)
    return column


def _times(column: Column, native: str) -> Column:
    """Times in UTC and without a zone, as frames carry them."""
    gone = column.mask if column.mask is not None else np.zeros(len(column.values), np.bool_)
    texts: list[Any] = []
    for row, (text, missing) in enumerate(zip(column.values.tolist(), gone.tolist(), strict=True)):
        try:
            texts.append("" if missing else times.in_utc(text, native))
        except ValueError as problem:
            raise _Problem(str(problem), [row]) from None
    return column._replace(values=_array(texts, str))


def _refuse(wrong: Any, problem: str) -> None:
    if wrong.any():
        raise _Problem(f"{problem}{_how_many(wrong)}", _first(wrong))


def _first(wrong: Any) -> list[int]:
    return [int(row) for row in np.flatnonzero(wrong)[:_SHOWN]]


def _how_many(wrong: Any) -> str:
    count = int(wrong.sum())
    return f" in {count} rows" if count > 1 else ""
