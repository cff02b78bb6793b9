"""Find fitted models and rows of data among the names of a running notebook.

Sent as text to the kernel and evaluated in a user expression; standard library only. It only looks: attributes are
read from the instance's own dictionary, properties and `__getattr__` of other people's objects never run.
"""

from __future__ import annotations

import inspect
import math
import sys
import types
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from jupyter_kronkers.languages.python.cells import places
from jupyter_kronkers.languages.python.dtypes import type_of_dtype, type_of_objects, type_of_series

MOST_THINGS, MOST_COLUMNS, MOST_PARTS, LONGEST_NAME = 200, 500, 2_000, 200
_METRICS = {"mse", "rmse", "mae", "mape", "r2", "auc", "roc_auc", "f1", "accuracy", "precision", "recall", "logloss"}
_TARGETS = ("y_train", "y", "target", "labels", "y_test")


def probe(names: Mapping[str, Any]) -> dict[str, Any]:
    """What can be registered: `models`, `data`, `metrics` and the `likely` choice among them."""
    own = {name: thing for name, thing in list(names.items()) if _may_be_shown(name, thing)}
    models = list(islice((_model(name, thing) for name, thing in own.items() if _is_model(thing)), MOST_THINGS))
    data = list(islice(filter(None, (_data(name, thing) for name, thing in own.items())), MOST_THINGS))
    where = places({model["name"] for model in models}, names)
    models = [model | {"defined": where.get(model["name"])} for model in models]
    return {"models": models, "data": data, "metrics": _metrics(own), "likely": _likely(models, data)}


def _may_be_shown(name: str, thing: Any) -> bool:
    if not isinstance(name, str) or name.startswith("_") or name in ("In", "Out") or len(name) > LONGEST_NAME:
        return False
    return not isinstance(thing, (types.ModuleType, type, types.FunctionType, types.BuiltinFunctionType))


# Models


def _is_model(thing: Any) -> bool:
    kind = type(thing)
    if _package(kind) == "statsmodels":
        return kind.__name__.endswith(("Results", "ResultsWrapper"))
    if not callable(inspect.getattr_static(kind, "predict", None)) and not _is_delegating(thing):
        return False
    return _package(kind) != "sklearn" or _is_fitted(thing)


def _is_delegating(thing: Any) -> bool:
    # A pipeline's predict is a descriptor that only answers when its last step can predict.
    return _package(type(thing)) == "sklearn" and inspect.getattr_static(type(thing), "predict", None) is not None


def _is_fitted(thing: Any) -> bool:
    """True if scikit-learn's mark is there: an attribute that ends with an underscore, in a pipeline's last step."""
    steps = _attributes(thing).get("steps")
    if type(steps) is list and steps and type(steps[-1]) is tuple and len(steps[-1]) == 2:
        return _is_fitted(steps[-1][1])
    return any(name.endswith("_") and not name.startswith("_") for name in _attributes(thing))


def _model(name: str, thing: Any) -> dict[str, Any]:
    kind = type(thing)
    facts = {"name": name, "class": kind.__name__, "module": str(kind.__module__)}
    return facts | {"size_bytes": _size_bytes(thing), "features": _features(thing)}


def _features(thing: Any) -> list[str] | None:
    own = _attributes(thing)
    names, steps = own.get("feature_names_in_"), own.get("steps")
    if names is None and type(steps) is list and steps and type(steps[0]) is tuple:
        return _features(steps[0][-1])
    if names is None or not _is_array(names):
        return None
    return [str(name)[:LONGEST_NAME] for name in names[:MOST_COLUMNS].tolist()]


def _size_bytes(thing: Any) -> int:
    """Roughly what the thing holds in memory: arrays and plain values, as far as they can be reached by looking."""
    size, left = 0, [thing]
    seen: set[int] = set()
    while left and len(seen) < MOST_PARTS:
        part = left.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        size += _own_size(part)
        left.extend(_parts(part))
    return int(size)


def _own_size(part: Any) -> int:
    if _is_array(part) or type(part) is str:
        return len(part) if type(part) is str else part.nbytes
    # A tree of scikit-learn keeps its nodes, of 64 bytes and a value, where looking does not reach.
    nodes = part.node_count * 72 if type(part).__module__ == "sklearn.tree._tree" and hasattr(part, "node_count") else 0
    return object.__sizeof__(part) + nodes


def _parts(thing: Any) -> Iterator[Any]:
    if type(thing) in (list, tuple, set):
        yield from islice(thing, MOST_PARTS)
    elif type(thing) is dict:
        yield from islice(thing.values(), MOST_PARTS)
    elif _is_array(thing):
        yield from thing.ravel()[:MOST_PARTS].tolist() if thing.dtype.kind == "O" else ()
    else:
        yield from _attributes(thing).values()


def _attributes(thing: Any) -> dict[str, Any]:
    """The instance's own attributes, read without running any code of its class."""
    descriptor = inspect.getattr_static(thing, "__dict__", None)
    if isinstance(descriptor, types.GetSetDescriptorType):
        found = descriptor.__get__(thing)
        return found if type(found) is dict else {}
    return {}


# Data


def _data(name: str, thing: Any) -> dict[str, Any] | None:
    shape = _shape(thing)
    if shape is None or not shape[0] or not shape[1]:
        return None
    rows, columns = shape
    shown = [str(column)[:LONGEST_NAME] for column in columns[:MOST_COLUMNS]]
    types = _types(thing, columns[:MOST_COLUMNS])
    return {"name": name, "class": type(thing).__name__, "rows": rows, "columns": shown, "types": types}


def _types(thing: Any, columns: list[Any]) -> list[str]:
    """One type per column, in MLflow's words; "" for what cannot be captured."""
    if _is_pandas(thing, "DataFrame"):
        return [type_of_series(thing.iloc[:, at]) for at in range(len(columns))]
    if _is_pandas(thing, "Series"):
        return [type_of_series(thing)]
    if _is_array(thing):
        table = thing.reshape(len(thing), -1)
        return [type_of_dtype(thing.dtype, table[:MOST_PARTS, at]) for at in range(len(columns))]
    rows = [row for row in thing[:MOST_PARTS] if type(row) is dict]
    return [type_of_objects(row.get(column) for row in rows) for column in columns]


def _shape(thing: Any) -> tuple[int, list[Any]] | None:
    """Rows and names of columns of a data frame, series, array or list of dicts; None for anything else."""
    if _is_pandas(thing, "DataFrame"):
        return len(thing), list(thing.columns)
    if _is_pandas(thing, "Series"):
        return len(thing), [getattr(thing, "name", None) or "x0"]
    if _is_array(thing) and thing.ndim in (1, 2):
        return len(thing), [f"x{at}" for at in range(min(thing.shape[1] if thing.ndim == 2 else 1, MOST_COLUMNS))]
    if type(thing) is list and thing and all(type(row) is dict for row in thing[:MOST_THINGS]):
        return len(thing), list(islice(thing[0], MOST_COLUMNS))
    return None


# Exactly these classes: what inherits from them may run code of its own when looked at.
def _is_pandas(thing: Any, name: str) -> bool:
    return "pandas" in sys.modules and type(thing) is getattr(sys.modules["pandas"], name, None)


def _is_array(thing: Any) -> bool:
    return "numpy" in sys.modules and type(thing) is sys.modules["numpy"].ndarray


def _package(kind: type) -> str:
    return str(kind.__module__).partition(".")[0]


# Metrics, and the likely choice


def _metrics(own: Mapping[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, thing in own.items():
        if _is_metric(name, thing):
            found[name] = float(thing)
        elif type(thing) is dict and name in ("metrics", "scores"):
            found.update({key: float(value) for key, value in thing.items() if type(key) is str and _is_number(value)})
    return dict(islice(found.items(), MOST_THINGS))


def _is_metric(name: str, thing: Any) -> bool:
    words = name.lower()
    return _is_number(thing) and (words in _METRICS or words.rpartition("_")[0] in _METRICS or words.endswith("_score"))


def _is_number(thing: Any) -> bool:
    plain = type(thing) in (int, float) or (type(thing).__module__ == "numpy" and isinstance(thing, float))
    return plain and math.isfinite(thing)


def _likely(models: list[dict[str, Any]], data: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The model defined last, the table that holds just its features, and what stands beside that table."""
    if not models:
        return None
    model = models[-1]
    features = model["features"] or []
    holding = [table for table in data if features and set(features) <= set(table["columns"])]
    best = min(holding, key=lambda table: len(table["columns"]), default=None)
    if best is None:
        best = next((table for name in ("X_train", "X", "train") for table in data if table["name"] == name), None)
    target = None if best is None else _target(best, features, data)
    return {"model": model["name"], "data": best and best["name"], "target": target}


def _target(table: dict[str, Any], features: list[str], data: list[dict[str, Any]]) -> str | None:
    left = [column for column in table["columns"] if column not in features]
    if features and len(left) == 1:
        return str(left[0])
    beside = {other["name"] for other in data if other["rows"] == table["rows"] and len(other["columns"]) == 1}
    return next((name for name in _TARGETS if name in beside), None)
