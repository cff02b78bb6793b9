"""A version as MLflow loads it: `mlflow.pyfunc.load_model(…)`, `mlflow models serve`.

Copied into each artifact as the package `kronkers_pyfunc`, beside what it imports; needs MLflow's own requirements and
the model's language, and nothing of ours. Python models are loaded in the process. An R or Julia model gets one host
process, started on the first predict and ended with the process.
"""

from __future__ import annotations

import atexit
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from . import process as hosting
from .frames import Column
from .interpreters import ask, locate
from .python.loaded import Loaded
from .reasons import remedy, remedy_of_death


def _load_pyfunc(path: str) -> PythonModel | HostedModel:
    """The model whose capture.json lies in the folder `path`."""
    folder = Path(path).absolute()
    facts = json.loads((folder / "capture.json").read_text(encoding="utf-8"))
    return PythonModel(folder, facts) if facts["language"] == "python" else HostedModel(folder, facts)


class PythonModel:
    """predict(DataFrame) → array for one answer per row, DataFrame for several."""

    def __init__(self, folder: Path, facts: Mapping[str, Any]) -> None:
        self.inputs = facts["inputs"]
        self._loaded = Loaded.from_folder(folder)

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> Any:
        return as_answers(self.answer(columns_of(model_input, self.inputs), len(model_input)))

    def answer(self, columns: list[Column], rows: int) -> list[Column]:
        """The same for whoever has columns already: as many rows of answers as of questions. Needs no pandas."""
        return [Column(*answer) for answer in self._loaded.predict(columns, rows)]


class HostedModel:
    """The same for a model of another language."""

    def __init__(self, folder: Path, facts: Mapping[str, Any]) -> None:
        self._folder = folder
        self._facts = facts
        self.inputs = facts["inputs"]
        self._host: hosting.Process | None = None
        self._owner = 0
        self._starting = threading.Lock()

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> Any:
        return as_answers(self.answer(columns_of(model_input, self.inputs), len(model_input)))

    def answer(self, columns: list[Column], rows: int) -> list[Column]:
        """The same for whoever has columns already. Raises RuntimeError or TimeoutError with what to do."""
        language = self._facts["language"]
        try:
            return self._living_host().ask(columns, rows)
        except hosting.Refused as error:
            hint = error.remedy or remedy(language, error.class_, error.message)
            raise RuntimeError(f"{error.class_}: {error.message} {hint}".strip()) from None
        except hosting.Died as death:
            hint = remedy_of_death(language, death.how, death.last_words)
            raise RuntimeError(f"The {language} host is gone: {death.how}. {death.last_words} {hint}") from None
        except hosting.Late as late:
            raise TimeoutError(f"The {language} host gave {late}.") from None

    def _living_host(self) -> hosting.Process:
        with self._starting:
            # A forked server process must not share its parent's pipes.
            if self._host is None or self._owner != os.getpid() or not self._host.alive:
                self._owner = os.getpid()
                self._host = hosting.Process.start(self._folder, self._runtime(), sources=self._sources())
                atexit.register(self._host.stop)
            return self._host

    def _sources(self) -> Path:
        # This module may have been imported from another artifact, which may be gone by now.
        own = self._folder.parent / "code" / "kronkers_pyfunc"
        return own if own.is_dir() else hosting.HERE

    def _runtime(self) -> hosting.Runtime:
        """The language as this machine has it; where the kernel had its packages is looked at last."""
        language, recorded = self._facts["language"], self._facts.get("runtime") or {}
        program = locate(language)
        if program is None:
            raise RuntimeError(f"This model needs {language.capitalize()}, which is not on the PATH of this machine.")
        own = ask(language, program)
        more = [path for path in recorded.get("library_paths") or [] if path not in own.library_paths]
        there = [path for path in more if os.path.isdir(path) and not hosting.is_load_path(path)]
        return replace(own, library_paths=(*own.library_paths, *there))

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": self._folder, "facts": self._facts}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__init__(state["folder"], state["facts"])  # type: ignore[misc]


# Between pandas and columns


def columns_of(model_input: Any, inputs: list[Mapping[str, Any]]) -> list[Column]:
    """The rows MLflow gives, as columns in the order of the signature. Raises ValueError naming what is missing."""
    if not hasattr(model_input, "columns"):
        model_input = _named(model_input, [field["name"] for field in inputs])
    absent = [field["name"] for field in inputs if field["name"] not in model_input]
    if absent:
        raise ValueError(f"The input lacks the columns {', '.join(absent)}.")
    return [_column(field, model_input[field["name"]]) for field in inputs]


def _named(model_input: Any, names: list[str]) -> Any:
    import pandas as pd

    if isinstance(model_input, Mapping):
        return pd.DataFrame(model_input)
    return pd.DataFrame(np.asarray(model_input), columns=names)


def _column(field: Mapping[str, Any], series: Any) -> Column:
    kind = {"boolean": "?", "integer": "i8", "long": "i8", "float": "f8", "double": "f8"}.get(field["type"], "O")
    gone = series.isna().to_numpy(bool)
    mask = gone if gone.any() else None
    if field["type"] == "datetime":
        return Column(field["name"], _texts_of_times(series, gone), mask)
    if kind == "O":
        values = series.to_numpy(object).copy()
        values[gone] = ""
        return Column(field["name"], np.array([*map(str, values), None], object)[:-1], mask)
    return Column(
        field["name"], series.to_numpy(np.dtype(kind), na_value=0) if mask is not None else _plain(series, kind), mask
    )


def _plain(series: Any, kind: str) -> Any:
    return series.to_numpy(np.dtype(kind))


def _texts_of_times(series: Any, gone: Any) -> Any:
    import pandas as pd

    times = pd.to_datetime(series, utc=True).dt.tz_localize(None).to_numpy()
    texts = np.where(gone, "", np.datetime_as_string(times)).astype(object)
    trimmed = [text.rstrip("0").rstrip(".") if "." in text else text for text in texts]
    return np.array([*trimmed, None], object)[:-1]


def as_answers(columns: list[Column]) -> Any:
    """An array for a single column of answers, else a DataFrame."""
    import pandas as pd

    shown = {column.name: _with_gaps(column) for column in columns}
    return next(iter(shown.values())) if len(shown) == 1 else pd.DataFrame(shown)


def _with_gaps(column: Column) -> Any:
    if column.mask is None:
        return column.values
    if column.values.dtype.kind in "if":
        return np.where(column.mask, np.nan, column.values)
    objects = column.values.astype(object)
    objects[column.mask] = None
    return objects
