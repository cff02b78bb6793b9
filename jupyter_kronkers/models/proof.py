"""Proof at registration: a fresh host must give the live answers again.

conformance.json ──▶ rows all at once         ──▶ the live answers, to 1e-9?  no ─▶ rejected, with reason and remedy
                 ├─▶ alone, in other batches  ──▶ the same answers?           no ─▶ ready, but not batch_safe
                 └─▶ all at once again        ──▶ the same answers?           no ─▶ rejected: they change by themselves
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_kronkers.errors import HostDied, ModelFailed, TimedOut
from jupyter_kronkers.languages import Column, Host, Limits, runtime_of
from jupyter_kronkers.languages.answers import Difference, difference
from jupyter_kronkers.languages.batches import batches
from jupyter_kronkers.languages.conformance import Conformance, columns_of
from jupyter_kronkers.models import trees
from jupyter_kronkers.models.artifacts import sample_in
from jupyter_kronkers.models.versions import READY, REJECTED, Proof

AMONG = 3
"""Rows that are asked among copies of another one: each costs as much as 64 rows."""

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
    if not sample.rows:
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
    otherwise = first_difference(inputs, live, predict)
    again = difference(live, predict(inputs))
    if again.words:
        return changing(again)
    proof = Proof(sample.rows, found.size, round(time.monotonic() - started, 3), batch_safe=not otherwise)
    return Verdict(READY, warnings=(otherwise,) if otherwise else (), proof=proof)


def different(found: Difference) -> Verdict:
    reason = f"A fresh host gives other answers than the live model: {found.words}."
    remedy = (
        "Register it again from the kernel that holds it, with all that its predict uses in needs; "
        "if its answers are random, fix the seed inside predict."
    )
    return Verdict(REJECTED, reason, remedy)


def changing(found: Difference) -> Verdict:
    reason = f"The same rows are answered otherwise when they are asked again: {found.words}."
    return Verdict(REJECTED, reason, "Let predict keep nothing from one call to the next, and fix its seed.")


def first_difference(inputs: Sequence[Column], live: Sequence[Column], predict: Predict) -> str:
    """What is different when the rows are asked alone or in other batches, "" if nothing is."""
    count = len(live[0].values) if live else 0
    for batch in batches(count, alone=count, among=AMONG):
        try:
            found = difference(batch.of(live), predict(batch.of(inputs)))
        except HostDied:
            raise
        except ModelFailed as failure:
            return f"{batch.words} is refused, though in the sample it is answered: {failure.message}"
        if found.words:
            return f"{batch.words} is answered otherwise than in the sample: {found.words}."
    return ""
