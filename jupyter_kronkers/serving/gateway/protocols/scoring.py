"""Scoring: MLflow's protocol, from a request's body to `{"predictions": …}`.

A model with one column of answers gives a list of values, one with several a list of records, as MLflow does. JSON has
no NaN: a missing answer is null, and a NaN or infinity that the signature does not call missing is the model's error.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from jupyter_kronkers.languages import Field, Signature
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.serving.gateway.outputs import bad_output
from jupyter_kronkers.serving.gateway.protocols import payloads
from jupyter_kronkers.serving.gateway.protocols.shape import About, Read, Reply, Written, check_rows

_encode = msgspec.json.Encoder().encode


def read_json(signature: Signature, body: bytes, most_rows: int, _json_bytes: int | None = None) -> Read:
    """One of MLflow's four JSON forms."""
    return fitted(signature, payloads.from_json(body, [field.name for field in signature.inputs]), most_rows)


def read_csv(signature: Signature, body: bytes, most_rows: int, _json_bytes: int | None = None) -> Read:
    """CSV with a line of names."""
    return fitted(signature, payloads.from_csv(body, {field.name: field.type for field in signature.inputs}), most_rows)


def fitted(signature: Signature, table: payloads.Table, most_rows: int) -> Read:
    """The table's columns as the signature wants them. Raises Invalid with every fault."""
    rows = payloads.rows_of(table)
    check_rows(rows, most_rows)
    return Read(plain(signature, table) or signature.fit(table), rows)


PLAIN = {
    "double": (float, np.float64),
    "float": (float, np.float64),
    "boolean": (bool, np.bool_),
    "long": (int, np.int64),
}


def plain(signature: Signature, table: Mapping[str, Any]) -> list[Column] | None:
    """What `fit` gives, at a fifth of its cost, for tables without gaps whose every cell has its column's own type.

    None for all others: `fit` decides, and says what is wrong.
    """
    columns: list[Column] = []
    for field in signature.inputs:
        cells, known = table.get(field.name), PLAIN.get(field.type)
        if not cells or known is None or set(map(type, cells)) != {known[0]}:
            return None
        try:
            columns.append(Column(field.name, np.array(cells, known[1])))
        except OverflowError:
            return None
    return columns


def write_json(signature: Signature, columns: Sequence[Column], _reply: Reply, _about: About) -> Written:
    """`{"predictions": …}`."""
    return Written(predictions(signature, columns), b"application/json")


def predictions(signature: Signature, columns: Sequence[Column]) -> bytes:
    """The body of the answer. Raises ModelFailed if it has numbers that JSON cannot carry."""
    cells = [spelled(field, column) for field, column in zip(signature.outputs, columns, strict=True)]
    if len(cells) == 1:
        return _encode({"predictions": cells[0]})
    names = [column.name for column in columns]
    return _encode({"predictions": [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]})


def write_csv(signature: Signature, columns: Sequence[Column], _reply: Reply, _about: About) -> Written:
    """A line of names, then rows; a missing answer is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column.name for column in columns])
    cells = [spelled(field, column) for field, column in zip(signature.outputs, columns, strict=True)]
    writer.writerows(zip(*(map(worded, values) for values in cells), strict=True))
    return Written(out.getvalue().encode(), b"text/csv; charset=utf-8")


def spelled(field: Field, column: Column) -> list[object]:
    """A column of answers as JSON values. Raises ModelFailed for what JSON cannot spell."""
    values: list[object] = column.values.tolist()
    if column.values.dtype.kind == "f" and not np.isfinite(column.values).all():
        check_finite(field, column)
        values = [value if fine else None for value, fine in zip(values, np.isfinite(column.values), strict=True)]
    if column.mask is not None:
        values = [None if gap else value for value, gap in zip(values, column.mask.tolist(), strict=True)]
    return values


def check_finite(field: Field, column: Column) -> None:
    """Raises ModelFailed for a number that is not finite, unless it is missing and may be."""
    fine = np.isfinite(column.values)
    if not field.missing and not (fine if column.mask is None else fine | column.mask).all():
        raise bad_output(f"{field.name} is not a finite number")


def worded(value: object) -> object:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value
