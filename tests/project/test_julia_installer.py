"""Julia for a Debian 12, which has none."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from scripts import install_julia
from scripts.install_julia import NotHere
from scripts.machine import debian_codename, is_root

SOURCES = """Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
# a comment
URIs: http://mirror.example/debian/ http://second.example/debian
Suites: bookworm bookworm-updates
Components: main
"""


@pytest.fixture(autouse=True)
def on_debian_12(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install_julia, "debian_codename", lambda: "bookworm")


def test_the_mirror_is_the_one_of_the_machine(tmp_path: Path):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d/debian.sources").write_text(SOURCES)
    assert install_julia.mirror(tmp_path) == "http://mirror.example/debian/"


def test_the_old_way_to_write_a_mirror_is_read_too(tmp_path: Path):
    line = "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib\n"
    (tmp_path / "sources.list").write_text("# deb http://wrong.example bookworm main\n" + line)
    assert install_julia.mirror(tmp_path) == "http://mirror.example/debian"


def test_a_machine_without_a_mirror_is_told_so(tmp_path: Path):
    with pytest.raises(NotHere, match="name no mirror for bookworm"):
        install_julia.mirror(tmp_path)


def test_other_systems_are_refused_in_words(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(install_julia, "debian_codename", lambda: "")
    with pytest.raises(NotHere, match="only bring one to Debian 12"):
        install_julia.refuse_elsewhere()


@pytest.mark.slow
@pytest.mark.skipif(debian_codename() != "bookworm" or not is_root(), reason="for root on Debian 12")
def test_the_installed_julia_catches_errors_and_does_not_disturb_other_programs(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(install_julia, "link", lambda program: None)
    program = install_julia.install(tmp_path / "log", tmp_path / "julia")
    code = 'try error("x") catch; print(success(`git --version`) && success(`$(Base.julia_cmd()) -e "1"`)) end'
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    said = subprocess.run([program, "-e", code], env=environment, capture_output=True, text=True, check=True).stdout
    shutil.rmtree(tmp_path / "julia")
    assert said == "true"
