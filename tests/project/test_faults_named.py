"""Every fault that the gateway must survive is named by a test: `faults: 41, 42` in its docstring, or its module's."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
NAMED = re.compile(r"^\s*faults:(.*)$", re.MULTILINE)
GATEWAY = {*range(41, 71), 159, 160, *range(164, 168), 180, 181, 182, 185, 186, 187, 189}


def docstrings() -> Iterator[str]:
    """Of every test, and of every file or class that holds some."""
    for file in sorted(TESTS.rglob("test_*.py")):
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            named = isinstance(node, ast.Module | ast.ClassDef)
            if named or (isinstance(node, ast.FunctionDef) and node.name.startswith("test_")):
                yield ast.get_docstring(node) or ""


def faults() -> set[int]:
    lines = [line for words in docstrings() for line in NAMED.findall(words)]
    return {int(number) for line in lines for number in re.findall(r"(?<!rule )\b\d+\b", line)}


def test_every_fault_of_the_gateway_is_named_by_a_test():
    assert sorted(GATEWAY - faults()) == []
