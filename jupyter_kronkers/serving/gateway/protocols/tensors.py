"""Tensors of the Open Inference Protocol: which datatypes there are, and their elements as JSON and as bytes.

Binary elements are little-endian, row by row; a BYTES element is its length in four bytes, then its UTF-8. Numbers
are looked at where they lie, without a copy.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from jupyter_kronkers.errors import Fault
from jupyter_kronkers.languages import Field
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.serving.gateway.protocols.payloads import Cells

DTYPES: dict[str, np.dtype[Any]] = {
    "FP64": np.dtype("<f8"),
    "FP32": np.dtype("<f4"),
    "FP16": np.dtype("<f2"),
    **{f"INT{8 * size}": np.dtype(f"<i{size}") for size in (1, 2, 4, 8)},
    **{f"UINT{8 * size}": np.dtype(f"<u{size}") for size in (1, 2, 4, 8)},
    "BOOL": np.dtype("?"),
}
DATATYPES = (*DTYPES, "BYTES")
OF_TYPE = {"boolean": "BOOL", "integer": "INT32", "long": "INT64", "float": "FP64", "double": "FP64"}
"""The datatype that loses nothing of an input's type; texts and times are BYTES."""

_flat = msgspec.json.Decoder(list[bool | int | float | str | None]).decode
_nested = msgspec.json.Decoder(list[list[bool | int | float | str | None]]).decode
_LENGTH = struct.Struct("<I")


class Misfit(Exception):
    """The elements are not what datatype and shape promise; in words."""

    def fault(self, name: str) -> Fault:
        return Fault(f"inputs.{name}", str(self))


def of_input(field: Field) -> str:
    return OF_TYPE.get(field.type, "BYTES")


def of_output(field: Field) -> str:
    # Not INT32: what a model answers is not checked to fit it.
    return "INT64" if field.type == "integer" else OF_TYPE.get(field.type, "BYTES")


# Elements as JSON


def from_json(data: bytes | msgspec.Raw, datatype: str, count: int) -> Cells:
    """The elements in a flat list, whichever way they were nested. Raises Misfit, or what msgspec raises."""
    try:
        cells = _flat(data)
    except msgspec.ValidationError:
        cells = [cell for row in _nested(data) for cell in row]
    if len(cells) != count:
        raise Misfit(f"has {len(cells)} elements; its shape promises {count}")
    check_kinds(cells, datatype)
    return cells


def check_kinds(cells: Cells, datatype: str) -> None:
    numbers_are: set[type] = {int, float} if datatype.startswith("FP") else {int}
    others: dict[str, set[type]] = {"BYTES": {str}, "BOOL": {bool}}
    wanted = others.get(datatype, numbers_are)
    strange: set[type] = set(map(type, cells)) - wanted - {type(None)}
    if strange:
        kinds = {bool: "true or false", int: "a whole number", float: "a number with a fraction", str: "a text"}
        raise Misfit(f"is {datatype}; it holds {' and '.join(sorted(kinds[kind] for kind in strange))}")
    numbers: Sequence[Any] = [cell for cell in cells if cell is not None] if None in cells else cells
    if datatype not in ("BYTES", "BOOL", "FP64") and numbers:
        check_range(numbers, DTYPES[datatype], datatype)


def check_range(numbers: Sequence[Any], dtype: np.dtype[Any], datatype: str) -> None:
    most = float(np.finfo(dtype).max) if dtype.kind == "f" else int(np.iinfo(dtype).max)
    least = -most if dtype.kind == "f" else int(np.iinfo(dtype).min)
    if min(numbers) < least or max(numbers) > most:
        raise Misfit(f"is out of range: it does not fit {datatype}")


# Elements as bytes


def from_bytes(data: memoryview, datatype: str, count: int) -> npt.NDArray[Any]:
    """The elements as a flat array; of numbers, one that looks into `data`. Raises Misfit."""
    if datatype == "BYTES":
        return texts(data, count)
    dtype = DTYPES[datatype]
    if len(data) != count * dtype.itemsize:
        raise Misfit(f"has {len(data):,} bytes; {count:,} elements of {datatype} are {count * dtype.itemsize:,}")
    if datatype == "BOOL" and count and np.frombuffer(data, np.uint8).max() > 1:
        raise Misfit("holds bytes that are neither 0 nor 1, which BOOL does not know")
    return np.frombuffer(data, dtype)


def texts(data: memoryview, count: int) -> npt.NDArray[Any]:
    if count * _LENGTH.size > len(data):
        raise Misfit(f"has {len(data):,} bytes, which is too little for {count:,} elements")
    found = np.empty(count, object)
    at = 0
    for row in range(count):
        if at + _LENGTH.size > len(data):
            raise Misfit(f"ends within element {row}")
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if at + length > len(data):
            raise Misfit(f"ends within element {row}, which should have {length:,} bytes")
        found[row] = text(data[at : at + length], row)
        at += length
    if at < len(data):
        raise Misfit(f"has {len(data) - at:,} bytes too many")
    return found


def text(data: memoryview, row: int) -> str:
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError:
        raise Misfit(f"holds what is not UTF-8 in element {row}") from None


def to_bytes(column: Column, datatype: str) -> bytes:
    """The column's elements as bytes; a missing number is NaN."""
    if datatype == "BYTES":
        encoded = [value.encode() for value in column.values.tolist()]
        return b"".join(part for one in encoded for part in (_LENGTH.pack(len(one)), one))
    values = column.values if column.mask is None else np.where(column.mask, np.nan, column.values)
    return values.astype(DTYPES[datatype]).tobytes()
