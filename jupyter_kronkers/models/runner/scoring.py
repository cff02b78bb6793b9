"""Scoring: the model of this folder, and the way of rows through it. Loaded only after the folder was verified."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from typing import Any

from . import tables

JSON, CSV = "application/json", "text/csv"


class Failed(Exception):
    """The model could not answer, in words."""


class Model:
    """Rows in, predictions out. Threads may share it; their requests take turns."""

    def __init__(self, folder: str) -> None:
        # In front: an installed package of that name is not the one that was signed with the model.
        sys.path.insert(0, os.path.join(folder, "code"))
        self._frames = importlib.import_module("kronkers_pyfunc.frames")
        self._model = importlib.import_module("kronkers_pyfunc")._load_pyfunc(os.path.join(folder, "data"))
        del sys.path[0]
        self._turn = threading.Lock()
        self.inputs = self._model.inputs

    def score(self, body: bytes, kind: str, answers: str) -> bytes:
        """The body's rows, answered. kind, answers: JSON or CSV. Raises Unfit, Failed."""
        read = tables.from_csv if kind == CSV else tables.from_json
        fitted = tables.fitted(read(body, self.inputs), self.inputs)
        rows = len(fitted[0][1]) if fitted else 0
        answered = self._answered([self._frames.Column(*column) for column in fitted], rows) if rows else []
        if not rows:
            return b'{"predictions": []}' if answers == JSON else b""
        return tables.as_csv(answered) if answers == CSV else tables.as_json(answered)

    def _answered(self, columns: list[Any], rows: int) -> list[Any]:
        try:
            with self._turn:
                return list(self._model.answer(columns, rows))
        except Exception as problem:
            raise Failed(f"{type(problem).__name__}: {problem}") from problem
