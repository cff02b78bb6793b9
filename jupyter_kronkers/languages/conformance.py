"""conformance.json: a few rows and what the live model answered, so that any host can be held to it.

A missing value is null. JSON has no NaN and no infinities: in float and double columns they are the texts "NaN",
"Infinity" and "-Infinity". Other numbers have as many digits as it takes to read the very same number back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_kronkers.errors import Invalid

if TYPE_CHECKING:
    from jupyter_kronkers.languages.frames import Column
    from jupyter_kronkers.languages.signatures import Field

Value = bool | int | float | str | None

KINDS = {"boolean": "b", "integer": "i", "long": "i", "float": "f", "double": "f", "string": "O", "datetime": "O"}
"""The kind of NumPy array in which the values of a type travel."""

_BLANKS: dict[str, Value] = {"b": False, "i": 0, "f": 0.0, "O": ""}


class Recorded(msgspec.Struct, frozen=True):
    """One column of it."""

    name: str
    type: str
    values: list[Value]

    def column(self) -> Column:
        """The column as a frame carries it. Raises Invalid if its values are not of its type."""
        import numpy as np

        from jupyter_kronkers.languages.frames import Column

        kind = KINDS.get(self.type, "O")
        dtypes: dict[str, Any] = {"b": np.bool_, "i": np.int64, "f": np.float64, "O": object}
        missing = np.array([value is None for value in self.values], np.bool_)
        filled = [_BLANKS[kind] if value is None else value for value in self.values]
        try:
            values = np.array([float(value or 0) for value in filled] if kind == "f" else filled, dtypes[kind])
        except (ValueError, TypeError, OverflowError) as problem:
            said = f"conformance.json: {self.name} holds what is no {self.type}."
            raise Invalid(message=said, code="bad_capture") from problem
        return Column(self.name, values, missing if missing.any() else None)


class Conformance(msgspec.Struct, frozen=True):
    """The file."""

    inputs: list[Recorded]
    outputs: list[Recorded]

    @property
    def rows(self) -> int:
        return len(self.outputs[0].values) if self.outputs else 0


def read(folder: Path) -> Conformance:
    """That of an artifact; without rows if it has none."""
    path = folder / "conformance.json"
    return msgspec.json.decode(path.read_bytes(), type=Conformance) if path.exists() else Conformance([], [])


def columns_of(recorded: Sequence[Recorded]) -> list[Column]:
    return [each.column() for each in recorded]


def recorded(fields: Sequence[Field], columns: Sequence[Column]) -> list[Recorded]:
    """The columns in words of JSON."""
    pairs = zip(fields, columns, strict=True)
    return [Recorded(field.name, field.type, _values(column)) for field, column in pairs]


def _values(column: Column) -> list[Value]:
    values = [_spelled(value) for value in column.values.tolist()]
    if column.mask is None:
        return values
    return [None if missing else value for value, missing in zip(values, column.mask.tolist(), strict=True)]


def _spelled(value: bool | int | float | str) -> Value:
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
