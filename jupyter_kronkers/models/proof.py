"""Proof at registration: a fresh host must give the live answers again.

conformance.json ──▶ rows all at once ──▶ the live answers, to 1e-9?   no ─▶ rejected, with reason and remedy
                 └─▶ each row alone   ──▶ the same answers?            no ─▶ ready, but not batch_safe
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jupyter_kronkers.errors import HostDied, Invalid, ModelFailed, TimedOut
from jupyter_kronkers.languages import Column, Host, Limits, runtime_of
from jupyter_kronkers.models import trees
from jupyter_kronkers.models.answers import Difference, difference
from jupyter_kronkers.models.artifacts import sample_in
from jupyter_kronkers.models.conformance import Conformance, Recorded, Value
from jupyter_kronkers.models.versions import READY, REJECTED, Proof

DTYPES: dict[str, Any] = {
    "boolean": np.bool_,
    "integer": np.int64,
    "long": np.int64,
    "float": np.float64,
    "double": np.float64,
}
EMPTY: dict[Any, Value] = {np.bool_: False, np.int64: 0, np.float64: 0.0, object: ""}

Predict = Callable[[Sequence[Column]], list[Column]]


@dataclass(frozen=True)
class Verdict:
    """Whether the version may be used: its state, and why not and what to do if it is rejected."""

    state: str
    reason: str = ""
    remedy: str = ""
    warnings: tuple[str, ...] = ()
    proof: Proof | None = None


def prove(artifact: Path, limits: Limits | None = None, log: Path | None = None) -> Verdict:
    """Starts a host on the artifact's `data` and replays its sample rows.

    Raises MissingLanguage if nothing here can run it; then nothing is known about the version.
    """
    started = time.monotonic()
    with trees.opened(artifact) as root:
        sample = sample_in(root)
    runtime = runtime_of((artifact / "data" / "capture.json").read_bytes())
    if not rows_of(sample):
        return Verdict(REJECTED, "It came without sample rows, so nothing can be proven.", "Register it with data.")
    try:
        with Host.start(artifact / "data", runtime, limits or Limits(), log) as host:
            return replay(sample, host.predict, started)
    except ModelFailed as failure:
        return Verdict(REJECTED, f"A fresh host could not answer. {failure.message}", failure.remedy)
    except TimedOut as late:
        return Verdict(
            REJECTED, f"A fresh host could not answer. {late.message}", "Make the model load or answer faster."
        )


def replay(sample: Conformance, predict: Predict, started: float) -> Verdict:
    """Compares what `predict` answers with the live answers of the sample."""
    inputs, live = columns_of(sample.inputs), columns_of(sample.outputs)
    found = difference(live, predict(inputs))
    if found.words:
        return different(found)
    alone = first_difference_alone(inputs, live, predict)
    proof = Proof(rows_of(sample), found.size, round(time.monotonic() - started, 3), batch_safe=not alone)
    return Verdict(READY, warnings=(alone,) if alone else (), proof=proof)


def different(found: Difference) -> Verdict:
    reason = f"A fresh host gives other answers than the live model: {found.words}."
    remedy = (
        "Register it again from the kernel that holds it, with all that its predict uses in needs; "
        "if its answers are random, fix the seed inside predict."
    )
    return Verdict(REJECTED, reason, remedy)


def first_difference_alone(inputs: Sequence[Column], live: Sequence[Column], predict: Predict) -> str:
    """What is different when each row is asked alone, "" if nothing is."""
    for row in range(len(live[0].values) if live else 0):
        try:
            found = difference(one_row(live, row), predict(one_row(inputs, row)))
        except HostDied:
            raise
        except ModelFailed as failure:
            return f"Row {row} alone is refused, though among others it is answered: {failure.message}"
        if found.words:
            return f"Row {row} alone is answered otherwise than among others: {found.words}."
    return ""


def one_row(columns: Sequence[Column], row: int) -> list[Column]:
    here = slice(row, row + 1)
    return [Column(c.name, c.values[here], None if c.mask is None else c.mask[here]) for c in columns]


def rows_of(sample: Conformance) -> int:
    return len(sample.outputs[0].values) if sample.outputs else 0


def columns_of(recorded: Sequence[Recorded]) -> list[Column]:
    return [column_of(each) for each in recorded]


def column_of(recorded: Recorded) -> Column:
    """The column as a frame carries it: null is missing; NaN and the infinities are spelled out in conformance.json."""
    kind = DTYPES.get(recorded.type, object)
    missing = np.array([value is None for value in recorded.values], np.bool_)
    filled = [EMPTY[kind] if value is None else value for value in recorded.values]
    try:
        values = np.array([float(value or 0) for value in filled] if kind is np.float64 else filled, kind)
    except (ValueError, TypeError, OverflowError) as problem:
        raise Invalid(
            message=f"conformance.json: {recorded.name} holds what is no {recorded.type}.", code="bad_capture"
        ) from problem
    return Column(recorded.name, values, missing if missing.any() else None)
