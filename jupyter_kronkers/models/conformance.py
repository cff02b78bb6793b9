"""conformance.json: a few rows and what the live model answered, so that any host can be held to it.

A missing value is null. JSON has no NaN and no infinities: in float and double columns they are the texts "NaN",
"Infinity" and "-Infinity". Other numbers have as many digits as it takes to read the very same number back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from jupyter_kronkers.languages.frames import Column
    from jupyter_kronkers.languages.signatures import Field

Value = bool | int | float | str | None


class Recorded(msgspec.Struct, frozen=True):
    """One column of it."""

    name: str
    type: str
    values: list[Value]


class Conformance(msgspec.Struct, frozen=True):
    """The file."""

    inputs: list[Recorded]
    outputs: list[Recorded]


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
