"""The tower stands: imports go downward only, and a room that breaks the rule is found."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SEEDED = {
    "tower": [
        ("store/events.py", "import jupyter_kronkers.models"),
        ("access/tokens.py", "from jupyter_kronkers.languages import frames"),
        ("models/__init__.py", "import jupyter_kronkers.serving"),
        ("serving/__init__.py", "import jupyter_kronkers.api"),
        ("api/__init__.py", "import jupyter_kronkers.cli"),
        ("errors.py", "import jupyter_kronkers.store"),
    ],
    "gateway": [("serving/gateway/__init__.py", "import sqlalchemy"), ("languages/frames.py", "import pandas")],
    "mlflow": [("api/__init__.py", "import mlflow")],
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as l; l()", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package and its contracts, where a test may break them."""
    shutil.copytree(ROOT / "jupyter_kronkers", tmp_path / "jupyter_kronkers", ignore=shutil.ignore_patterns("_labext*"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_is_kept():
    found = lint(ROOT)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("contract", "file", "line"), [(contract, *seed) for contract, seeds in SEEDED.items() for seed in seeds]
)
def test_a_seeded_violation_is_caught(copy, contract, file, line):
    path = copy / "jupyter_kronkers" / file
    path.write_text(path.read_text() + f"\n{line}\n")
    found = lint(copy)
    name = re.search(rf'id = "{contract}"\nname = "([^"]+)"', (ROOT / "pyproject.toml").read_text())[1]
    assert f"{name} BROKEN" in found.stdout


def test_a_room_that_is_not_in_the_tower_is_caught(copy):
    (copy / "jupyter_kronkers" / "helpers").mkdir()
    (copy / "jupyter_kronkers" / "helpers" / "__init__.py").touch()
    found = lint(copy)
    assert "BROKEN" in found.stdout
    assert "helpers" in found.stdout
