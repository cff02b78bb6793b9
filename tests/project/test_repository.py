"""What must be true of the repository as a whole."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from scripts.__main__ import COMMANDS

ROOT = Path(__file__).parents[2]
# Split, so that this file does not hold what it looks for.
ADDRESSES = ("registry." + "npmjs", "py" + "pi.org", "files.python" + "hosted", "deb." + "debian.org", "ju" + "liahub")
MACHINE_PATHS = re.compile(r"(?<![\w.~$}-])/(?:work|root|opt)/\w")
TEXT = {".py", ".ts", ".tsx", ".json", ".toml", ".md", ".txt", ".r", ".R", ".jl", ".yml", ".yaml", ".ipynb", ""}


def tracked() -> list[Path]:
    """Text files that git knows, and those it would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in said.splitlines() if Path(name).suffix in TEXT and (ROOT / name).is_file()]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def project() -> dict[str, dict[str, object]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def requirements() -> set[str]:
    """Names of every package that pyproject.toml asks for, in the spelling of constraints.txt."""
    found = project()
    asked = [*found["dependencies"], *(line for extra in found["optional-dependencies"].values() for line in extra)]
    return {re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0].lower() for line in asked}


def test_no_file_names_a_package_registry():
    guilty = [file for file in tracked() if any(address in file.read_text(errors="ignore") for address in ADDRESSES)]
    assert guilty == []


def test_no_file_names_a_folder_of_the_machine_it_was_written_on():
    guilty = [file for file in tracked() if MACHINE_PATHS.search(file.read_text(errors="ignore"))]
    assert guilty == []


def test_the_lockfile_of_npm_holds_no_addresses():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_the_lockfile_of_npm_proves_every_package_by_its_digest():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_every_package_that_is_asked_for_is_pinned():
    assert requirements() - set(pins()) == set()


def test_every_target_of_make_has_a_command_and_every_command_a_target():
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^make (\w+)", said, re.MULTILINE)) == set(COMMANDS)


@pytest.mark.parametrize("script", [".ci/run", "binder/postBuild", "binder/start"])
def test_scripts_of_the_shell_are_executable_and_parse(script: str):
    assert (ROOT / script).stat().st_mode & 0o111
    subprocess.run(["bash", "-n", ROOT / script], check=True)


def test_ci_runs_the_same_tests_as_a_person():
    assert "exec make test" in (ROOT / ".ci/run").read_text()
