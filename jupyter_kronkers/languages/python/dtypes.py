"""The type that a signature would give a column, as far as looking tells. "" for what cannot be captured.

Part of the probe: runs in kernels where our package may be absent, and calls nothing of what it looks at. What a
capture says (`columns.py`) counts; objects are judged by the first thousand of them.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from datetime import date
from itertools import islice
from typing import Any

MOST_SEEN = 1_000
_GAPS = ("NoneType", "NAType", "NaTType")
# Tried in turn: a bool is an Integral too.
_KINDS: tuple[tuple[str, Any], ...] = (
    ("string", str),
    ("boolean", bool),
    ("long", numbers.Integral),
    ("double", numbers.Real),
    ("datetime", date),
)


def type_of_series(series: Any) -> str:
    """series: of pandas' own class."""
    dtype = series.dtype
    special = type(dtype).__name__
    if special in ("SparseDtype", "ArrowDtype"):
        return ""
    if special == "CategoricalDtype":
        return "string" if type_of_objects(dtype.categories) == "string" else ""
    if special == "StringDtype":
        return "string"
    gaps = getattr(dtype, "kind", "O") in "iu" and bool(series.hasnans)
    return type_of_dtype(dtype, series, gaps=gaps)


def type_of_dtype(dtype: Any, values: Iterable[Any], *, gaps: bool = False) -> str:
    kind, size = getattr(dtype, "kind", "O"), getattr(dtype, "itemsize", 8)
    if kind in "iu":
        return "double" if gaps else "integer" if size < 4 or (kind, size) == ("i", 4) else "long"
    if kind == "f":
        return "double" if size > 4 else "float"
    if kind == "O":
        return type_of_objects(values)
    return {"b": "boolean", "M": "datetime", "U": "string"}.get(kind, "")


def type_of_objects(values: Iterable[Any]) -> str:
    seen = list(islice(values, MOST_SEEN))
    gaps = [value for value in seen if type(value).__name__ in _GAPS or (type(value) is float and math.isnan(value))]
    # By identity, because a comparison may be somebody's own code.
    left = {id(value) for value in gaps}
    kinds = {type(value) for value in seen if id(value) not in left}
    for name, kind in _KINDS:
        if all(issubclass(one, kind) and (name == "boolean" or not issubclass(one, bool)) for one in kinds):
            return "double" if name == "long" and gaps else name
    return ""
