"""In which cell of the notebook a name was bound last, in words.

Part of the probe: runs in kernels where our package may be absent. It reads the texts that IPython keeps of its cells
and runs none of them.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator, Mapping
from typing import Any

LONGEST_LOOK_S, LONGEST_CELL = 0.3, 100_000
_SCOPES: tuple[type[ast.AST], ...] = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_SCOPES += (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def places(wanted: set[str], names: Mapping[str, Any]) -> dict[str, str]:
    """For each wanted name that a cell binds "cell 3", with the module it was imported from, if it was."""
    cells, ends = names.get("In"), time.monotonic() + LONGEST_LOOK_S
    found: dict[str, str] = {}
    # IPython's list is one of a class that is plain to read.
    if not isinstance(cells, list):
        return {}
    for number in range(list.__len__(cells) - 1, 0, -1):
        left = wanted - set(found)
        if not left or time.monotonic() > ends:
            break
        text = list.__getitem__(cells, number)
        if type(text) is str and len(text) <= LONGEST_CELL and any(name in text for name in left):
            bound = _bound(text)
            found.update({name: _words(number, bound[name]) for name in left if name in bound})
    return found


def _words(number: int, module: str) -> str:
    return f"cell {number}, from the module {module}" if module else f"cell {number}"


def _bound(text: str) -> dict[str, str]:
    """The names that a cell binds at its top, each with the module it is imported from or ""."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return {}
    return {name: module for node in _top(tree) for name, module in _bindings(node)}


def _top(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes outside of functions, classes and comprehensions."""
    left = [tree]
    while left:
        node = left.pop()
        yield node
        left.extend(part for part in ast.iter_child_nodes(node) if not isinstance(part, _SCOPES))


def _bindings(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id, ""
    elif isinstance(node, ast.ImportFrom):
        yield from ((alias.asname or alias.name, node.module or "") for alias in node.names)
    elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "run_cell_magic" and len(node.args) == 3:
        # A cell with %%time or the like is kept as a call with its text inside.
        body = getattr(node.args[2], "value", None)
        yield from _bound(body).items() if isinstance(body, str) else ()
