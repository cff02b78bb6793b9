"""Artifacts: from a place in the routes to a verified, private copy that hosts may load."""

from __future__ import annotations

from pathlib import Path

from jupyter_kronkers.errors import Tampered
from jupyter_kronkers.languages import Signature, runtime_of
from jupyter_kronkers.models import manifests
from jupyter_kronkers.serving.gateway.routes import Placed, Routes
from jupyter_kronkers.serving.gateway.versions import Artifact


def bring(placed: Placed, cache: Path, public_key: bytes) -> Artifact:
    """Copy, verify and read the artifact. Blocks; for a thread.

    Raises Tampered naming the file at fault, MissingLanguage if nothing here can run it.
    """
    folder = manifests.fetch(Path(placed.folder), cache, public_key, model=placed.model, number=placed.number)
    if placed.digest and folder.name != placed.digest:
        raise Tampered(placed.words, "its manifest is another one than was registered")
    data = folder / "data"
    capture = (data / "capture.json").read_bytes()
    return Artifact(placed, folder, data, runtime_of(capture), Signature.of_capture(capture))


def forget(cache: Path, routes: Routes) -> None:
    """Remove the copies that no route speaks of. Only before anything is loaded."""
    if cache.exists():
        manifests.sweep(cache, {placed.digest for route in routes.routes for placed in route.placed})
