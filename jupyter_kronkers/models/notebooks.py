"""Notebooks: the copy that a version keeps of the one it came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from jupyter_kronkers.errors import Conflict, NotFound
from jupyter_kronkers.models.versions import Version

FILE = "notebook.ipynb"
LARGEST = 64 << 20


@dataclass(frozen=True)
class Notebook:
    """name: of the file it was, without folders. digest: the SHA-256 of its bytes."""

    name: str
    content: dict[str, Any]
    digest: str


def notebook(version: Version, folder: Path) -> Notebook:
    """The copy in this artifact. Raises NotFound if none was taken, Conflict if it is no notebook."""
    path = folder / FILE
    if not path.is_file():
        remedy = f"{version.name} was registered from a console, a script or an unsaved notebook."
        raise NotFound("notebook", version.name, remedy=remedy)
    if path.stat().st_size > LARGEST:
        raise Conflict(
            f"The notebook of {version.name} is larger than {LARGEST >> 20} MB.", remedy="Export the version."
        )
    stored = path.read_bytes()
    return Notebook(name_of(version.notebook), content_of(version, stored), hashlib.sha256(stored).hexdigest())


def content_of(version: Version, stored: bytes) -> dict[str, Any]:
    """What a person stored as a notebook need not be one."""
    try:
        found: dict[str, Any] = msgspec.json.decode(stored, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise Conflict(f"What was kept as the notebook of {version.name} is none.") from problem
    if not isinstance(found.get("cells"), list):
        raise Conflict(f"What was kept as the notebook of {version.name} has no cells.")
    return found


def name_of(path: str | None) -> str:
    """The file's own name, as any system writes paths; the path was written by another program."""
    last = (path or "").replace("\\", "/").rpartition("/")[2]
    plain = "".join(letter for letter in last if letter.isprintable())[-200:].lstrip(".")
    return plain or FILE
