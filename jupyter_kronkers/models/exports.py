"""Exporting a version: its signed artifact, whole and verified, in another folder."""

from __future__ import annotations

from pathlib import Path

from jupyter_kronkers.errors import Conflict
from jupyter_kronkers.models import trees
from jupyter_kronkers.models.manifests import opened, verify
from jupyter_kronkers.models.signing import listed
from jupyter_kronkers.models.statements import MANIFEST, SIGNATURE


def export(artifact: Path, target: Path, public_key: bytes) -> Path:
    """Copies the artifact to `target`, which must not be there, and verifies the copy. Returns it.

    The copy is an ordinary MLflow model; with this data folder's public key anyone can verify it again.
    Raises Conflict if the target is there, Tampered if the artifact is not what was signed; then nothing is left.
    """
    try:
        target.mkdir(parents=True)
    except FileExistsError as problem:
        raise Conflict(f"{target} is there already.", remedy="Name a folder that is not.") from problem
    try:
        copy(artifact, target)
        verify(target, public_key)
    except BaseException:
        trees.remove(target)
        raise
    return target


def copy(artifact: Path, target: Path) -> None:
    with opened(artifact) as source, trees.opened(target) as folder:
        for path in [*listed(source), MANIFEST, SIGNATURE]:
            with trees.reading(source, path) as file, trees.creating(folder, path, mode=0o644) as new:
                trees.copied(file, new)
