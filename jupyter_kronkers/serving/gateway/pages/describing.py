"""Describing: a version in the words of whoever will call it, and a row that it can be called with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from jupyter_kronkers.languages import Field
from jupyter_kronkers.languages.conformance import Recorded, read
from jupyter_kronkers.serving.gateway.versions.versions import Artifact

Cell = bool | int | float | str | None
Row = dict[str, Cell]

WORDS = {
    "boolean": "true or false",
    "integer": "whole number of 32 bits",
    "long": "whole number",
    "float": "number",
    "double": "number",
    "string": "text",
    "datetime": "date or time (ISO 8601)",
}
BLANKS: dict[str, Cell] = {
    "boolean": False,
    "integer": 0,
    "long": 0,
    "float": 0.0,
    "double": 0.0,
    "string": "",
    "datetime": "2026-01-31T12:00:00",
}
LANGUAGES = {"python": "Python", "r": "R", "julia": "Julia"}


class Facts(NamedTuple):
    """A deployment and the version that answers for it. `row` was answered by `answer` when the version was proven."""

    deployment: str
    model: str
    number: int
    language: str
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    row: Row
    answer: Row | None


def described(deployment: str, artifact: Artifact) -> Facts:
    signature, recorded = artifact.signature, read(artifact.folder)
    place = best_row(recorded.inputs)
    return Facts(
        deployment,
        artifact.placed.model,
        artifact.placed.number,
        LANGUAGES.get(artifact.runtime.language, artifact.runtime.language),
        signature.inputs,
        signature.outputs,
        {field.name: blank(field) for field in signature.inputs} | row_of(recorded.inputs, place),
        row_of(recorded.outputs, place) or None,
    )


def best_row(columns: Sequence[Recorded]) -> int:
    """The first row without gaps, if there is one."""
    rows = range(len(columns[0].values)) if columns else range(0)
    return next((row for row in rows if all(spelled(one, row) is not None for one in columns)), 0)


def row_of(columns: Sequence[Recorded], place: int) -> Row:
    return {one.name: spelled(one, place) for one in columns if place < len(one.values)}


def spelled(column: Recorded, place: int) -> Cell:
    """A recorded value as a request would spell it: NaN and the infinities have no JSON."""
    value = column.values[place]
    return None if isinstance(value, str) and column.type in ("float", "double") else value


def blank(field: Field) -> Cell:
    return field.levels[0] if field.levels else BLANKS[field.type]


def words(field: Field) -> str:
    """The type of a field for people."""
    return "one of these texts" if field.levels else WORDS[field.type]
