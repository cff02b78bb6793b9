"""`make clean`: removes what the other commands made inside this folder, and nothing outside of it."""

from __future__ import annotations

import shutil

from scripts.machine import ROOT, say

MADE = (
    *(".venv", ".tools", ".kronkers", "node_modules", "dist", "build", "jupyter_kronkers/_labextension"),
    *("tests/ui/screenshots", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache"),
)


def main(words: list[str]) -> int:
    for name in MADE:
        if (ROOT / name).exists():
            shutil.rmtree(ROOT / name)
            say(f"removed {name}")
    return 0
