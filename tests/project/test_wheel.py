"""The wheel, built as `pip install` builds it, on a machine without Node."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LAB = "jupyter_kronkers-0.1.0.data/data/share/jupyter/labextensions/jupyter-kronkers"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a clone holds: the files of git, nothing that was ever built."""
    place = tmp_path_factory.mktemp("source")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in names:
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    return place


@pytest.fixture(scope="module")
def path_without_node(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH with a shell on it and little else."""
    place = tmp_path_factory.mktemp("bin")
    for name in ("sh", "env", "uname", "git"):
        (place / name).symlink_to(str(shutil.which(name)))
    return str(place)


@pytest.fixture(scope="module")
def wheel(source: Path, path_without_node: str, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    place = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", str(place), str(source)]
    environment = os.environ | {"PATH": path_without_node}
    environment.pop("HATCH_JUPYTER_BUILDER_SKIP_NPM", None)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [built] = place.glob("*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_has_a_built_labextension_where_jupyterlab_looks(wheel: zipfile.ZipFile):
    names = wheel.namelist()
    assert f"{LAB}/package.json" in names
    assert f"{LAB}/install.json" in names
    assert f"{LAB}/schemas/jupyter-kronkers/register.json" in names
    assert any(name.startswith(f"{LAB}/static/remoteEntry.") for name in names)


def test_the_wheel_switches_the_server_extension_on(wheel: zipfile.ZipFile):
    config = "jupyter_kronkers-0.1.0.data/data/etc/jupyter/jupyter_server_config.d/jupyter_kronkers.json"
    assert b'"jupyter_kronkers": true' in wheel.read(config)


def test_the_wheel_carries_the_sources_in_other_languages(wheel: zipfile.ZipFile):
    names = set(wheel.namelist())
    foreign = [
        path
        for kind in ("*.R", "*.jl", "*.md", "*.yaml", "*.typed")
        for path in (ROOT / "jupyter_kronkers").rglob(kind)
    ]
    assert {str(path.relative_to(ROOT)) for path in foreign} <= names


def test_the_wheel_carries_the_parts_of_a_deployments_page(wheel: zipfile.ZipFile):
    pages = "jupyter_kronkers/serving/gateway/pages"
    assert {f"{pages}/page.css", f"{pages}/page.js"} <= set(wheel.namelist())


def test_the_wheel_holds_nothing_but_the_package(wheel: zipfile.ZipFile):
    assert {name.split("/")[0] for name in wheel.namelist()} == {
        "jupyter_kronkers",
        "jupyter_kronkers-0.1.0.data",
        "jupyter_kronkers-0.1.0.dist-info",
    }


def test_the_wheel_brings_the_command(wheel: zipfile.ZipFile):
    entry_points = wheel.read("jupyter_kronkers-0.1.0.dist-info/entry_points.txt").decode()
    assert "jupyter-kronkers = jupyter_kronkers.cli:main" in entry_points


def test_python_and_javascript_have_one_version(wheel: zipfile.ZipFile):
    metadata = Parser().parsestr(wheel.read("jupyter_kronkers-0.1.0.dist-info/METADATA").decode())
    assert f'"version": "{metadata["Version"]}"' in (ROOT / "package.json").read_text()
