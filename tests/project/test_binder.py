"""The demo on a Binder, as far as it can be seen without Docker."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def dockerfile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What repo2docker makes of the repository."""
    place = tmp_path_factory.mktemp("binder")
    shutil.copytree(ROOT / "binder", place / "binder")
    words = ["--no-build", "--debug", "--user-id", "1000", "--user-name", "jovyan", "."]
    command = [sys.executable, "-m", "repo2docker", *words]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def test_binder_brings_the_three_languages(dockerfile: str):
    brought = (ROOT / "binder/environment.yml").read_text()
    assert set(re.findall(r"^  - ([a-z-]+)", brought, re.MULTILINE)) >= {"python", "r-irkernel", "julia"}
    assert "binder/environment.yml" in dockerfile


def test_binder_runs_the_demo_while_the_image_is_built(dockerfile: str):
    assert "RUN ./binder/postBuild" in dockerfile
    assert "make demo LAB=no" in (ROOT / "binder/postBuild").read_text()


def test_binder_starts_on_the_data_of_the_demo(dockerfile: str):
    assert "R2D_ENTRYPOINT" in dockerfile
    command = ["bash", str(ROOT / "binder/start"), "printenv", "KRONKERS_DATA_DIR"]
    said = subprocess.run(
        command, env={"REPO_DIR": "here", "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "here/.kronkers"
