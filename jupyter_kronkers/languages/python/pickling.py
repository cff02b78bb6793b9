"""A model as bytes that load where its notebook is not: what the notebook defines goes along by value.

Part of the capture: runs in kernels where our package may be absent.
"""

from __future__ import annotations

import dis
import pickle
import pickletools
import sys
import types
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from jupyter_kronkers.languages.python.columns import CaptureError
from jupyter_kronkers.languages.python.origin import brought_by

LARGE_BYTES = 10_000_000


class Pickled(NamedTuple):
    stream: bytes
    loader: str
    definitions: list[str]
    """Names of the functions, classes and values of the notebook that went along."""
    modules: list[str]
    """Modules that loading the stream imports."""
    warnings: list[str]


def pickled(contents: dict[str, Any], needs: dict[str, Any]) -> Pickled:
    """The bytes of `contents`. What `needs` names can be looked up by the functions in it. Raises CaptureError."""
    try:
        import cloudpickle
    except ImportError:
        return _pickled_plainly(contents)
    asked = [thing for thing in needs.values() if isinstance(thing, types.ModuleType)]
    local = [module for module in asked if _is_local(module)]
    while True:
        stream, seen = _dump(cloudpickle, contents, needs, local)
        modules = _modules(stream)
        found = [sys.modules[top] for top in dict.fromkeys(name.partition(".")[0] for name in modules)]
        more = [module for module in found if module not in local and _is_local(module)]
        if not more:
            break
        local += more
    own = [thing for thing in seen if thing.__module__ in {"__main__", *(module.__name__ for module in local)}]
    values = _values_used(own)
    named = [thing.__qualname__ for thing in own if thing.__qualname__.isidentifier()]
    plain = [name for name, value in {**values, **needs}.items() if not isinstance(value, types.ModuleType)]
    warnings = _large(cloudpickle, values, len(stream)) + [_word_on(module) for module in local]
    names = [module.__name__ for module in asked]
    return Pickled(stream, "cloudpickle", sorted({*named, *plain}), modules + names, warnings)


def _pickled_plainly(contents: dict[str, Any]) -> Pickled:
    remedy = "cloudpickle is not installed in this kernel, so nothing the notebook defines can go along: install it."
    try:
        stream = pickle.dumps(contents, protocol=4)
    except Exception as error:
        raise CaptureError(f"The model cannot be saved: {error}. {remedy}") from error
    modules = _modules(stream)
    if "__main__" in modules:
        raise CaptureError(f"The model uses what the notebook defines, and {remedy}")
    return Pickled(stream, "pickle", [], modules, [remedy])


def _dump(
    cloudpickle: Any, contents: dict[str, Any], needs: dict[str, Any], local: list[types.ModuleType]
) -> tuple[bytes, list[Any]]:
    """The bytes, and each function and class that went by."""
    stream, seen = BytesIO(), []

    class Recorder(cloudpickle.Pickler):  # type: ignore[misc, name-defined, unused-ignore]
        def reducer_override(self, thing: Any) -> Any:
            reduced = super().reducer_override(thing)
            if isinstance(thing, (type, types.FunctionType)):
                seen.append(thing)
            if isinstance(thing, types.FunctionType) and isinstance(reduced, tuple):
                # (make, arguments, (attributes, {"__globals__": what its code names …}), …)
                reduced[2][1]["__globals__"].update(needs)
            return reduced

    for module in local:
        cloudpickle.register_pickle_by_value(module)
    try:
        Recorder(stream).dump(contents)
    except Exception as error:
        raise CaptureError(f"The model cannot be saved: {type(error).__name__}: {error}") from error
    finally:
        for module in local:
            cloudpickle.unregister_pickle_by_value(module)
    return stream.getvalue(), seen


def _values_used(own: list[Any]) -> dict[str, Any]:
    """What the functions among `own` take from the notebook's names: constants, say, or a table."""
    return {
        name: function.__globals__[name]
        for function in own
        if isinstance(function, types.FunctionType)
        for name in _names(function.__code__)
        if name in function.__globals__ and not hasattr(function.__globals__[name], "__qualname__")
    }


def _names(code: types.CodeType) -> Iterator[str]:
    """The global names that the code reads; its co_names hold attributes too."""
    yield from (step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _large(cloudpickle: Any, values: dict[str, Any], size: int) -> list[str]:
    if size <= LARGE_BYTES:
        return []
    sizes = {name: len(cloudpickle.dumps(value)) for name, value in values.items()}
    dragged = [
        f"The notebook's {name} ({bytes_ / 1e6:.0f} MB) goes along, because a function of the model uses it."
        for name, bytes_ in sizes.items()
        if bytes_ > LARGE_BYTES
    ]
    return dragged + ([f"The model is large: {size / 1e6:.0f} MB."] if size > 10 * LARGE_BYTES else [])


def _word_on(module: types.ModuleType) -> str:
    return f"{module.__name__} is a module of this folder: a copy of what the model uses went along."


def needed(needs: Sequence[str] | str) -> dict[str, Any]:
    """What `needs` names, by name: things of the notebook, else modules."""
    notebook = vars(sys.modules["__main__"])
    found = {}
    for name in [needs] if isinstance(needs, str) else needs:
        if name not in notebook and (not name.isidentifier() or find_spec(name) is None):
            raise CaptureError(f"needs names {name!r}, which is neither in the notebook nor a module.")
        found[name] = notebook[name] if name in notebook else import_module(name)
    return found


def _modules(stream: bytes) -> list[str]:
    """The modules that loading `stream` imports, found without loading it."""
    found: dict[str, None] = {}
    pushed: list[str | None] = []
    memo: list[str | None] = []
    for opcode, argument, _ in pickletools.genops(stream):
        name = opcode.name
        if name == "MEMOIZE":
            memo.append(pushed[-1] if pushed else None)
            continue
        if name == "GLOBAL":
            found[str(argument).split(" ")[0]] = None
        elif name == "STACK_GLOBAL":
            found[str(pushed[-2])] = None
        elif name == "TUPLE1" and pushed and pushed[-1] in sys.modules:
            # cloudpickle refers to a module by a call: subimport("its.name").
            found[str(pushed[-1])] = None
        pushed.append(memo[int(str(argument))] if name.endswith("BINGET") else _pushed_text(name, argument))
        del pushed[:-2]
    return list(found)


def _pushed_text(opcode: str, argument: Any) -> str | None:
    return str(argument) if "UNICODE" in opcode else None


def _is_local(module: types.ModuleType) -> bool:
    """True for a module that no package brought: a file beside the notebook, say."""
    name, file = module.__name__.partition(".")[0], getattr(module, "__file__", None)
    if name == "__main__" or file is None or name in getattr(sys, "stdlib_module_names", ()):
        return False
    return not {"site-packages", "dist-packages"} & {*Path(file).parts} and not brought_by([name])
