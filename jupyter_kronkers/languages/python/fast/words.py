"""What the parts of a fast path promise each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

Parts = tuple[str, Any, Any]
"""A column: name, values, and a mask that is True where a value is missing, or None."""

Matrix = Any
"""An array of float64, one row per row asked."""

Step = Callable[[Matrix], Matrix]


class Plainly(Exception):
    """These rows are not for the fast path; the model itself shall answer."""


class Native(Protocol):
    """One input, as the model had it: see `loaded.Native`."""

    name: str
    native: str
    type: str
    levels: Any


class Loaded(Protocol):
    """What of `loaded.Loaded` is used here."""

    @property
    def inputs(self) -> Sequence[Native]: ...

    container: str
    thing: Any
    has_own_predict: bool
    path: str

    def predict(self, columns: Sequence[Parts], rows: int) -> list[Parts]: ...

    def columns_of(self, answered: Any, rows: int) -> list[Parts]: ...


class Entry(Protocol):
    """Makes the matrix of a request's columns."""

    takes_nan: bool

    def matrix(self, columns: Sequence[Parts], rows: int) -> Matrix:
        """Raises Plainly if a value is missing, infinite or unknown, where the path has not been proven for it."""

    def column_of(self, feature: int) -> int | None:
        """Which input the matrix's column `feature` is, unchanged; None if it is none."""


class Last(Protocol):
    """The estimator at the end: gives the answers as a frame carries them."""

    name: str
    single: bool
    """Whether it looks at its input in single precision or compares only, so that float32 columns may be widened."""

    def answer(self, matrix: Matrix) -> Any: ...

    def thresholds(self) -> dict[int, Any]:
        """The values at which its answers jump, by feature."""


class Candidate(Protocol):
    """A path from columns to columns."""

    name: str

    @property
    def entry(self) -> Entry: ...

    def predict(self, columns: Sequence[Parts], rows: int) -> list[Parts]:
        """As `Loaded.predict`, or Plainly."""

    def thresholds(self) -> dict[int, Any]:
        """The values at which its answers jump, by input."""
