"""What a kernel says when it is asked from outside, in names instead of objects.

Part of the capture and of the probe: runs in kernels where our package may be absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class NotInNotebook(LookupError):
    """A name that the notebook does not define."""


class Answer:
    """Shows itself as JSON to a kernel that evaluates it as a user expression."""

    def __init__(self, json: Any) -> None:
        self._json = json

    def __repr__(self) -> str:
        return "kronkers"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"application/json": self._json}


def by_name(capture: Callable[..., Any], names: Mapping[str, Any], folder: str, asked: Mapping[str, Any]) -> Answer:
    """Capture what `asked` names. Its `target` is a column of the data if there is one, else a name too."""
    facts = {key: asked[key] for key in ("metrics", "params", "needs", "notebook")}
    model, things = _named(names, asked)
    capture(model, folder, **things, variable=asked["model"], **facts)
    return Answer({"captured": True})


def preview_by_name(preview: Callable[..., Any], names: Mapping[str, Any], asked: Mapping[str, Any]) -> Answer:
    """The signature that a capture of what `asked` names would have."""
    model, things = _named(names, asked)
    return Answer(preview(model, **things))


def _named(names: Mapping[str, Any], asked: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The model, and what is given beside it."""

    def named(field: str) -> Any:
        name = asked[field]
        if name is not None and name not in names:
            raise NotInNotebook(f"The notebook has no {name!r}; it is named as {field}.")
        return None if name is None else names[name]

    data, target = named("data"), asked["target"]
    if target is not None and target not in _columns(data):
        target = named("target") if target in names else target
    return named("model"), {"data": data, "target": target, "predict": named("predict")}


def _columns(data: Any) -> list[str]:
    if isinstance(data, list):
        return [str(name) for row in data if isinstance(row, dict) for name in row]
    return [str(name) for name in getattr(data, "columns", ())]
