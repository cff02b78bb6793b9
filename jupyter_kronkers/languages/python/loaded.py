"""A captured Python model in this process: loads it, gives it rows as it had them, takes its answers as columns.

    columns ──natives──▶ container ──predict──▶ answers ──▶ columns

Runs in hosts and, within an artifact, in whatever process MLflow loads the model in. So it imports nothing of ours;
a column is a tuple (name, values, mask), mask True where a value is missing, or None.
"""

from __future__ import annotations

import importlib
import json
import math
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

Parts = tuple[str, Any, Any]


class BadModelOutput(ValueError):
    """The model answered something that is no table with one row per row asked."""


class Loaded:
    """A model that answers columns with columns."""

    path = "plain"

    def __init__(self, facts: Mapping[str, Any], thing: Any, predict: Callable[[Any, Any], Any] | None) -> None:
        self.inputs = [Native(field) for field in facts["inputs"]]
        self.outputs = {str(field["name"]): str(field.get("type")) for field in facts["outputs"]}
        self.container = str(facts["container"])
        self.thing = thing
        self.has_own_predict = predict is not None
        self._make = _CONTAINERS[self.container]
        self._predict = predict

    @classmethod
    def from_folder(cls, folder: Path) -> Loaded:
        """The model whose capture.json lies in `folder`. This runs code of whoever registered it."""
        facts = json.loads((folder / "capture.json").read_text(encoding="utf-8"))
        if facts["container"] in ("dataframe", "series"):
            importlib.import_module("pandas")
        with _model_file(folder, facts).open("rb") as file:
            content = pickle.load(file)  # noqa: S301 - what a host is for
        return cls(facts, content["object"], content["predict"])

    def predict(self, columns: Sequence[Parts], rows: int) -> list[Parts]:
        """One row of answers per row. Raises what the model raises, and BadModelOutput."""
        by_name = {column[0]: column for column in columns}
        absent = [native.name for native in self.inputs if native.name not in by_name]
        if absent:
            raise ValueError(f"the rows lack the columns {', '.join(absent)}")
        given = self._make([(native.name, *native.make(by_name[native.name])) for native in self.inputs], rows)
        answered = self._predict(self.thing, given) if self._predict else self.thing.predict(given)
        return self.columns_of(answered, rows)

    def columns_of(self, answered: Any, rows: int) -> list[Parts]:
        """What a predict answered, as columns of the declared types. Raises BadModelOutput."""
        return list(map(self._declared, answer_columns(answered, rows, list(self.outputs))))

    def _declared(self, column: Parts) -> Parts:
        """Whole numbers as doubles where the signature says so: models answer 1 and 1.5 alike."""
        name, values, mask = column
        if self.outputs.get(name) in ("float", "double") and values.dtype.kind == "i":
            return name, values.astype(np.float64), mask
        return column


def _model_file(folder: Path, facts: Mapping[str, Any]) -> Path:
    # In an artifact the files of model/ lie beside capture.json.
    recorded = folder / facts["model"]["file"]
    return recorded if recorded.exists() else folder / Path(facts["model"]["file"]).name


# What the model was given


class Native:
    """One input, as the model had it: makes the language's own kind of value from a frame's."""

    def __init__(self, field: Mapping[str, Any]) -> None:
        self.name = str(field["name"])
        self.native = str(field["native"])
        self.type = str(field["type"])
        self.levels = field.get("levels")

    def make(self, column: Parts) -> tuple[str, Any]:
        """(native, values): an array, or a pandas array where NumPy has no such type."""
        _, values, mask = column
        native = self.native
        if native.startswith("category"):
            return native, _categorical(values, mask, self.levels, ordered="ordered" in native)
        if self.type == "datetime":
            return native, _times(values, mask, native)
        if native[:1] in ("I", "U", "F") or native == "boolean" or native.startswith("string"):
            return native, _extension(values, mask, native)
        return native, _plain(values, mask, native)


def _plain(values: Any, mask: Any, native: str) -> Any:
    gaps = mask is not None and mask.any()
    kind = "O" if native in ("object", "str") else np.dtype(native).kind
    if kind == "f":
        return (np.where(mask, np.nan, values) if gaps else values).astype(native)
    if kind != "O" and not gaps:
        return values.astype(native)
    if kind != "O" and native not in ("int", "bool"):
        raise ValueError(f"a column of {native} has no room for missing values")
    # What remains are Python's own objects; whole numbers with gaps have travelled as doubles.
    objects = values.astype(np.int64).astype(object) if native == "int" else values.astype(object)
    if gaps:
        objects[mask] = None
    return objects


def _extension(values: Any, mask: Any, native: str) -> Any:
    import pandas as pd

    objects = values.astype(object)
    if native[:1] in ("I", "U"):
        # Integers with gaps travel as doubles.
        objects = np.array([int(value) for value in values], object)
    if mask is not None:
        objects[mask] = pd.NA
    return pd.array(objects, dtype=native)


def _categorical(values: Any, mask: Any, levels: Any, *, ordered: bool) -> Any:
    import pandas as pd

    objects = values.astype(object)
    if mask is not None:
        objects[mask] = None
    return pd.Categorical(objects, categories=levels, ordered=ordered)


def _times(texts: Any, mask: Any, native: str) -> Any:
    gone = np.zeros(len(texts), np.bool_) if mask is None else mask
    if native.startswith("datetime64"):
        filled = np.where(gone, "NaT", texts).astype(str)
        unit, _, zone = native.removeprefix("datetime64[").removesuffix("]").partition(", ")
        times = filled.astype(f"datetime64[{unit}]")
        return _in_zone(times, zone) if zone else times
    # Captures from before objects were told apart say "object" for both.
    dates = native in ("date", "object[date]") or (native == "object" and all(len(text) == 10 for text in texts[~gone]))
    kind: type[date] = date if dates else datetime
    made = [None if missing else kind.fromisoformat(_micros(text)) for text, missing in zip(texts, gone, strict=True)]
    return np.array([*made, None], object)[:-1]


def _micros(text: str) -> str:
    whole, dot, fraction = text.partition(".")
    return whole if not dot else f"{whole}.{fraction[:6]:0<6}"


def _in_zone(times: Any, zone: str) -> Any:
    import pandas as pd

    return pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(zone).array


def _data_frame(columns: Sequence[tuple[str, str, Any]], rows: int) -> Any:
    import pandas as pd

    natives = {native for _, native, _ in columns}
    if len(natives) == 1 and all(
        isinstance(values, np.ndarray) and values.dtype.kind in "biuf" for *_, values in columns
    ):
        # A table of one kind of number is one array, which costs a tenth of a column at a time.
        block = np.empty((len(columns), rows), columns[0][2].dtype)
        for at, (_, _, values) in enumerate(columns):
            block[at] = values
        return pd.DataFrame(block.T, columns=_names(tuple(name for name, _, _ in columns)).view(), copy=False)
    made = {name: _of_pandas(native, values) for name, native, values in columns}
    # An index by hand: without columns it alone says how many rows there are.
    return pd.DataFrame(made, index=pd.RangeIndex(rows))


@lru_cache(maxsize=8)
def _names(names: tuple[str, ...]) -> Any:
    import pandas as pd

    return pd.Index(list(names))


def _of_pandas(native: str, values: Any) -> Any:
    import pandas as pd

    dtype = _pandas_dtype(native)
    return values if dtype is None else pd.Series(values, dtype=dtype)


def _pandas_dtype(native: str) -> Any:
    # Else pandas 3 makes its own text type of objects that are text.
    return "object" if native.startswith("object") else native if native == "str" else None


def _series(columns: Sequence[tuple[str, str, Any]], rows: int) -> Any:
    import pandas as pd

    ((name, native, values),) = columns
    return pd.Series(values, dtype=_pandas_dtype(native), name=name)


def _array(columns: Sequence[tuple[str, str, Any]], rows: int) -> Any:
    if not columns:
        return np.empty((rows, 0))
    return np.column_stack([np.asarray(values) for _, _, values in columns])


def _vector(columns: Sequence[tuple[str, str, Any]], rows: int) -> Any:
    ((_, native, values),) = columns
    return np.asarray(values, str) if native.startswith(("<U", "str")) and None not in values else np.asarray(values)


def _records(columns: Sequence[tuple[str, str, Any]], rows: int) -> Any:
    lists = {name: _scalars(values) for name, _, values in columns}
    return [{name: values[row] for name, values in lists.items()} for row in range(rows)]


def _scalars(values: Any) -> list[Any]:
    made: list[Any] = np.asarray(values).tolist()
    return made


_CONTAINERS: dict[str, Callable[[Sequence[tuple[str, str, Any]], int], Any]] = {
    "dataframe": _data_frame,
    "series": _series,
    "array": _array,
    "vector": _vector,
    "list": _records,
}


# What the model answered


def answer_columns(answered: Any, rows: int, names: Sequence[str] = ()) -> Iterator[Parts]:
    """The answers as columns. One vector is `prediction`; tables keep their names. Raises BadModelOutput."""
    found = list(_named(answered, names))
    if not found:
        raise BadModelOutput("predict answered no column")
    for name, values in found:
        length = len(values) if hasattr(values, "__len__") else 0
        if length != rows:
            raise BadModelOutput(
                f"predict answered {length} values in {name!r} for {rows} rows; it must answer once per row"
            )
        yield (name, *_framed(name, values))


def _named(answered: Any, names: Sequence[str]) -> Iterator[tuple[str, Any]]:
    if isinstance(answered, list) and answered and all(isinstance(row, dict) for row in answered):
        answered = {name: [row.get(name) for row in answered] for row in answered for name in row}
    if isinstance(answered, Mapping) or _is_data_frame(answered):
        yield from ((str(name), answered[name]) for name in answered)
        return
    if answered is None or isinstance(answered, str | bytes):
        raise BadModelOutput(f"predict answered {type(answered).__name__}, not one value per row")
    array = answered if hasattr(answered, "cat") or hasattr(answered, "dtype") else _as_array(answered)
    if getattr(array, "ndim", 0) == 1:
        yield "prediction", array
    elif getattr(array, "ndim", 0) == 2:
        array = np.asarray(array)
        yield from zip(_matrix_names(array.shape[1], names), array.T, strict=True)
    else:
        raise BadModelOutput(f"predict answered {type(answered).__name__} with {getattr(array, 'ndim', 0)} dimensions")


def _is_data_frame(answered: Any) -> bool:
    return hasattr(answered, "columns") and hasattr(answered, "iloc")


def _as_array(answered: Any) -> Any:
    try:
        return np.asarray(answered)
    except ValueError as error:
        raise BadModelOutput(f"predict answered a {type(answered).__name__} that is no table: {error}") from error


def _matrix_names(count: int, names: Sequence[str]) -> Sequence[str]:
    if len(names) == count:
        return names
    return ["prediction"] if count == 1 else [f"prediction_{at}" for at in range(count)]


def _framed(name: str, values: Any) -> tuple[Any, Any]:
    """(values, mask) of a dtype that frames hold."""
    dtype = getattr(values, "dtype", None)
    kind = getattr(dtype, "kind", "O") if isinstance(dtype, np.dtype) else "O"
    if kind in "biuf":
        return _numeric(name, np.asarray(values)), None
    if kind == "M":
        return _time_texts(np.asarray(values))
    return _from_objects(name, _objects(values))


def _numeric(name: str, values: Any) -> Any:
    plain = {"b": np.bool_, "f": np.float64}.get(values.dtype.kind, np.int64)
    if values.dtype.kind == "u" and values.size and int(values.max()) > np.iinfo(np.int64).max:
        raise BadModelOutput(f"predict answered integers in {name!r} that 64 bits with sign cannot hold")
    return values.astype(plain)


def _time_texts(values: Any) -> tuple[Any, Any]:
    gone = np.isnat(values)
    texts = np.where(gone, "", np.datetime_as_string(values)).astype(object)
    trimmed = [text.rstrip("0").rstrip(".") if "." in text else text for text in texts]
    return np.array([*trimmed, None], object)[:-1], gone if gone.any() else None


def _objects(values: Any) -> Any:
    objects = np.empty(len(values), object)
    objects[:] = list(values)
    return objects


def _from_objects(name: str, objects: Any) -> tuple[Any, Any]:
    gone = np.array([_is_gap(value) for value in objects], np.bool_)
    there = objects[~gone]
    if all(isinstance(value, str) for value in there):
        return np.where(gone, "", objects), gone if gone.any() else None
    if all(isinstance(value, date | np.datetime64) for value in there):
        return _iso_objects(objects, gone), gone if gone.any() else None
    try:
        numbers = np.array(there.tolist())
    except (ValueError, OverflowError):
        numbers = np.array([], object)
    if numbers.ndim != 1 or numbers.dtype.kind not in "biuf":
        kinds = sorted({type(value).__name__ for value in there})
        raise BadModelOutput(
            f"predict answered {', '.join(kinds)} in {name!r}; numbers, true and false, text and times can travel"
        )
    return _with_gaps(_numeric(name, numbers), gone)


def _with_gaps(numbers: Any, gone: Any) -> tuple[Any, Any]:
    if not gone.any():
        return numbers, None
    filled = np.zeros(len(gone), numbers.dtype)
    filled[~gone] = numbers
    # A missing number among floats is NaN, as NumPy and pandas have it.
    return (np.where(gone, np.nan, filled), None) if numbers.dtype.kind == "f" else (filled, gone)


def _iso_objects(objects: Any, gone: Any) -> Any:
    times = ["" if missing else str(np.datetime64(value)) for value, missing in zip(objects, gone, strict=True)]
    trimmed = [text.rstrip("0").rstrip(".") if "." in text else text for text in times]
    return np.array([*trimmed, None], object)[:-1]


def _is_gap(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and math.isnan(value)
