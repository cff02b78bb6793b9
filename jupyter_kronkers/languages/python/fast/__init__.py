"""Fast paths: the same answers as the model's own predict, without what that does besides.

    Loaded ──which path fits?──▶ path ──proven equal, here and now?──yes──▶ Fast(path, else Loaded)
                                                     └──────────────no───▶ Loaded, as it was

scikit-learn checks its input anew on every call, which for one row takes a hundred times as long as the answer. A path
is the arithmetic alone, in scikit-learn's own order, so that it gives the very same bits:

    linear    scalers, then X @ coef + intercept                         `linear`
    trees     all trees of a forest as one tree, walked in one call      `trees`, `histograms`
    quiet     scikit-learn's own predict on an array, checks off         `quiet`
    plain     what the person gave us, as they gave it: any other model

What a path cannot take (a missing value, an unknown word) goes the plain way, one request at a time, and so do errors:
their words are the model's own. Runs in hosts and within artifacts, so it imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from . import chains, equality, quiet
from .words import Candidate, Loaded, Parts


class Fast:
    """A model whose answers come by a proven path, and by its own predict where that path does not lead."""

    def __init__(self, plain: Loaded, candidate: Candidate) -> None:
        self.path = candidate.name
        self._plain, self._candidate = plain, candidate

    def predict(self, columns: Sequence[Parts], rows: int) -> list[Parts]:
        """As `Loaded.predict`."""
        try:
            return self._candidate.predict(columns, rows)
        except Exception:  # noqa: BLE001 - a door: whatever it was, the model itself has the last word
            return self._plain.predict(columns, rows)


def faster(plain: Loaded, folder: Path) -> Loaded | Fast:
    """The model on the fastest path that is proven equal on its own rows and on generated ones; else as it is.

    folder: holds capture.json, and beside it, if there are any, conformance.json and baseline.json.
    """
    try:
        for candidate in candidates(plain):
            if holds(plain, candidate, folder):
                return Fast(plain, candidate)
    except Exception:  # noqa: BLE001 - a door: of a model that is unlike what we know nothing is known
        return plain
    return plain


def candidates(plain: Loaded) -> Iterator[Candidate]:
    """The paths that may fit the model, the fastest first."""
    yield from chains.candidates(plain)
    yield from quiet.candidates(plain)


def holds(plain: Loaded, candidate: Candidate, folder: Path) -> bool:
    """Whether the candidate is proven. One that fails on its way is not."""
    try:
        return equality.proven(plain, candidate, folder)
    except Exception:  # noqa: BLE001 - a door: the test runs code of whoever registered the model
        return False
