"""The data folder is closed to others and on a disk where SQLite is safe."""

from __future__ import annotations

import pytest

from jupyter_kronkers.errors import Conflict
from jupyter_kronkers.store import Folders
from jupyter_kronkers.store import folders as module


def test_every_folder_is_closed_to_others(folders):
    for folder in (folders.root, folders.keys, folders.uploads, folders.models, folders.gateway):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_may_write_to_is_refused_with_the_remedy(folders):
    """faults: 40"""
    folders.models.chmod(0o777)
    with pytest.raises(Conflict, match="chmod 700"):
        folders.prepare()


def test_a_network_file_system_is_refused(tmp_path, monkeypatch):
    """faults: 172"""
    monkeypatch.setattr(module, "file_system", lambda folder: "nfs4")
    with pytest.raises(Conflict, match=r"network file system \(nfs4\)"):
        Folders(tmp_path / "data").prepare()


def test_the_environment_names_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KRONKERS_DATA_DIR", str(tmp_path))
    assert Folders.default().root == tmp_path
