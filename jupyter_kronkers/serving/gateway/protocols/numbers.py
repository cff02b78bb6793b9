"""Columns of binary bodies: what JSON cannot spell, binary numbers can, so NaN and the infinities are looked for here.

NaN is how binary tables spell a missing value; it passes where the signature knows missing values. An infinity never
does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from jupyter_kronkers.errors import Fault, Invalid
from jupyter_kronkers.languages import Signature
from jupyter_kronkers.languages.frames import Column

Cells = Sequence[bool | int | float | str | None]


def fitted(signature: Signature, table: Mapping[str, Column | Cells]) -> list[Column]:
    """The signature's inputs out of a table that may hold NaN. Raises Invalid with every fault."""
    faults: list[Fault] = []
    ready = {field.name: finite(table[field.name], faults) for field in signature.inputs if field.name in table}
    try:
        columns = signature.fit(ready)
    except Invalid as problem:
        raise Invalid(*faults, *problem.faults, code=None if faults else problem.code) from None
    if faults:
        raise Invalid(*faults, code="not_a_number")
    return columns


def finite(given: Column | Cells, faults: list[Fault]) -> Column | Cells:
    """The column with its NaN as gaps; an infinity is a fault."""
    if not isinstance(given, Column) or given.values.dtype.kind != "f" or np.isfinite(given.values).all():
        return given
    gone = np.isnan(given.values) if given.mask is None else given.mask | np.isnan(given.values)
    wrong = np.flatnonzero(np.isinf(given.values) & ~gone)
    if len(wrong):
        where = f"columns.{given.name}[{int(wrong[0])}]"
        faults.append(Fault(where, "is infinite" + (f" in {len(wrong)} rows" if len(wrong) > 1 else "")))
    return Column(given.name, np.where(gone, 0, given.values), gone)
