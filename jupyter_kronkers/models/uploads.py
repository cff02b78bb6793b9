"""Uploads: the files of a finished capture on their way in.

    uploads/<id>/files/…    what has arrived whole
    uploads/<id>/parts/…    what is arriving; a cut connection or a kill leaves its rest only here

A client may name an upload only by the id we gave it, and only its own. An upload becomes a version or, after a day,
nothing.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from jupyter_kronkers.access import Principal, require
from jupyter_kronkers.errors import Conflict, Exhausted, Fault, Invalid, NotFound, TooLarge
from jupyter_kronkers.models import rows, trees
from jupyter_kronkers.models.trees import Copied, Readable, Unsafe
from jupyter_kronkers.store import Clock, Folders, utc_now
from jupyter_kronkers.store.database import Store

KEPT = timedelta(hours=24)
ALONE = frozenset({"capture.json", "conformance.json", "baseline.json", "notebook.ipynb"})
BELOW = frozenset({"model", "environment"})


@dataclass(frozen=True)
class Quota:
    """How much may wait to be registered. bytes: of one upload; all_bytes: of all of them together."""

    files: int = 200
    bytes: int = 4 << 30
    all_bytes: int = 32 << 30


class Uploads:
    """Takes files in, and lets go of those that nobody registered."""

    def __init__(self, store: Store, folders: Folders, clock: Clock = utc_now, quota: Quota | None = None) -> None:
        self._store, self._root, self._clock, self._quota = store, folders.uploads, clock, quota or Quota()

    def open(self, who: Principal) -> str:
        """The id of a new, empty upload. Raises Denied without `write`, Exhausted if too much is waiting already."""
        require(who, "write")
        self._refuse_flood()
        id = secrets.token_hex(16)
        with self._store.writing() as tx:
            rows.add_upload(tx, id, who.name, self._clock())
        for folder in (self._root / id, self._root / id / "files", self._root / id / "parts"):
            folder.mkdir(mode=0o700)
        return id

    def write(
        self, who: Principal, id: str, path: str, stream: Readable, *, sha256: str = "", size_bytes: int | None = None
    ) -> Copied:
        """Take one file in, whole or not at all; sending it again replaces it. Returns its SHA-256 and size.

        sha256, size_bytes: what the sender says it is; anything else is refused.
        Raises NotFound, Unsafe for a path that is none of a capture's, TooLarge, Invalid.
        """
        self.path(who, id)
        belongs(path)
        with trees.opened(self._root / id) as root, self._part(root) as part:
            found = self._take(root, part, stream)
            refuse_difference(path, found, sha256, size_bytes)
            self._put(root, part, path, found)
        return found

    def path(self, who: Principal, id: str) -> Path:
        """The folder of the files so far. Raises NotFound for an id that is not the caller's own."""
        with self._store.reading() as tx:
            owner = rows.upload_owner(tx, id)
        if owner is None or owner.principal != who.name or not (self._root / id / "files").is_dir():
            raise NotFound("upload", id, remedy="Open an upload first; one that nobody registers is kept for a day.")
        if owner.used_by:
            raise Conflict(f"Upload {id} is or becomes a version already.", remedy="Open another upload.")
        return self._root / id / "files"

    def drop(self, who: Principal, id: str) -> None:
        """Forget an upload that is not wanted any more. Raises NotFound."""
        self.path(who, id)
        self.discard(id)

    def discard(self, id: str) -> None:
        """The files are gone, whoever's they were. The id stays known for a day, so that it is not used twice."""
        trees.remove(self._root / id)

    def sweep(self) -> int:
        """Lets go of what is older than a day or belongs to no upload. Returns how many bytes that freed."""
        with self._store.writing() as tx:
            rows.forget_uploads(tx, before=self._clock() - KEPT)
            wanted = rows.uploads_wanted(tx)
        before = self.waiting_bytes()
        for folder in self._root.iterdir():
            if folder.name not in wanted:
                trees.remove(folder)
        return before - self.waiting_bytes()

    def waiting_bytes(self) -> int:
        """How much lies in all uploads now."""
        return sum(size_below(folder) for folder in self._root.iterdir())

    def _refuse_flood(self) -> None:
        if self.waiting_bytes() >= self._quota.all_bytes:
            raise Exhausted(
                f"Uploads that nobody registered fill their {self._quota.all_bytes >> 30} GiB.",
                retry_after_s=3600,
                remedy="Register or drop some; each is dropped after a day.",
            )

    @contextmanager
    def _part(self, root: int) -> Iterator[str]:
        """The path of a part that is gone when the block ends, unless it was put in its place."""
        part = f"parts/{secrets.token_hex(8)}"
        try:
            yield part
        finally:
            with trees.parent_of(root, part) as (parts, last):
                if last in os.listdir(parts):
                    os.unlink(last, dir_fd=parts)

    def _take(self, root: int, part: str, stream: Readable) -> Copied:
        try:
            with trees.creating(root, part, durable=True) as file:
                return trees.copied(stream, file, most=self._quota.bytes)
        except OverflowError as problem:
            raise TooLarge("The upload", int(problem.args[0]), self._quota.bytes) from problem

    def _put(self, root: int, part: str, path: str, found: Copied) -> None:
        target = f"files/{path}"
        with trees.parent_of(root, part) as (parts, name), trees.parent_of(root, target, make=True) as (folder, last):
            self._refuse_excess(root, path, found)
            try:
                os.rename(name, last, src_dir_fd=parts, dst_dir_fd=folder)
            except IsADirectoryError as problem:
                raise Unsafe(path, "is a folder already") from problem
            os.fsync(folder)

    def _refuse_excess(self, root: int, path: str, found: Copied) -> None:
        """Raises if the upload would hold too much, or two names that are one on other systems."""
        with trees.parent_of(root, "files/x") as (files, _):
            there = [other for other in trees.files(files) if other != path]
            total = sum(trees.size(files, other) for other in there) + found.size_bytes
        if len(there) >= self._quota.files:
            raise TooLarge("The number of files", len(there) + 1, self._quota.files)
        if total > self._quota.bytes:
            raise TooLarge("The upload", total, self._quota.bytes)
        twins = [other for other in there if other.casefold() == path.casefold()]
        if twins:
            raise Unsafe(path, f"and {twins[0]!a} are one name on some systems")


def belongs(path: str) -> str:
    """The path itself, if a finished capture has such a file. Raises Unsafe."""
    first, *below = trees.safe_path(path).split("/")
    if (not below and first in ALONE) or (below and first in BELOW):
        return path
    raise Unsafe(path, "is no file of a capture")


def refuse_difference(path: str, found: Copied, sha256: str, size_bytes: int | None) -> None:
    if (sha256 and sha256 != found.sha256) or (size_bytes is not None and size_bytes != found.size_bytes):
        raise Invalid(
            Fault(
                path, f"arrived with {found.size_bytes:,} bytes and SHA-256 {found.sha256}, which is not what was sent"
            ),
            remedy="Send it again.",
        )


def size_below(folder: Path) -> int:
    total = 0
    for here, _, names in os.walk(folder):
        for name in names:
            # A part becomes a file, or an upload a version, while we look.
            with suppress(FileNotFoundError):
                total += os.lstat(os.path.join(here, name)).st_size
    return total
