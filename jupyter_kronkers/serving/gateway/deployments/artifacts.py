"""Artifacts: from a place in the routes to a verified, private copy that hosts may load."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from jupyter_kronkers.errors import Tampered
from jupyter_kronkers.languages import Signature, runtime_of
from jupyter_kronkers.models import manifests
from jupyter_kronkers.serving.gateway.deployments.known import Found, Known
from jupyter_kronkers.serving.gateway.routes import Placed, Routes
from jupyter_kronkers.serving.gateway.versions.versions import Artifact

GRACE_S = 3_600.0
"""Another gateway on the same folder may just be making or loading a copy that is younger."""


def bring(placed: Placed, cache: Path, public_key: bytes, known: Known) -> Artifact:
    """Copy, verify and read the artifact. Blocks; for a thread.

    A copy that a gateway before this one has verified, and that is untouched since, is taken as it is.
    Raises Tampered naming the file at fault, MissingLanguage if nothing here can run it.
    """
    found = known.find(placed, cache, public_key)
    if found is None:
        found = fetched(placed, cache, public_key)
        known.remember(placed, found, public_key)
    data = found.folder / "data"
    signature = Signature.of_capture((data / "capture.json").read_bytes())
    return Artifact(placed, found.folder, data, found.runtime, signature)


def fetched(placed: Placed, cache: Path, public_key: bytes) -> Found:
    folder = manifests.fetch(Path(placed.folder), cache, public_key, model=placed.model, number=placed.number)
    if placed.digest and folder.name != placed.digest:
        raise Tampered(placed.words, "its manifest is another one than was registered")
    return Found(folder, runtime_of((folder / "data" / "capture.json").read_bytes()))


def forget(cache: Path, routes: Routes) -> None:
    """Remove the copies that no route speaks of. Only before anything is loaded."""
    if cache.exists():
        spoken_of = {placed.digest for route in routes.routes for placed in route.placed}
        manifests.sweep(cache, spoken_of | set(young(cache)))


def young(cache: Path) -> Iterator[str]:
    """The names of copies and drafts that were made lately."""
    for copy in cache.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if copy.stat().st_mtime > time.time() - GRACE_S:
                yield copy.name
