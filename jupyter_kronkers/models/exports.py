"""Exporting a version: its signed artifact, and beside it what scores without us, signed together as one folder.

the artifact, copied and verified ─┐
run, kronkers_run/                 ├──▶ export.json, export.sig ──▶ verified once more, as whoever gets it will
Dockerfile, README.md, …           ┘
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from jupyter_kronkers.errors import Conflict, Tampered
from jupyter_kronkers.models import exported, trees
from jupyter_kronkers.models.dockerfiles import Captured, beside
from jupyter_kronkers.models.manifests import opened, verify
from jupyter_kronkers.models.runner import runner_files
from jupyter_kronkers.models.signing import Signer, listed
from jupyter_kronkers.models.statements import MANIFEST, SIGNATURE, Manifest


def export(artifact: Path, target: Path, signer: Signer) -> Path:
    """Makes the new folder `target` of the artifact, and returns it.

    It is an ordinary MLflow model, and `./run` in it scores without MLflow and without us; with this data folder's
    public key anyone can verify all of it again.
    Raises Conflict if the target is there, Tampered if the artifact is not what was signed; then nothing is left.
    """
    try:
        target.mkdir(parents=True)
    except FileExistsError as problem:
        raise Conflict(f"{target} is there already.", remedy="Name a folder that is not.") from problem
    try:
        copy(artifact, target)
        manifest = verify(target, signer.public_key)
        put_beside(target, manifest, signer.public_key)
        exported.seal(target, manifest, signer)
        exported.verify(target, signer.public_key)
    except BaseException:
        trees.remove(target)
        raise
    return target


def copy(artifact: Path, target: Path) -> None:
    with opened(artifact) as source, trees.opened(target) as folder:
        for path in [*listed(source), MANIFEST, SIGNATURE]:
            with trees.reading(source, path) as file, trees.creating(folder, path, mode=0o644) as new:
                trees.copied(file, new)
    open_folders(target)


def put_beside(target: Path, manifest: Manifest, public_key: bytes) -> None:
    """What runs it, as its own capture says."""
    captured = understood(target, manifest)
    requirements = target / "requirements.txt"
    needed = requirements.read_text(encoding="utf-8") if requirements.is_file() else ""
    files = beside(captured, manifest, needed) | {exported.KEY: public_key}
    files |= {name: source.read_bytes() for name, source in runner_files().items()}
    with trees.opened(target) as folder:
        for name, content in files.items():
            with trees.creating(folder, name, mode=0o755 if name == "run" else 0o644) as file:
                trees.write_all(file, content)
    open_folders(target)


def understood(target: Path, manifest: Manifest) -> Captured:
    try:
        return msgspec.json.decode((target / "data" / "capture.json").read_bytes(), type=Captured)
    except (OSError, msgspec.DecodeError) as problem:
        raise Tampered(manifest.version, "data/capture.json cannot be read") from problem


def open_folders(target: Path) -> None:
    """Whoever runs it, in a container as another user say, may look into its folders."""
    for folder in (target, *(path for path in target.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
