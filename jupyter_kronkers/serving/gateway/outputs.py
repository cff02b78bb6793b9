"""Outputs: what the answer of a model must look like, by its signature."""

from __future__ import annotations

import numpy as np

from jupyter_kronkers.errors import ModelFailed
from jupyter_kronkers.languages import Signature
from jupyter_kronkers.languages.conformance import KINDS
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.serving.gateway.batching import Answered

DTYPES = {"b": np.dtype(bool), "i": np.dtype(np.int64), "f": np.dtype(np.float64), "O": np.dtype(object)}


def empty(signature: Signature) -> list[Column]:
    """The answer for no rows."""
    return [Column(field.name, np.empty(0, DTYPES[KINDS[field.type]])) for field in signature.outputs]


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
