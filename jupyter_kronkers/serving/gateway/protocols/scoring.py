"""Scoring: MLflow's protocol, from a request's body to `{"predictions": …}`.

A model with one column of answers gives a list of values, one with several a list of records, as MLflow does. JSON has
no NaN: a missing answer is null, and a NaN or infinity that the signature does not call missing is the model's error.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from jupyter_kronkers.errors import KronkersError, TooLarge
from jupyter_kronkers.languages import Signature
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.serving.gateway.protocols import payloads
from jupyter_kronkers.serving.gateway.conformance import bad_output

JSON, CSV = "application/json", "text/csv"
TYPES = (JSON, CSV)
BATCH = "Send fewer rows at once, or predict them in a batch job."

_encode = msgspec.json.Encoder().encode


def content_type(header: bytes) -> str | None:
    """The type a body has, if it is one that can be scored; None otherwise."""
    kind, _, parameters = header.decode("latin-1").lower().partition(";")
    charset = [p.partition("=")[2].strip(' "') for p in parameters.split(";") if p.strip().startswith("charset")]
    return kind.strip() if kind.strip() in TYPES and all(c in ("utf-8", "utf8", "us-ascii") for c in charset) else None


def fitted(signature: Signature, kind: str, body: bytes, most_rows: int) -> tuple[list[Column], int]:
    """The body's columns as the signature wants them, and how many rows. Raises Invalid with every fault."""
    if kind == CSV:
        table = payloads.from_csv(body, {field.name: field.type for field in signature.inputs})
    else:
        table = payloads.from_json(body, [field.name for field in signature.inputs])
    rows = payloads.rows_of(table)
    if rows > most_rows:
        raise TooLarge("The number of rows", rows, most_rows, remedy=BATCH)
    return plain(signature, table) or signature.fit(table), rows


PLAIN = {
    "double": (float, np.float64),
    "float": (float, np.float64),
    "boolean": (bool, np.bool_),
    "long": (int, np.int64),
}


def plain(signature: Signature, table: payloads.Table) -> list[Column] | None:
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


def predictions(signature: Signature, columns: Sequence[Column]) -> bytes | KronkersError:
    """The body of the answer; bad_model_output if it has numbers that JSON cannot carry."""
    cells: list[list[object]] = []
    for field, column in zip(signature.outputs, columns, strict=True):
        values = column.values.tolist()
        if column.mask is not None:
            values = [None if gap else value for value, gap in zip(values, column.mask.tolist(), strict=True)]
        if column.values.dtype.kind == "f" and not field.missing and not finite(column):
            return bad_output(f"{field.name} is not a finite number")
        cells.append(values)
    if len(cells) == 1:
        return _encode({"predictions": cells[0]})
    names = [column.name for column in columns]
    return _encode({"predictions": [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]})


def finite(column: Column) -> bool:
    fine = np.isfinite(column.values)
    return bool((fine if column.mask is None else fine | column.mask).all())
