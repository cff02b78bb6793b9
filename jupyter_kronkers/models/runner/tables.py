"""Tables: rows as people send them, as the columns that the model's signature declares, and back.

    {"dataframe_split": {"columns": […], "data": [[…]]}}     {"inputs": …} or {"instances": …}: rows, or lists by name
    {"dataframe_records": [{…}]}                             CSV: a line of names, then rows; nothing, NA: missing

Nothing is guessed: a text is never a number, and no number is rounded to fit. The gateway is as strict, and names every
fault; this names the first.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, NoReturn

import numpy as np

FORMS = ("dataframe_split", "dataframe_records", "inputs", "instances")
EXACT = 1 << 53
WORDS = {
    "boolean": "true or false",
    "integer": "a whole number of 32 bits",
    "long": "a whole number of 64 bits",
    "float": "a number",
    "double": "a number",
    "string": "a text",
    "datetime": "a date or time in ISO 8601",
}
BITS = {"integer": 31, "long": 63}
NUMBERS = {"boolean": np.bool_, "integer": np.int64, "long": np.int64, "float": np.float64, "double": np.float64}
MISSING = ("", "NA", "NaN", "null")
Table = dict[str, list[Any]]


class Unfit(ValueError):
    """The rows do not fit, in words for whoever sent them."""


# Reading


def from_json(body: bytes, inputs: Sequence[Mapping[str, Any]]) -> Table:
    """The columns of one of MLflow's JSON forms. Raises Unfit."""
    try:
        read = json.loads(body, parse_constant=no_number)
    except (ValueError, RecursionError) as problem:
        raise Unfit(f"This is not valid JSON: {problem}.") from None
    given = [form for form in FORMS if isinstance(read, dict) and form in read]
    if len(given) != 1:
        raise Unfit(f"Give exactly one of {', '.join(FORMS)}.")
    rows = read[given[0]]
    if given[0] == "dataframe_split":
        if not isinstance(rows, dict) or not isinstance(rows.get("columns"), list):
            raise Unfit("dataframe_split needs columns and data.")
        return from_rows(rows["columns"], rows.get("data"))
    if isinstance(rows, dict):
        return {name: values if isinstance(values, list) else [values] for name, values in rows.items()}
    if isinstance(rows, list) and rows and not isinstance(rows[0], dict):
        return from_rows([field["name"] for field in inputs], rows)
    return from_records(rows, inputs)


def no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON; null is what is missing")


def from_records(rows: Any, inputs: Sequence[Mapping[str, Any]]) -> Table:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unfit("The rows must be a list of objects.")
    names = {field["name"] for field in inputs}
    for at, row in enumerate(rows):
        if not names <= row.keys():
            raise Unfit(f"Row {at} lacks {', '.join(sorted(names - row.keys()))}.")
    return {name: [row[name] for row in rows] for name in names}


def from_rows(names: Sequence[Any], rows: Any) -> Table:
    if len(set(map(str, names))) < len(names):
        raise Unfit("A column is named twice.")
    if not isinstance(rows, list):
        raise Unfit("The rows must be a list.")
    cells = [row if isinstance(row, list) else [row] for row in rows]
    for at, row in enumerate(cells):
        if len(row) != len(names):
            raise Unfit(f"Row {at} has {len(row)} values for {len(names)} columns.")
    return {str(name): [row[at] for row in cells] for at, name in enumerate(names)}


def from_csv(body: bytes, inputs: Sequence[Mapping[str, Any]]) -> Table:
    """The columns of CSV with a line of names. Raises Unfit."""
    try:
        lines = [row for row in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as problem:
        raise Unfit(f"This is not CSV in UTF-8: {problem}.") from None
    if not lines:
        raise Unfit("There is no line that names the columns.")
    table = from_rows(lines[0], lines[1:])
    types = {field["name"]: field["type"] for field in inputs}
    return {name: [from_cell(name, cell, types[name]) for cell in table[name]] for name in table if name in types}


def from_cell(name: str, cell: str, kind: str) -> Any:
    """The value of a cell; in a text only nothing at all is missing."""
    if cell == "" or (kind not in ("string", "datetime") and cell in MISSING):
        return None
    if kind in ("string", "datetime"):
        return cell
    try:
        if kind == "boolean":
            return {"true": True, "false": False}[cell.lower()]
        return int(cell) if kind in BITS else float(cell)
    except (KeyError, ValueError):
        raise Unfit(f"{name}: {cell[:40]!r} is not {WORDS[kind]}.") from None


# Fitting


def fitted(table: Table, inputs: Sequence[Mapping[str, Any]]) -> list[tuple[str, Any, Any]]:
    """(name, values, mask) of each input, in the signature's order. Raises Unfit."""
    absent = [field["name"] for field in inputs if field["name"] not in table]
    if absent:
        raise Unfit(f"The rows lack the columns {', '.join(absent)}.")
    if len({len(table[field["name"]]) for field in inputs}) > 1:
        raise Unfit("The columns have different lengths.")
    return [column(field, table[field["name"]]) for field in inputs]


def column(field: Mapping[str, Any], values: list[Any]) -> tuple[str, Any, Any]:
    name, kind = str(field["name"]), str(field["type"])
    gone = np.array([value is None for value in values], np.bool_)
    if gone.any() and not field.get("missing"):
        raise Unfit(f"{name}: a value is missing in row {int(gone.argmax())}, and the model was not made for that.")
    checked = [None if value is None else value_of(name, kind, value, field.get("levels")) for value in values]
    empty = "" if kind in ("string", "datetime") else 0
    filled = [empty if value is None else value for value in checked]
    dtype = NUMBERS.get(kind)
    array = np.array([*filled, None], object)[:-1] if dtype is None else np.array(filled, dtype)
    return name, array, gone if gone.any() else None


def value_of(name: str, kind: str, value: Any, levels: Any) -> Any:
    """The value, if it is what the type says. Raises Unfit."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    fits = {"boolean": isinstance(value, bool), "string": isinstance(value, str), "datetime": isinstance(value, str)}
    if not fits.get(kind, number):
        raise Unfit(f"{name}: {value!r:.60} is not {WORDS[kind]}.")
    if kind in BITS:
        return whole(name, kind, value)
    if kind == "string":
        if levels and value not in levels:
            raise Unfit(f"{name}: the model does not know the level {value!r:.60}.")
        return value
    if kind == "datetime":
        return in_utc(name, value)
    if number and ((isinstance(value, int) and abs(value) > EXACT) or not math.isfinite(value)):
        raise Unfit(f"{name}: {value!r:.60} is out of range: a double cannot hold it exactly.")
    return value


def whole(name: str, kind: str, value: Any) -> int:
    bound = 1 << BITS[kind]
    if value != int(value) or not -bound <= value < bound or (isinstance(value, float) and abs(value) > EXACT):
        raise Unfit(f"{name}: {value!r:.60} is not {WORDS[kind]}.")
    return int(value)


def in_utc(name: str, text: str) -> str:
    """A time in UTC and without a zone, as frames carry it."""
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise Unfit(f"{name}: {text[:40]!r} is not {WORDS['datetime']}.") from None
    if time.tzinfo is not None:
        text = time.astimezone(timezone.utc).replace(tzinfo=None).isoformat()  # noqa: UP017 - 3.10 has no UTC
    text = text.replace(" ", "T")
    return text.rstrip("0").rstrip(".") if "." in text else text


# Writing


def as_json(columns: Sequence[Any]) -> bytes:
    """{"predictions": […]}: a list for one column of answers, objects for several; what is no number is null."""
    lists = {column.name: values_of(column) for column in columns}
    if len(lists) == 1:
        return json.dumps({"predictions": next(iter(lists.values()))}, ensure_ascii=False).encode()
    rows = [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
    return json.dumps({"predictions": rows}, ensure_ascii=False).encode()


def as_csv(columns: Sequence[Any]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.name for column in columns])
    for row in zip(*map(values_of, columns), strict=True):
        writer.writerow(["" if value is None else cell_of(value) for value in row])
    return out.getvalue().encode()


def cell_of(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, float) else value


def values_of(column: Any) -> list[Any]:
    gone = np.zeros(len(column.values), np.bool_) if column.mask is None else column.mask
    pairs = zip(column.values.tolist(), gone.tolist(), strict=True)
    return [None if missing or (isinstance(v, float) and not math.isfinite(v)) else v for v, missing in pairs]
