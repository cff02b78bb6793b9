"""Capture a fitted Python model: the folder that becomes a version.

    capture(model, folder, data=X, target=y)

    model/model.pkl      {"object": model, "predict": function (model, rows) or None}
    frames/*.kf          the input columns, a sample of their rows, and what the live object answers
    environment/         pip-freeze.txt
    capture.json         all that is known about it, written last: with it the capture is whole

Runs in the person's own kernel, where our package may be absent: beside its neighbours in this folder and
`frames.py`, which are sent with it, it uses the standard library and NumPy only, and pandas and cloudpickle
where the kernel has them. It changes nothing there.
"""

from __future__ import annotations

import json
import math
import numbers
import operator
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jupyter_kronkers.languages.frames import REPLY, REQUEST, BadFrame, encode
from jupyter_kronkers.languages.python.columns import CaptureError, Typed, article, is_pandas, listed, size_of, typed
from jupyter_kronkers.languages.python.containers import Container, container_of, split
from jupyter_kronkers.languages.python.origin import freeze, packages, runtime
from jupyter_kronkers.languages.python.pickling import Pickled, needed, pickled

SAMPLE_ROWS, SAMPLE_GAPS, BASELINE_ROWS = 20, 5, 1_000
SLOW_S, MOST_PARAMS = 5.0, 100


def capture(
    model: Any,
    folder: str | Path,
    *,
    data: Any = None,
    target: Any = None,
    predict: Callable[[Any, Any], Any] | None = None,
    metrics: Mapping[str, float] | None = None,
    params: Mapping[str, Any] | None = None,
    needs: Sequence[str] | str = (),
    variable: str | None = None,
    notebook: str | None = None,
) -> dict[str, Any]:
    """Write everything a version needs of `model` into the empty `folder`; gives what stands in capture.json.

    data: rows as the model's predict takes them: data frame, series, array, list of dicts.
    target: the name of a column of `data`, which is then no input, or the true values beside it.
    predict: function (model, rows) that answers, if it is not the model's own `predict`.
    needs: names of things in the notebook, or of modules, that the model looks up only as it predicts.
    Raises CaptureError.
    """
    answer = _Answer(model, predict)
    fitted = _features(model)
    rows, targets = split(container_of(data, fitted), target, _name_in_notebook(target))
    warnings: list[str] = []
    rows = rows if predict is not None else _only_fitted(rows, fitted, warnings)
    inputs = [typed(name, rows.column(at), f"column {name!r}") for at, name in enumerate(rows.names)]
    asked = _ask(answer, rows, inputs, warnings)
    saved = pickled({"object": model, "predict": answer.function}, needed(needs))
    facts = {
        "format": 1,
        "language": "python",
        "runtime": runtime(),
        "model": _model_facts(model, variable, saved),
        "container": rows.container,
        "inputs": [field.facts() for field in asked.inputs],
        "outputs": asked.outputs,
        "target": targets,
        "metrics": _metrics(metrics or {}),
        "params": _params(model, params),
        "packages": packages([*saved.modules, *_own_modules(rows.container, saved.loader)], warnings),
        "definitions": saved.definitions,
        "notebook": notebook or os.environ.get("JPY_SESSION_NAME") or None,
        "cwd": str(Path.cwd()),
        "kernel": None,
        "warnings": warnings + saved.warnings,
        "captured_at": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),  # noqa: UP017 - for older kernels
    }
    _write(Path(folder), facts, saved.stream, _frames(inputs, asked))
    return facts


# What the live object answers


class _Answer:
    """Asks the live model."""

    def __init__(self, model: Any, predict: Any) -> None:
        if predict is not None and not callable(predict):
            raise CaptureError(f"predict must be a function of (model, rows), not {article(predict)}.")
        if isinstance(model, type):
            raise CaptureError(f"{model.__name__} is a class. Give an object of it that is fitted.")
        self.model, self.function = model, predict
        if predict is None and not callable(getattr(model, "predict", None)):
            self.function = self._call_itself()

    def _call_itself(self) -> Any:
        if callable(self.model) and sys.version_info >= (3, 11):
            return operator.call
        what = f"{article(self.model)} has no predict"
        raise CaptureError(f"The model cannot be asked: {what}. Give predict=, a function of (model, rows).")

    def __call__(self, rows: Container, chosen: list[int]) -> list[Typed]:
        given = rows.take(chosen)
        try:
            answered = self.model.predict(given) if self.function is None else self.function(self.model, given)
        except Exception as error:
            raise CaptureError(f"The model cannot answer the rows of data: {type(error).__name__}: {error}") from error
        return list(_answer_columns(answered, len(chosen)))


class _Asked(NamedTuple):
    inputs: list[Typed]
    sample_rows: list[int]
    sample: list[Typed]
    baseline: list[Typed]
    outputs: list[dict[str, Any]]


def _ask(answer: _Answer, rows: Container, inputs: list[Typed], warnings: list[str]) -> _Asked:
    """The answers on the sample and the baseline rows; without rows with gaps if the model refuses those."""
    gaps = _rows_with_gaps(inputs, rows.count)
    everything = range(rows.count)
    spread = _evenly(everything, SAMPLE_ROWS)
    spread += [row for row in gaps if row not in spread][:SAMPLE_GAPS]
    try:
        return _asked(answer, rows, inputs, (spread, _evenly(everything, BASELINE_ROWS)), warnings)
    except CaptureError as refusal:
        whole = sorted({*everything} - {*gaps})
        if not gaps or not whole:
            raise
        refused = str(refusal)
    strict = [field._replace(gaps=False) for field in inputs]
    asked = _asked(answer, rows, strict, (_evenly(whole, SAMPLE_ROWS), _evenly(whole, BASELINE_ROWS)), warnings)
    warnings.append(f"data has missing values, and the model refuses them, so callers may not send any. {refused}")
    return asked


def _asked(
    answer: _Answer, rows: Container, inputs: list[Typed], chosen: tuple[list[int], list[int]], warnings: list[str]
) -> _Asked:
    spread, many = chosen
    sample, start = answer(rows, spread), time.monotonic()
    baseline, took = answer(rows, many), time.monotonic() - start
    if took > SLOW_S:
        warnings.append(f"The model is slow: {took:.1f} s for {len(many):,} rows.")
    return _Asked(inputs, spread, sample, baseline, _outputs(sample, baseline))


def _answer_columns(answered: Any, count: int) -> Iterator[Typed]:
    """The answers as columns. One vector is named `prediction`; data frames and dicts keep their names."""
    named = list(_named_answers(answered))
    names = [name for name, _ in named]
    if not named or len(set(names)) < len(names):
        raise CaptureError(f"predict must answer columns of different names, not {listed(names) or 'none'}.")
    for name, values in named:
        if not hasattr(values, "__len__") or len(values) != count:
            raise CaptureError(f"predict answered {size_of(values)} for {count} rows; it must answer once per row.")
        yield typed(name, values, f"answer {name!r}").with_nan()


def _named_answers(answered: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(answered, list) and answered and all(isinstance(row, dict) for row in answered):
        answered = {name: [row.get(name) for row in answered] for row in answered for name in row}
    if is_pandas(answered, "DataFrame"):
        yield from ((str(name), answered.iloc[:, at]) for at, name in enumerate(answered.columns))
    elif isinstance(answered, Mapping):
        yield from ((str(name), values) for name, values in answered.items())
    elif is_pandas(answered, "Series"):
        yield "prediction", answered
    else:
        yield from _array_answers(np.asarray(answered))


def _array_answers(array: Any) -> Iterator[tuple[str, Any]]:
    if array.ndim == 1:
        yield "prediction", array
    elif array.ndim == 2 and array.shape[1] == 1:
        yield "prediction", array[:, 0]
    elif array.ndim == 2:
        yield from ((f"prediction_{at}", array[:, at]) for at in range(array.shape[1]))
    else:
        raise CaptureError(f"predict answered {size_of(array)}; it must answer once per row.")


def _outputs(sample: list[Typed], baseline: list[Typed]) -> list[dict[str, Any]]:
    """The facts of the output columns. They must be alike however many rows are asked for."""
    names = [[(field.column.name, field.type) for field in answers] for answers in (sample, baseline)]
    if names[0] != names[1]:
        raise CaptureError(f"predict answers other columns when given other rows: {names[0]}, then {names[1]}.")
    return [{**many.facts(), "missing": few.gaps or many.gaps} for few, many in zip(sample, baseline, strict=True)]


def _evenly(rows: Sequence[int], most: int) -> list[int]:
    """At most `most` of `rows`, evenly spaced: the k-th of m is row floor(k n / m)."""
    chosen = min(most, len(rows))
    return [rows[k * len(rows) // chosen] for k in range(chosen)]


def _rows_with_gaps(inputs: list[Typed], count: int) -> list[int]:
    gaps = np.zeros(count, np.bool_)
    for field in inputs:
        if field.column.mask is not None:
            gaps |= field.column.mask
    return [int(row) for row in np.flatnonzero(gaps)]


# What is known about it


def _features(model: Any) -> list[str]:
    names = getattr(model, "feature_names_in_", None)
    return [] if names is None else [str(name) for name in names]


def _only_fitted(rows: Container, fitted: list[str], warnings: list[str]) -> Container:
    """The columns the model says it was fitted on, where it says so and data has more."""
    left = [name for name in rows.names if name not in fitted]
    if not fitted or not left or not set(fitted) <= set(rows.names):
        return rows
    warnings.append(f"The model was not fitted on {listed(left)} of data, so they are no inputs.")
    return rows.keep([rows.names.index(name) for name in fitted])


def _model_facts(model: Any, variable: str | None, saved: Pickled) -> dict[str, Any]:
    return {
        "class": type(model).__name__,
        "variable": variable or _name_in_notebook(model),
        "loader": saved.loader,
        "file": "model/model.pkl",
        "size_bytes": len(saved.stream),
    }


def _own_modules(container: str, loader: str) -> list[str]:
    """What the host itself needs to load the model and to give it its rows."""
    return ["numpy", loader, *(["pandas"] if container in ("dataframe", "series") else [])]


def _metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    for name, value in metrics.items():
        if not isinstance(value, numbers.Real) or not math.isfinite(value):
            raise CaptureError(f"metric {name!r} is {value!r}; it must be a finite number.")
    return {str(name): float(value) for name, value in metrics.items()}


def _params(model: Any, params: Mapping[str, Any] | None) -> dict[str, Any]:
    """The given parameters; else the plain ones that an estimator of scikit-learn's kind tells."""
    if params:
        return {str(name): _plain(value) for name, value in params.items()}
    try:
        told = model.get_params()
    except (AttributeError, TypeError, ValueError):
        return {}
    plain = {str(name): value for name, value in told.items() if isinstance(value, (str, bool, int, float))}
    return {name: _plain(value) for name, value in list(plain.items())[:MOST_PARAMS]}


def _plain(value: Any) -> Any:
    """The value as JSON knows it; anything else in the words it has for itself, cut short."""
    if value is None or isinstance(value, (bool, str)):
        return value if value is None or isinstance(value, bool) else value[:200]
    if isinstance(value, numbers.Integral):
        return int(value)
    return float(value) if isinstance(value, (float, np.floating)) and math.isfinite(value) else repr(value)[:200]


def _name_in_notebook(thing: Any) -> str | None:
    names = (name for name, value in vars(sys.modules["__main__"]).items() if value is thing is not None)
    return next((name for name in names if not name.startswith("_")), None)


# Writing


def _frames(inputs: list[Typed], asked: _Asked) -> dict[str, bytes]:
    try:
        return {
            "data": encode(REQUEST, 0, [field.column for field in inputs]),
            "sample": encode(REQUEST, 0, [field.rows(asked.sample_rows) for field in inputs]),
            "answers": encode(REPLY, 0, [field.column for field in asked.sample]),
            "baseline_answers": encode(REPLY, 0, [field.column for field in asked.baseline]),
        }
    except BadFrame as error:
        raise CaptureError(f"data cannot be captured: {error}.") from error


def _write(folder: Path, facts: dict[str, Any], model: bytes, frames: dict[str, bytes]) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise CaptureError(f"The folder {str(folder)!r} is not empty.")
    for part in ("model", "frames", "environment"):
        (folder / part).mkdir()
    (folder / "model" / "model.pkl").write_bytes(model)
    (folder / "environment" / "pip-freeze.txt").write_text(freeze(), encoding="utf-8")
    for name, frame in frames.items():
        (folder / "frames" / f"{name}.kf").write_bytes(frame)
    (folder / "capture.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
