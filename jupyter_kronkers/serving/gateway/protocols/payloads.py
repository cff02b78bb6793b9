"""Request bodies: MLflow's four JSON forms and CSV, read straight into columns.

    {"dataframe_split": {"columns": [...], "data": [[...], ...]}}     rows with their names once
    {"dataframe_records": [{"a": 1}, ...]}                           rows with their names each time
    {"inputs": {"a": [1, ...]}} or [...]                             columns, records, or rows in the signature's order
    {"instances": [...]}                                             as inputs' lists
    text/csv                                                         a line of names, then rows

msgspec checks the shape while it decodes, so nothing here recurses. It would let the last of two equal keys win; as
every key costs one colon, counting colons finds bodies in which that may have happened.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn

import msgspec

from jupyter_kronkers.errors import Fault, Invalid

DEEPEST = 64
FORMS = ("dataframe_split", "dataframe_records", "inputs", "instances")
MISSING_WORDS = frozenset({"", "NA", "NaN", "null"})
"""What stands for a missing value in a CSV cell that is not text; in one that is, only nothing at all does."""

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that it cannot decode."""

Scalar = bool | int | float | str | None
Cells = list[Scalar]
Row = Cells | dict[str, Scalar] | Scalar
Table = dict[str, Cells]
"""Columns by name, all of one length."""


class Split(msgspec.Struct, forbid_unknown_fields=True):
    columns: list[str]
    data: list[Cells]
    index: list[Scalar] | msgspec.UnsetType | None = msgspec.UNSET


class Body(msgspec.Struct, forbid_unknown_fields=True):
    dataframe_split: Split | msgspec.UnsetType = msgspec.UNSET
    dataframe_records: list[dict[str, Scalar]] | msgspec.UnsetType = msgspec.UNSET
    inputs: list[Row] | dict[str, Cells] | msgspec.UnsetType = msgspec.UNSET
    instances: list[Row] | msgspec.UnsetType = msgspec.UNSET
    params: dict[str, msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET


_decode = msgspec.json.Decoder(Body).decode


def from_json(body: bytes, names: Sequence[str]) -> Table:
    """The columns of a JSON body. `names` are the signature's, for rows that come without.

    Raises Invalid: `malformed`, `too_deep`, `duplicate_key` (400), or `out_of_range`, `not_a_number`, `invalid` (422).
    """
    try:
        read = _decode(body)
    except UNREADABLE as problem:
        explain(problem, body, f"Bodies are: {', '.join(FORMS)}.")
    form = only_form(read)
    if body.count(b":") != keys_of(read):
        refuse_duplicates(body)
    return tables[form](getattr(read, form), names)


def from_csv(body: bytes, kinds: dict[str, str]) -> Table:
    """The columns of a CSV body with a line of names. `kinds` gives each column's MLflow type; others are left out.

    Raises Invalid, naming each cell that cannot be read.
    """
    try:
        rows = list(csv.reader(io.StringIO(body.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as problem:
        raise Invalid(message=f"The body is not CSV in UTF-8: {problem}.", code="malformed") from problem
    if not rows:
        raise Invalid(message="The CSV body is empty; its first line must name the columns.", code="malformed")
    table = from_rows(rows[0], [row for row in rows[1:] if row])
    faults: list[Fault] = []
    read = {name: from_cells(name, table[name], kinds[name], faults) for name in table if name in kinds}
    if faults:
        raise Invalid(*faults)
    return read


def rows_of(table: Table) -> int:
    return len(next(iter(table.values()), ()))


# The forms


def only_form(read: Body) -> str:
    given = [form for form in FORMS if getattr(read, form) is not msgspec.UNSET]
    if len(given) != 1:
        raise Invalid(Fault("$", f"give exactly one of {', '.join(FORMS)}"), remedy="Rows fit best in dataframe_split.")
    if read.params:
        raise Invalid(Fault("params", "this model takes none"))
    return given[0]


def from_split(split: Split, _names: Sequence[str]) -> Table:
    return from_rows(split.columns, split.data)


def from_rows(names: Sequence[str], rows: Sequence[Sequence[Scalar]]) -> Table:
    """Columns of rows that all have one cell per name."""
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) != len(names) else ()
    if twice:
        raise Invalid(*(Fault(f"columns.{name}", "occurs twice") for name in twice))
    wrong = [n for n, row in enumerate(rows) if len(row) != len(names)]
    if wrong:
        raise Invalid(*(Fault(f"data[{n}]", f"has {len(rows[n])} values, not {len(names)}") for n in wrong))
    if not rows:
        return {name: [] for name in names}
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def from_records(records: Sequence[dict[str, Scalar]], names: Sequence[str]) -> Table:
    """Columns of records; a key that some of them lack is missing there."""
    keys = dict.fromkeys(key for record in records for key in record) if records else dict.fromkeys(names)
    return {key: [record.get(key) for record in records] for key in keys}


def from_inputs(given: list[Row] | dict[str, Cells], names: Sequence[str]) -> Table:
    if isinstance(given, list):
        return from_instances(given, names)
    lengths = {name: len(cells) for name, cells in given.items()}
    if len(set(lengths.values())) > 1:
        raise Invalid(*(Fault(f"inputs.{name}", f"has {n} values") for name, n in lengths.items()))
    return given


def from_instances(given: Sequence[Row], names: Sequence[str]) -> Table:
    """Columns of a list: of records, of rows in the signature's order, or of plain values for a single column."""
    records = [row for row in given if isinstance(row, dict)]
    rows = [row for row in given if isinstance(row, list)]
    if len(records) == len(given):
        return from_records(records, names)
    if len(rows) == len(given):
        return from_rows(names, rows)
    if records or rows or len(names) != 1:
        raise Invalid(Fault("$", f"give a list of records, or of rows with {len(names)} values each"))
    return {names[0]: [cell for cell in given if not isinstance(cell, list | dict)]}


tables: dict[str, Callable[..., Table]] = {
    "dataframe_split": from_split,
    "dataframe_records": from_records,
    "inputs": from_inputs,
    "instances": from_instances,
}


# What the decoder does not check


def keys_of(read: Body) -> int:
    """How many keys the decoded body has."""
    keys = sum(getattr(read, field) is not msgspec.UNSET for field in Body.__struct_fields__)
    if read.dataframe_split is not msgspec.UNSET:
        keys += 2 + (read.dataframe_split.index is not msgspec.UNSET)
    for rows in (read.dataframe_records, read.inputs, read.instances):
        if isinstance(rows, list):
            keys += sum(len(row) for row in rows if isinstance(row, dict))
        elif rows is not msgspec.UNSET:
            keys += len(rows)
    return keys


def refuse_duplicates(body: bytes) -> None:
    """Raises Invalid (`duplicate_key`) if an object has a key twice. Only for bodies that decoded."""
    json.loads(body, object_pairs_hook=unique, parse_int=str, parse_float=str)


def unique(pairs: Iterable[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise Invalid(Fault(key, "occurs twice in one object"), code="duplicate_key")
        seen.add(key)


def explain(problem: Exception, body: bytes, remedy: str) -> NoReturn:
    """Raise Invalid in words for what the decoder refused."""
    if depth(body) > DEEPEST:
        raise Invalid(message=f"The JSON is nested more than {DEEPEST} deep.", code="too_deep") from None
    text, _, path = str(problem).partition(" - at ")
    path = path.strip("`") or "$"
    if not isinstance(problem, msgspec.ValidationError):
        raise misread(text, body) from None
    if "out of range" in text:
        raise Invalid(Fault(path, "this number does not fit 64 bits"), code="out_of_range") from None
    raise Invalid(Fault(path, text[:1].lower() + text[1:]), remedy=remedy) from None


def misread(text: str, body: bytes) -> Invalid:
    if found := re.search(rb"[:\[,]\s*(-?(?:NaN|Infinity))\b", body):
        word = found[1].decode()
        return Invalid(
            Fault("$", f"{word} is not JSON"), code="not_a_number", remedy="A missing value is spelled null."
        )
    return Invalid(message=f"The body is not JSON in UTF-8: {text}.", code="malformed")


def depth(body: bytes) -> int:
    """The deepest nesting of brackets outside of strings; works on what is not JSON, too."""
    deepest = level = 0
    for bracket in re.finditer(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', body):
        level += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(bracket[0], 0)
        if level > deepest:
            deepest = level
            if deepest > DEEPEST:
                break
    return deepest


# Cells of CSV


def from_cells(name: str, cells: Cells, kind: str, faults: list[Fault]) -> Cells:
    read = CELLS.get(kind)
    if read is None:
        return [cell or None for cell in cells]
    values: Cells = []
    for n, cell in enumerate(cells):
        try:
            values.append(None if cell in MISSING_WORDS else read(str(cell)))
        except (ValueError, OverflowError):
            faults.append(Fault(f"{name}[{n}]", f"{str(cell)[:40]!r} is not of type {kind}"))
    return values


def whole(cell: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,20}", cell.strip()):
        raise ValueError(cell)
    return int(cell)


def real(cell: str) -> float:
    value = float(cell)
    if not math.isfinite(value) or "_" in cell:
        raise ValueError(cell)
    return value


def truth(cell: str) -> bool:
    try:
        return {"true": True, "1": True, "false": False, "0": False}[cell.strip().lower()]
    except KeyError:
        raise ValueError(cell) from None


CELLS: dict[str, Callable[[str], Scalar]] = {
    "boolean": truth,
    "integer": whole,
    "long": whole,
    "float": real,
    "double": real,
}
