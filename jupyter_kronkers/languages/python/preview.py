"""The signature that a capture would have, read off the data: the model is not asked.

Sent behind the capture, to kernels where our package may be absent.
"""

from __future__ import annotations

from typing import Any

from jupyter_kronkers.languages.python.capture import _features, _name_in_notebook, _only_fitted
from jupyter_kronkers.languages.python.columns import Typed, is_pandas, typed
from jupyter_kronkers.languages.python.containers import Container, container_of, split

MOST_ROWS = 100_000


def preview(model: Any, *, data: Any = None, target: Any = None, predict: Any = None) -> dict[str, Any]:
    """`inputs`, `outputs` and `notes` about them. The outputs are as the target; without one there are none.

    Raises CaptureError for what a capture would refuse of the data.
    """
    fitted = _features(model)
    notes: list[str] = []
    table = container_of(_head(data, notes), fitted)
    values = target if isinstance(target, str) else _head(target, [])
    rows, names = split(table, values, _name_in_notebook(target))
    rows = rows if predict is not None else _only_fitted(rows, fitted, notes)
    inputs = [typed(name, rows.column(at), f"column {name!r}") for at, name in enumerate(rows.names)]
    outputs = _outputs(model, table, values, names)
    said = f"has the type of the target, {', '.join(names)}" if outputs else "is not known yet"
    notes.append(f"The answer {said}; the model itself is asked when you register.")
    return {"inputs": [f.facts() for f in inputs], "outputs": [f.facts() for f in outputs], "notes": notes}


def _head(values: Any, notes: list[str]) -> Any:
    """At most the first 100,000 rows, so that a glance stays one."""
    if not hasattr(values, "__len__") or len(values) <= MOST_ROWS:
        return values
    notes.append(f"Types are read off the first {MOST_ROWS:,} of {len(values):,} rows.")
    return values.iloc[:MOST_ROWS] if hasattr(values, "iloc") else values[:MOST_ROWS]


def _outputs(model: Any, table: Container, target: Any, names: list[str]) -> list[Typed]:
    if target is None or is_pandas(target, "DataFrame") or len(names) != 1:
        return []
    is_named = isinstance(target, str) or (isinstance(target, (list, tuple)) and list(target) == names)
    values = table.column(table.names.index(names[0])) if is_named else target
    found = typed("prediction", values, f"target {names[0]!r}")
    # A regression answers with fractions also where it was fitted to whole numbers.
    is_number = found.type in ("integer", "long", "float", "double")
    return [found._replace(type="double", gaps=False) if is_number and not hasattr(model, "classes_") else found]
