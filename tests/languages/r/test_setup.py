"""The R package is assembled, installed once, and found by R."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from jupyter_kronkers.errors import Conflict
from jupyter_kronkers.languages import setup_r as module
from jupyter_kronkers.languages.process import Runtime
from jupyter_kronkers.languages.setup_r import command_words, setup_r, write_package

pytestmark = pytest.mark.slow


@pytest.fixture
def runtime(rscript: str) -> Runtime:
    return Runtime("r", "4", rscript)


def test_setup_installs_the_package_and_a_second_one_does_nothing(runtime: Runtime, tmp_path: Path) -> None:
    library = tmp_path / "library"
    assert setup_r(runtime, library) == [f"The R package kronkers was installed in {library}."]
    made_at = (library / "kronkers" / "content").stat().st_mtime_ns
    assert setup_r(runtime, library) == [f"The R package kronkers in {library} is up to date."]
    assert (library / "kronkers" / "content").stat().st_mtime_ns == made_at


def test_the_package_shows_two_functions_and_knows_its_command(runtime: Runtime, tmp_path: Path) -> None:
    setup_r(runtime, tmp_path)
    code = "library(kronkers); cat(ls('package:kronkers'), kronkers:::command())"
    said = subprocess.run(
        [runtime.executable, "-e", code], check=True, capture_output=True, text=True, env={"R_LIBS": str(tmp_path)}
    )
    assert said.stdout.split() == ["call_deployment", "register", *command_words()]


def test_setup_after_a_change_installs_again(runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setup_r(runtime, tmp_path)
    monkeypatch.setattr(module, "command_words", lambda: ["/elsewhere/jupyter-kronkers"])
    assert setup_r(runtime, tmp_path) == [f"The R package kronkers was installed in {tmp_path}."]
    assert (tmp_path / "kronkers" / "command").read_text() == "/elsewhere/jupyter-kronkers\n"


def test_a_setup_that_was_killed_blocks_nobody(runtime: Runtime, tmp_path: Path) -> None:
    (tmp_path / "00LOCK-kronkers").mkdir()
    setup_r(runtime, tmp_path)
    assert (tmp_path / "kronkers" / "DESCRIPTION").exists()


def test_what_r_refuses_is_told_in_its_words(runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = module.sources()
    monkeypatch.setattr(module, "sources", lambda: whole | {"R/broken.R": b"x <- <-"})
    with pytest.raises(Conflict, match=r"broken\.R"):
        setup_r(runtime, tmp_path)


def test_r_cmd_check_finds_nothing(runtime: Runtime, tmp_path: Path) -> None:
    write_package(tmp_path / "kronkers", command_words(), "0")
    # Its look at the public repositories would reach beyond this machine.
    (tmp_path / "profile.R").write_text("options(repos = character())")

    def r_cmd(*words: str) -> str:
        env = os.environ | {"R_PROFILE_USER": str(tmp_path / "profile.R")}
        command = [module.program(runtime), "CMD", *words]
        return subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env=env).stdout

    r_cmd("build", "--no-manual", "kronkers")
    (built,) = tmp_path.glob("*.tar.gz")
    said = r_cmd("check", "--no-manual", built.name)
    assert "Status: OK" in said, said


def test_the_first_library_that_can_be_written_is_taken(rscript: str, tmp_path: Path) -> None:
    paths = (str(tmp_path / "absent"), str(tmp_path))
    assert setup_r(Runtime("r", "4", rscript, paths)) == [f"The R package kronkers was installed in {tmp_path}."]


def test_without_a_writable_library_the_users_own_is_made(
    rscript: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own" / "4.2"
    monkeypatch.setenv("R_LIBS_USER", str(own))
    setup_r(Runtime("r", "4", rscript, (str(tmp_path / "absent"),)))
    assert (own / "kronkers" / "DESCRIPTION").exists()
