"""Examples: the rows that a version was proven with, as a person looks at them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from jupyter_kronkers.errors import Conflict
from jupyter_kronkers.languages import conformance
from jupyter_kronkers.languages.conformance import Conformance, Recorded, Value

MOST_ROWS = 5
LARGEST = 64 << 20


@dataclass(frozen=True)
class Table:
    """Rows, each with a value for every column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True)
class Example(Table):
    """Inputs, and what the live model answered to them."""

    outputs: Table


def example(name: str, folder: Path) -> Example:
    """The first rows recorded in this artifact; none if it has none. Raises Conflict if they cannot be read."""
    found = recorded(name, folder)
    inputs = table(found.inputs)
    return Example(inputs.columns, inputs.rows, table(found.outputs))


def recorded(name: str, folder: Path) -> Conformance:
    """All that is recorded. Raises Conflict if it cannot be read: a rejected version may hold anything."""
    unread = Conflict(f"The rows recorded with {name} cannot be read.", remedy="Register the model again.")
    path = folder / "conformance.json"
    if path.exists() and path.stat().st_size > LARGEST:
        raise unread
    try:
        return conformance.read(folder)
    except msgspec.MsgspecError as problem:
        raise unread from problem


def table(columns: list[Recorded]) -> Table:
    rows = zip(*(column.values[:MOST_ROWS] for column in columns), strict=False)
    return Table(tuple(column.name for column in columns), tuple(rows))
