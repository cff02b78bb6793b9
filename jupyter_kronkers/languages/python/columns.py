"""Columns as a kernel holds them, with the types that a signature gives them.

    in the kernel                          type                 in a frame
    bool, boolean                          boolean              bool
    int8 … int32, uint8, uint16            integer              int64
    int64, uint32, uint64, int             long                 int64
    any integers with missing values       double               float64
    float16, float32                       float                float64
    float64, Float64, float                double               float64
    str, string, object that holds text    string               utf8
    category of text                       string with levels   utf8
    datetime64, datetime, date             datetime             utf8, ISO 8601 in UTC

Part of the capture: runs in kernels where our package may be absent.
"""

from __future__ import annotations

import math
import numbers
import sys
from collections.abc import Iterable
from datetime import date, datetime, timezone
from typing import Any, NamedTuple

import numpy as np

from jupyter_kronkers.languages.frames import Column


class CaptureError(ValueError):
    """What is in the way of a capture, in words for the person who asked for it."""


class Typed(NamedTuple):
    """A column and what the signature says of it. `native` is what the host makes of it again."""

    type: str
    native: str
    column: Column
    levels: list[str] | None
    gaps: bool

    def facts(self) -> dict[str, Any]:
        name = self.column.name
        return {"name": name, "type": self.type, "native": self.native, "levels": self.levels, "missing": self.gaps}

    def rows(self, chosen: list[int]) -> Column:
        name, values, mask = self.column
        return Column(name, values[chosen], None if mask is None else mask[chosen])

    def with_nan(self) -> Typed:
        """The same, with missing numbers as NaN: what a model answers is given as it is."""
        name, values, mask = self.column
        if mask is None or self.type not in ("float", "double"):
            return self
        return self._replace(column=Column(name, np.where(mask, np.nan, values)), gaps=False)


def typed(name: str, values: Any, what: str) -> Typed:
    """The column `values` (a series, an array or a list). Raises CaptureError naming `what` it is."""
    if is_pandas(values, "Series"):
        return _of_series(name, values, what)
    if isinstance(values, np.ndarray):
        return _of_array(name, values, str(values.dtype), what)
    return _of_objects(name, objects_of(values), None, what)


def objects_of(values: Iterable[Any]) -> Any:
    """The values as a vector of objects, even if they are sequences themselves."""
    listed = list(values)
    objects = np.empty(len(listed), object)
    objects[:] = listed
    return objects


def _of_series(name: str, series: Any, what: str) -> Typed:
    native, kind, special = str(series.dtype), getattr(series.dtype, "kind", "O"), type(series.dtype).__name__
    if special == "CategoricalDtype":
        return _of_category(name, series, what)
    if special == "SparseDtype":
        raise CaptureError(f"{what} is {native}. Make it dense first, with .sparse.to_dense().")
    if special == "ArrowDtype":
        raise CaptureError(f"{what} is {native}. Convert it to a type of NumPy or pandas first, with .astype().")
    if kind == "M":
        utc = series if series.dt.tz is None else series.dt.tz_convert("UTC").dt.tz_localize(None)
        return _of_array(name, utc.to_numpy("datetime64[ns]"), native, what)
    if kind in "biuf":
        return _of_numbers(name, series, native, what)
    if kind in "OUT":
        return _of_objects(name, series.to_numpy(object), native, what)
    raise unsupported(what, native)


def _of_numbers(name: str, series: Any, native: str, what: str) -> Typed:
    kind, gaps = series.dtype.kind, series.isna().to_numpy(bool)
    _refuse_huge(series[~gaps], kind, bool(gaps.any()), what)
    plain = float if kind == "f" or (kind in "iu" and gaps.any()) else {"b": bool}.get(kind, int)
    values = series.to_numpy(dtype=plain, na_value=0)
    return _column(name, values, gaps, _type(kind, series.dtype.itemsize, gaps), native)


def _of_category(name: str, series: Any, what: str) -> Typed:
    levels = list(series.cat.categories)
    if not all(isinstance(level, str) for level in levels):
        raise CaptureError(f"{what} has categories that are no text. Rename them: .cat.rename_categories(str).")
    native = "category[ordered]" if series.cat.ordered else "category"
    typed_ = _column(name, series.to_numpy(object), series.isna().to_numpy(bool), "string", native)
    return typed_._replace(levels=levels)


def _of_array(name: str, values: Any, native: str, what: str) -> Typed:
    kind = values.dtype.kind
    if isinstance(values, np.ma.MaskedArray) or values.ndim != 1:
        raise CaptureError(f"{what} is {article(values)} of shape {values.shape}. Give plain columns.")
    if kind == "M":
        return _column(name, _iso(values), np.isnat(values), "datetime", native)
    if kind in "OU":
        return _of_objects(name, values.astype(object), "str" if kind == "U" else native, what)
    if kind not in "biuf":
        raise unsupported(what, native)
    _refuse_huge(values, kind, False, what)
    gaps = np.isnan(values) if kind == "f" else np.zeros(len(values), np.bool_)
    plain = values.astype({"b": np.bool_, "f": np.float64}.get(kind, np.int64))
    return _column(name, plain, gaps, _type(kind, values.dtype.itemsize, gaps), native)


_BOOL = (bool, np.bool_)
# Which objects make which type, tried in turn: a bool is an Integral too, and a datetime a date.
_KINDS: tuple[tuple[str, str, Any], ...] = (
    ("string", "str", str),
    ("boolean", "bool", _BOOL),
    ("long", "int", numbers.Integral),
    ("double", "float", numbers.Real),
    ("datetime", "datetime", datetime),
    ("datetime", "date", date),
)


def _of_objects(name: str, objects: Any, native: str | None, what: str) -> Typed:
    """A column of Python objects of one kind; a `native` of None stands for that kind."""
    gaps = np.array([_is_gap(value) for value in objects.tolist()], np.bool_)
    kinds = {type(value) for value in objects[~gaps].tolist()}
    type_, own = _kind(kinds, what)
    if type_ == "datetime":
        texts = objects_of("" if gap else _iso_text(value) for value, gap in zip(objects, gaps, strict=True))
        return _column(name, texts, gaps, type_, _native_of_times(native or own, own, kinds))
    if type_ == "string":
        return _column(name, objects, gaps, type_, native or own)
    values = _numbers(objects, gaps, type_, what)
    return _column(name, values, gaps, "double" if values.dtype.kind == "f" else type_, native or own)


def _native_of_times(native: str, own: str, kinds: set[type]) -> str:
    """An object column says which objects it holds: a request does not tell a day from its midnight."""
    return f"object[{own}]" if native == "object" and len(kinds) == 1 else native


def _kind(kinds: set[type], what: str) -> tuple[str, str]:
    for type_, native, holds in _KINDS:
        if all(issubclass(kind, holds) and (type_ == "boolean" or not issubclass(kind, _BOOL)) for kind in kinds):
            return type_, native
    raise unsupported(what, " and ".join(sorted(kind.__name__ for kind in kinds)))


def _numbers(objects: Any, gaps: Any, type_: str, what: str) -> Any:
    filled = np.where(gaps, 0, objects)
    if type_ == "boolean":
        return filled.astype(np.bool_)
    if type_ == "double":
        return filled.astype(np.float64)
    try:
        whole = filled.astype(np.int64)
    except OverflowError:
        raise CaptureError(f"{what} has integers that 64 bits cannot hold.") from None
    _refuse_huge(whole, "i", bool(gaps.any()), what)
    return whole.astype(np.float64) if gaps.any() else whole


def _is_gap(value: Any) -> bool:
    """True for None, NaN, pandas' NA and NaT."""
    if isinstance(value, numbers.Real):
        return math.isnan(value)
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def _column(name: str, values: Any, gaps: Any, type_: str, native: str) -> Typed:
    missing = bool(gaps.any())
    if missing:
        values = np.where(gaps, "" if values.dtype.kind == "O" else values.dtype.type(0), values)
    return Typed(type_, native, Column(name, values, gaps if missing else None), None, missing)


def _type(kind: str, bytes_: int, gaps: Any) -> str:
    """MLflow's name of the type. Integers with gaps are doubles: not every language has a missing integer."""
    if kind == "b":
        return "boolean"
    if kind == "f":
        return "double" if bytes_ > 4 else "float"
    if gaps.any():
        return "double"
    return "integer" if bytes_ < 4 or (kind == "i" and bytes_ == 4) else "long"


def _refuse_huge(values: Any, kind: str, as_double: bool, what: str) -> None:
    if kind not in "iu" or not len(values):
        return
    least, most = (-(2**53), 2**53) if as_double else (-(2**63), 2**63 - 1)
    if int(values.max()) > most or int(values.min()) < least:
        raise CaptureError(f"{what} has integers that {'a double' if as_double else '64 bits'} cannot hold.")


def _iso(times: Any) -> Any:
    return objects_of(_short(text) for text in np.datetime_as_string(times).tolist())


def _iso_text(value: date) -> str:
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(timezone.utc).replace(tzinfo=None)  # noqa: UP017 - older kernels have no datetime.UTC
    return _short(value.isoformat())


def _short(text: str) -> str:
    """An ISO time without zeros at the end of its fraction."""
    return text.rstrip("0").rstrip(".") if "." in text else text


# Words


def is_pandas(thing: Any, name: str) -> bool:
    # If pandas was never imported nothing can be of it: then it is not imported now.
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(thing, getattr(pandas, name, ()))


def unsupported(what: str, kind: str) -> CaptureError:
    return CaptureError(
        f"{what} holds {kind} values. Numbers, true and false, text, categories and times can be captured; convert it."
    )


def article(thing: Any) -> str:
    name = type(thing).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def size_of(thing: Any) -> str:
    """How large a thing is, in words."""
    shape = getattr(thing, "shape", None)
    if shape is not None:
        return f"{article(thing)} of shape {tuple(shape)}"
    return f"{len(thing)} values" if hasattr(thing, "__len__") else article(thing)


def listed(names: Iterable[str]) -> str:
    shown = [repr(name) for name in names]
    return ", ".join(shown[:10]) + (f" and {len(shown) - 10} more" if len(shown) > 10 else "")
