"""The data folder: one place for everything that is remembered, closed to other people of the machine."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from jupyter_kronkers.errors import Conflict

NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "ceph", "glusterfs"}


class Folders:
    """Names every place below `root` and makes those that are missing, with mode 0700.

    Raises Conflict if a folder is open to others or lies on a network file system, where SQLite's log is unsafe.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.database = self.root / "kronkers.db"
        self.mlflow_database = self.root / "mlflow.db"
        self.control = self.root / "control"
        self.keys = self.root / "keys"
        self.uploads = self.root / "uploads"
        self.staging = self.root / "staging"
        self.models = self.root / "models"
        self.gateway = self.root / "gateway"

    @classmethod
    def default(cls) -> Folders:
        """`KRONKERS_DATA_DIR`, else `kronkers` in Jupyter's own data folder."""
        named = os.environ.get("KRONKERS_DATA_DIR")
        if named:
            return cls(Path(named).expanduser())
        from jupyter_core.paths import jupyter_data_dir

        return cls(Path(jupyter_data_dir()) / "kronkers")

    def prepare(self) -> Folders:
        """Make what is missing and check what is there. Harmless to repeat."""
        refuse_network(self.root)
        for folder in (self.root, self.control, self.keys, self.uploads, self.staging, self.models, self.gateway):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            refuse_open(folder)
        return self


def refuse_open(folder: Path) -> None:
    """Raises Conflict if others may write to the folder, or if it is not ours."""
    found = folder.stat()
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Conflict(f"Others may write to {folder}.", remedy=f"Close it with: chmod 700 {folder}")
    if found.st_uid != os.getuid():
        raise Conflict(f"{folder} belongs to another user.", remedy="Choose another folder with KRONKERS_DATA_DIR.")


def refuse_network(folder: Path) -> None:
    """Raises Conflict if the folder lies on a network file system, where the system can tell (/proc/mounts)."""
    kind = file_system(folder)
    if kind in NETWORK_FILE_SYSTEMS:
        raise Conflict(
            f"{folder} lies on a network file system ({kind}), where SQLite may lose what it wrote.",
            remedy="Choose a folder on a local disk with KRONKERS_DATA_DIR.",
        )


def file_system(folder: Path) -> str:
    """The type of the file system that holds the folder, "" where the system does not say."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return ""
    best, kind = -1, ""
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        point, found = line.split()[1:3]
        point = point.replace("\\040", " ")
        inside = folder == Path(point) or Path(point) in folder.parents
        if inside and len(point) >= best:
            best, kind = len(point), found
    return kind
