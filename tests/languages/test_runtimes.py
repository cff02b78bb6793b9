"""Which languages this machine has, and which interpreter is believed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_kronkers.errors import Invalid, MissingLanguage
from jupyter_kronkers.languages import Limits, find, runtime_of, survey
from jupyter_kronkers.languages.commands import environment
from jupyter_kronkers.languages.interpreters import locate


def capture(language: str, **runtime: object) -> bytes:
    return json.dumps({"format": 1, "language": language, "runtime": runtime}).encode()


@pytest.fixture
def bare(monkeypatch, tmp_path) -> Path:
    """A machine on whose PATH nothing is."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_python_is_this_interpreter():
    assert find("python").executable == sys.executable


def test_r_knows_its_version_and_its_library_folders():
    found = find("r")
    said = subprocess.run(["Rscript", "-e", "cat(.libPaths())"], capture_output=True, text=True, check=True).stdout
    assert found.version.count(".") == 2
    assert " ".join(found.library_paths) == said.strip()


def test_julia_knows_its_version_and_its_depots():
    found = find("julia")
    said = subprocess.run(["julia", "-e", "print(VERSION)"], capture_output=True, text=True, check=True).stdout
    assert found.version == said
    assert found.library_paths


@pytest.mark.parametrize(("language", "words"), [("r", "r-base-core"), ("julia", "languages setup julia")])
def test_a_missing_language_is_named_with_the_command_that_brings_it(bare, language, words):
    """faults: 188"""
    with pytest.raises(MissingLanguage, match="is not installed") as caught:
        find(language)
    assert words in caught.value.remedy


def test_an_interpreter_that_does_not_work_is_a_missing_language(bare):
    """faults: 188"""
    (bare / "julia").write_text("#!/bin/sh\nexit 3\n")
    (bare / "julia").chmod(0o755)
    with pytest.raises(MissingLanguage, match="A working Julia"):
        find("julia")


def test_the_survey_names_all_three_and_what_each_lacks(bare):
    found = {language.language: language for language in survey()}
    assert list(found) == ["python", "r", "julia"]
    assert found["python"].executable == sys.executable
    assert found["r"].missing == "R is not installed on this machine."
    assert "apt-get install" in found["r"].remedy


def test_the_survey_finds_kernels():
    r = next(language for language in survey() if language.language == "r")
    assert r.kernels == ("ir",)
    assert r.missing == ""


def test_an_interpreter_of_the_capture_that_is_this_machines_is_used_with_its_libraries(tmp_path):
    told = capture("python", version="3.11.7", executable=sys.executable, library_paths=[str(tmp_path), "/no/such"])
    runtime = runtime_of(told)
    assert runtime.executable == sys.executable
    assert runtime.library_paths == (str(tmp_path),)


def test_an_interpreter_that_only_an_upload_names_starts_nothing(tmp_path):
    """faults: 31"""
    evil = tmp_path / "python"
    evil.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    evil.chmod(0o755)
    runtime = runtime_of(capture("python", executable=str(evil), library_paths=[str(tmp_path)]))
    assert runtime == find("python")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("program", ["evil/Rscript", "evil/R"])
def test_an_r_that_only_an_upload_names_starts_nothing(tmp_path, program):
    """faults: 31"""
    evil = tmp_path / program
    evil.parent.mkdir()
    for name in ("R", "Rscript"):
        (evil.parent / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (evil.parent / name).chmod(0o755)
    assert runtime_of(capture("r", executable=str(evil))) == find("r")
    assert not (tmp_path / "ran").exists()


def test_the_kernels_own_r_is_served_by_the_rscript_beside_it():
    home = subprocess.run(["R", "RHOME"], capture_output=True, text=True, check=True).stdout.strip()
    runtime = runtime_of(capture("r", executable=f"{home}/bin/R"))
    assert Path(runtime.executable).name == "Rscript"
    assert runtime.library_paths == find("r").library_paths


def test_an_interpreter_that_is_gone_is_replaced_by_this_machines(tmp_path):
    assert runtime_of(capture("julia", executable=str(tmp_path / "julia"))).executable == locate("julia")


def test_relative_library_paths_are_not_believed():
    """faults: 31"""
    runtime = runtime_of(capture("python", executable=sys.executable, library_paths=[".", "tests", os.curdir]))
    assert runtime.library_paths == ()


@pytest.mark.parametrize("text", [b"", b"[]", b'{"language": 1}', b'{"language": "python", "runtime": []}'])
def test_what_is_no_capture_is_refused(text):
    with pytest.raises(Invalid, match=r"capture\.json"):
        runtime_of(text)


def test_an_unknown_language_is_missing():
    with pytest.raises(MissingLanguage, match="cobol"):
        runtime_of(capture("cobol"))


def julia_environment(*library_paths: str) -> dict[str, str]:
    runtime = runtime_of(capture("julia", executable=locate("julia"), library_paths=library_paths))
    told = environment(runtime, Limits(), Path())
    return {name: value for name, value in told.items() if name in ("JULIA_PROJECT", "JULIA_LOAD_PATH")} | {
        "depots": told["JULIA_DEPOT_PATH"]
    }


def test_julia_is_told_its_project_and_depots(tmp_path):
    (tmp_path / "depot").mkdir()
    told = julia_environment(f"project:{tmp_path}", str(tmp_path / "depot"))
    assert told == {"JULIA_PROJECT": str(tmp_path), "depots": str(tmp_path / "depot")}


def test_a_load_path_of_julia_is_none_of_its_depots(tmp_path):
    project = tmp_path / "Project.toml"
    project.touch()
    told = julia_environment(str(project))
    assert told["JULIA_LOAD_PATH"] == str(project)
    assert str(project) not in told["depots"]
    assert told["depots"]
