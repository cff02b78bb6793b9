"""Which packages a model needs, told from what installers leave behind."""

from __future__ import annotations

import json
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from jupyter_kronkers.languages.python import origin

DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    return tmp_path


def install(site: Path, name: str, version: str, files: list[str], direct_url: Any = None) -> None:
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n\nName: not this\n")
    (folder / "RECORD").write_text("".join(f"{file},sha256=x,1\n" for file in files))
    if direct_url is not None:
        (folder / "direct_url.json").write_text(json.dumps(direct_url))


def test_versions_are_pinned_with_the_hash_where_it_is_known(site: Path) -> None:
    """faults: 36"""
    hashed = {"url": "https://someone:secret@host/beta.whl", "archive_info": {"hashes": {"sha256": DIGEST}}}
    install(site, "Beta", "2.0", ["beta.py"], hashed)
    install(site, "alpha-tools", "1.0", ["alpha/__init__.py"])
    install(site, "gamma", "3.0", ["gamma.py"], {"url": "git+ssh://host/gamma", "vcs_info": {"vcs": "git"}})
    assert origin.freeze() == f"alpha-tools==1.0\nBeta==2.0 --hash=sha256:{DIGEST}\ngamma==3.0\n"


def test_the_older_form_of_a_hash_is_known(site: Path) -> None:
    install(site, "beta", "2.0", [], {"url": "file:///x", "archive_info": {"hash": f"sha256={DIGEST}"}})
    assert origin.freeze() == f"beta==2.0 --hash=sha256:{DIGEST}\n"


def test_a_module_is_told_to_the_package_that_brought_it(site: Path) -> None:
    install(site, "scikit-thing", "1.0", ["skthing/__init__.py", "skthing/tree.py"])
    install(site, "single", "2.0", ["single.cpython-311.so"])
    install(site, "unused", "3.0", ["unused/__init__.py"])
    warnings: list[str] = []
    found = origin.packages(["skthing.tree", "single", "json", "nowhere"], warnings)
    assert [(package["name"], package["version"]) for package in found] == [("scikit-thing", "1.0"), ("single", "2.0")]
    assert warnings == []


def test_a_package_from_a_folder_of_this_machine_is_warned_of(site: Path) -> None:
    folder = {"url": "file:///home/anna/ours", "dir_info": {"editable": True}}
    install(site, "ours", "1.0", ["ours/__init__.py"], folder)
    warnings: list[str] = []
    origin.packages(["ours"], warnings)
    assert warnings == ["ours was installed from a folder of this machine; hosts elsewhere will not find it."]


def test_the_packages_of_this_environment_are_those_the_library_finds() -> None:
    brought = metadata.packages_distributions()
    found = origin.brought_by(["sklearn", "yaml", "numpy", "dateutil"])
    assert {top: found[top].name for top in found} == {top: brought[top][0] for top in found}
    assert len(found) == 4


def test_the_runtime_is_this_interpreter() -> None:
    told = origin.runtime()
    assert (told["version"], told["executable"]) == (platform.python_version(), sys.executable)
    assert not any(path.endswith("lib-dynload") for path in told["library_paths"])
