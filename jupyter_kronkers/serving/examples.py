"""Examples: one row that a version can be asked with, of those it was proven with.

The gateway's pages and the control plane use it, so nothing here speaks SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jupyter_kronkers.languages import Field
from jupyter_kronkers.languages.conformance import Conformance, Recorded

Cell = bool | int | float | str | None
Row = dict[str, Cell]

BLANKS: dict[str, Cell] = {
    "boolean": False,
    "integer": 0,
    "long": 0,
    "float": 0.0,
    "double": 0.0,
    "string": "",
    "datetime": "2026-01-31T12:00:00",
}


class Asked(NamedTuple):
    """A row, and what the live model answered to it; None if nothing was recorded."""

    row: Row
    answer: Row | None


@dataclass(frozen=True)
class Example:
    """A row that a version of a deployment can be asked with, and its columns."""

    version: int
    fields: tuple[Field, ...]
    row: Row

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.row)

    @property
    def rows(self) -> tuple[tuple[Cell, ...], ...]:
        return (tuple(self.row.values()),)


def asked(inputs: Sequence[Field], recorded: Conformance) -> Asked:
    """The best row there is: recorded and without gaps, else recorded, else made up from the types."""
    place = best_row(recorded.inputs)
    found = row_of(recorded.inputs, place)
    row = {field.name: found.get(field.name, blank(field)) for field in inputs}
    return Asked(row, row_of(recorded.outputs, place) or None)


def best_row(columns: Sequence[Recorded]) -> int:
    """The first row without gaps, if there is one."""
    rows = range(min((len(one.values) for one in columns), default=0))
    return next((row for row in rows if all(spelled(one, row) is not None for one in columns)), 0)


def row_of(columns: Sequence[Recorded], place: int) -> Row:
    return {one.name: spelled(one, place) for one in columns if place < len(one.values)}


def spelled(column: Recorded, place: int) -> Cell:
    """A recorded value as a request would spell it: NaN and the infinities have no JSON."""
    value = column.values[place]
    return None if isinstance(value, str) and column.type in ("float", "double") else value


def blank(field: Field) -> Cell:
    return field.levels[0] if field.levels else BLANKS[field.type]
