"""The guard: nothing but a host ever deserialises a model.

    gateway, `serve`          lock_process()      for ever, in all threads
    a Jupyter Server          with guarded():     while one of our operations runs, in its thread and its tasks only,
                                                  because other people's extensions live there too

An audit hook of Python's: it hears what C code does as well, and cannot be taken off again. A model file that found its
way into one of our processes is thereby an error with a name, and not code that runs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["MODEL_LIBRARIES", "ImportRefused", "UnpicklingRefused", "guarded", "lock_process"]

MODEL_LIBRARIES = frozenset(
    [
        "catboost",
        "dill",
        "fastai",
        "joblib",
        "keras",
        "lightgbm",
        "onnxruntime",
        "prophet",
        "skops",
        "sklearn",
        "spacy",
        "statsmodels",
        "tensorflow",
        "torch",
        "transformers",
        "xgboost",
    ]
)
"""Top-level packages that only a host has a use for."""

_within: ContextVar[bool] = ContextVar("kronkers_guarded", default=False)


class UnpicklingRefused(RuntimeError):
    """Something asked a pickle for a class or function in a process, or at a time, in which nothing may."""

    def __init__(self, module: object, name: object) -> None:
        super().__init__(f"A pickle asked for {module}.{name} where none may be loaded. Only hosts load models.")


class ImportRefused(ImportError):
    """A model library was imported where none may be. An ImportError, so that optional imports stay optional."""

    def __init__(self, module: str) -> None:
        super().__init__(f"{module} may not be imported here. Only hosts load models.", name=module)


class _Hook:
    """One per process, put in place when it is first needed."""

    def __init__(self) -> None:
        self.locked = False
        self._in_place = False

    def put_in_place(self) -> None:
        if not self._in_place:
            self._in_place = True
            sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        # Called for every audited event of the process, so the common case comes first and does nothing.
        if event not in ("pickle.find_class", "import") or not (self.locked or _within.get()):
            return
        if event == "pickle.find_class":
            raise UnpicklingRefused(*arguments[:2])
        module = str(arguments[0])
        if module.partition(".")[0] in MODEL_LIBRARIES:
            raise ImportRefused(module)


_hook = _Hook()


def lock_process() -> None:
    """From now on nothing is unpickled in this process and no model library imported. Cannot be undone."""
    _hook.put_in_place()
    _hook.locked = True


@contextmanager
def guarded() -> Iterator[None]:
    """The same within this block, for this thread and the tasks and `asyncio.to_thread` calls it starts."""
    _hook.put_in_place()
    before = _within.set(True)
    try:
        yield
    finally:
        _within.reset(before)
