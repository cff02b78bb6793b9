"""Conformance: before a replica gets traffic it must give the answers that were recorded when the version was made.

The rows are asked together, and the first of them one by one. A model that answers differently then (it looks at the
other rows of a batch) is served unbatched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt

from jupyter_kronkers.errors import HostFailed, KronkersError, ModelFailed
from jupyter_kronkers.languages import Signature
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.serving.gateway.batching import Answered, part
from jupyter_kronkers.serving.gateway.replicas import Replica

if TYPE_CHECKING:
    from jupyter_kronkers.serving.gateway.versions import Artifact

TOLERANCE = 1e-9
SINGLY = 5
KINDS = {"boolean": "b", "integer": "i", "long": "i", "float": "f", "double": "f", "string": "O", "datetime": "O"}
DTYPES = {"b": np.dtype(bool), "i": np.dtype(np.int64), "f": np.dtype(np.float64), "O": np.dtype(object)}
Flags = npt.NDArray[np.bool_]
BLANKS = {"b": False, "i": 0, "f": 0.0, "O": ""}


class Recorded(msgspec.Struct):
    """One column of `conformance.json`; None is a missing value, "NaN" and the infinities are spelled out."""

    name: str
    type: str
    values: list[bool | int | float | str | None]

    def column(self) -> Column:
        kind = KINDS[self.type]
        mask = np.array([value is None for value in self.values], bool)
        values = [BLANKS[kind] if value is None else value for value in self.values]
        if kind == "f":
            values = [float(str(value)) for value in values]
        return Column(self.name, np.array(values, DTYPES[kind]), mask if mask.any() else None)


class Conformance(msgspec.Struct):
    inputs: list[Recorded]
    outputs: list[Recorded]


def read(artifact: Path) -> Conformance:
    """The recorded rows and answers of an artifact; none if it has no such file."""
    path = artifact / "conformance.json"
    return msgspec.json.decode(path.read_bytes(), type=Conformance) if path.exists() else Conformance([], [])


async def prove(artifact: Artifact, replica: Replica, limit_s: float) -> bool:
    """Replay the recorded rows. True if the model answers alike row by row, so that it may be batched.

    Raises HostFailed if an answer differs, or if there is none.
    """
    recorded = read(artifact.folder)
    inputs = [column.column() for column in recorded.inputs]
    expected = [column.column() for column in recorded.outputs]
    if not inputs or not len(inputs[0].values):
        return True
    together = await asked(artifact.signature, replica, inputs, limit_s)
    if (difference := differs(together, expected)) is not None:
        said = f"It does not give the recorded answers: {difference}."
        raise HostFailed("Different", said, artifact.runtime.language, remedy="Register the model again.")
    return await alike_singly(artifact.signature, replica, inputs, expected, limit_s)


async def alike_singly(
    signature: Signature, replica: Replica, inputs: list[Column], expected: list[Column], limit_s: float
) -> bool:
    for row in range(min(SINGLY, len(inputs[0].values))):
        try:
            answer = await asked(signature, replica, rows(inputs, row), limit_s)
        except ModelFailed:
            return False
        if differs(answer, rows(expected, row)) is not None:
            return False
    return True


async def asked(signature: Signature, replica: Replica, columns: list[Column], limit_s: float) -> list[Column]:
    """The replica's answer. Raises what it answered instead."""
    answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
    # Whoever waited may have been cancelled meanwhile: the end of a replica must not fail over that.
    replica.ask(columns, limit_s, lambda got: None if answer.done() else answer.set_result(got))
    got = await answer
    if isinstance(got, list):
        got = checked(signature, got, len(columns[0].values))
    if isinstance(got, KronkersError):
        raise HostFailed(getattr(got, "class_", got.code), got.message, "", remedy=got.remedy)
    return got


def rows(columns: Sequence[Column], row: int) -> list[Column]:
    return [part(column, row, row + 1) for column in columns]


def checked(signature: Signature, columns: list[Column], rows: int) -> Answered:
    """The answer, or why it cannot be one: as many rows as were asked, with the signature's names and types."""
    wanted = [(field.name, KINDS[field.type]) for field in signature.outputs]
    given = [(column.name, column.values.dtype.kind) for column in columns]
    if given == wanted and all(len(column.values) == rows for column in columns):
        return columns
    said = ", ".join(f"{c.name} ({c.values.dtype}, {len(c.values)} rows)" for c in columns[:5])
    return bad_output(f"for {rows} rows it answered {said or 'nothing'}")


def bad_output(said: str) -> ModelFailed:
    problem = ModelFailed("BadOutput", f"the model's answer does not fit its signature: {said}", "")
    problem.code = "bad_model_output"
    return problem


def differs(got: Sequence[Column], expected: Sequence[Column]) -> str | None:
    """The first difference in words; None if all are equal, numbers to 1e-9 of their size."""
    for one, other in zip(got, expected, strict=True):
        wrong = np.flatnonzero(~equal(one, other))
        if len(wrong):
            row = int(wrong[0])
            return f"row {row} of {one.name} is {one.values[row]!r}, recorded was {other.values[row]!r}"
    return None


def equal(one: Column, other: Column) -> Flags:
    missing, also = gaps(one), gaps(other)
    if one.values.dtype.kind == "f":
        same = np.isclose(one.values, other.values, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
    else:
        same = np.asarray(one.values == other.values, bool)
    return np.where(missing | also, missing & also, same)


def gaps(column: Column) -> Flags:
    return np.zeros(len(column.values), bool) if column.mask is None else column.mask
