"""Files of a folder, reached only through directory descriptors.

A path is checked as text first, then every step of it is opened with O_NOFOLLOW from the descriptor of the step
before. So neither a `..` nor a link that someone puts there between the check and the use leads outside, and no
string prefix is ever compared. Links, devices, sockets and pipes are refused: a folder of ours holds plain files.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from jupyter_kronkers.errors import Fault, Invalid

DEEPEST = 8
MOST_FILES = 1_000
LONGEST_STEP = 255
LONGEST_PATH = 1_024
PIECE = 1 << 20
SYNCED_AT_ONCE = 16

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe that someone named like a file must not stop us: O_NONBLOCK opens it, and then it is refused.
EXISTING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Unsafe(Invalid):
    """A path that leads, or might lead, out of its folder, or that is no plain file."""

    code = "unsafe_path"

    def __init__(self, path: str, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(Fault("path", f"{path!a} {problem}"))


class Copied(NamedTuple):
    """What went by while a file was read: the SHA-256 in hex and the number of bytes."""

    sha256: str
    size_bytes: int


class Readable(Protocol):
    """Whatever gives bytes in pieces, b"" at its end: a file, a socket, an `io.BytesIO`."""

    def read(self, size: int, /) -> bytes: ...


def safe_path(path: str) -> str:
    """The path itself, if it is relative, plain and short on every system. Raises Unsafe."""
    steps = path.split("/")
    if "\\" in path or ":" in path or any(step in ("", ".", "..") for step in steps):
        raise Unsafe(path, "does not lie below its folder")
    if any(not step.isprintable() for step in steps):
        raise Unsafe(path, "holds a control character")
    if len(steps) > DEEPEST or len(path.encode()) > LONGEST_PATH:
        raise Unsafe(path, f"is deeper than {DEEPEST} folders or longer than {LONGEST_PATH:,} bytes")
    if any(len(step.encode()) > LONGEST_STEP for step in steps):
        raise Unsafe(path, f"has a step longer than {LONGEST_STEP} bytes")
    return path


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """A descriptor of the folder, which must not itself be a link."""
    descriptor = os.open(folder, FOLDER)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def parent_of(root: int, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """The descriptor of the folder that holds `path`, and the last step. `make`: missing folders are made, 0700."""
    *steps, last = safe_path(path).split("/")
    here = os.dup(root)
    try:
        for step in steps:
            below = entered(here, step, path, make)
            os.close(here)
            here = below
        yield here, last
    finally:
        os.close(here)


def entered(here: int, step: str, path: str, make: bool) -> int:
    """A new descriptor, one step down."""
    if make:
        make_folder(here, step)
    try:
        return os.open(step, FOLDER, dir_fd=here)
    except NotADirectoryError as problem:  # what O_NOFOLLOW with O_DIRECTORY says of a link
        raise Unsafe(path, f"has a step, {step!a}, that is no folder") from problem


def make_folder(here: int, step: str) -> None:
    try:
        os.mkdir(step, 0o700, dir_fd=here)
    except FileExistsError:
        return


@contextmanager
def reading(root: int, path: str) -> Iterator[BinaryIO]:
    """The plain file at `path` below the descriptor. Raises Unsafe if it is anything else, FileNotFoundError."""
    with parent_of(root, path) as (parent, last):
        try:
            descriptor = os.open(last, EXISTING, dir_fd=parent)
        except OSError as problem:
            raise refused(problem, path) from problem
        with open(descriptor, "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Unsafe(path, "is no plain file")
            yield file


def refused(problem: OSError, path: str) -> OSError | Unsafe:
    return problem if isinstance(problem, FileNotFoundError) else Unsafe(path, "is a link or no plain file")


@contextmanager
def creating(root: int, path: str, *, mode: int = 0o600, durable: bool = False) -> Iterator[BinaryIO]:
    """A new file at `path`. `durable`: on the disk when the block ends. Raises FileExistsError if there is one."""
    with (
        parent_of(root, path, make=True) as (parent, last),
        open(os.open(last, NEW, mode, dir_fd=parent), "wb", buffering=0) as file,
    ):
        yield file
        if durable:
            os.fsync(file.fileno())


def copied(source: Readable, target: BinaryIO | None, *, most: int | None = None) -> Copied:
    """Reads the source to its end, hashing and, with a target, writing each piece as it goes by.

    most: bytes. Raises OverflowError as soon as more arrive, so that a bomb costs no more than the limit.
    """
    digest, size = hashlib.sha256(), 0
    while piece := source.read(PIECE):
        size += len(piece)
        if most is not None and size > most:
            raise OverflowError(size)
        digest.update(piece)
        if target is not None:
            write_all(target, piece)
    return Copied(digest.hexdigest(), size)


def write_all(target: BinaryIO, piece: bytes) -> None:
    remaining = memoryview(piece)
    while remaining:
        remaining = remaining[target.write(remaining) :]


def size(root: int, path: str) -> int:
    """The size in bytes of the plain file at `path`."""
    with reading(root, path) as file:
        return os.fstat(file.fileno()).st_size


def files(root: int) -> list[str]:
    """Every plain file below the descriptor, as sorted paths. Raises Unsafe if there is a link or the like."""
    found: list[str] = []
    collect(root, "", found)
    return sorted(found)


def collect(here: int, prefix: str, found: list[str]) -> None:
    with os.scandir(here) as entries:
        for entry in entries:
            path = safe_path(prefix + entry.name)
            if entry.is_dir(follow_symlinks=False):
                collect_below(here, entry.name, path, found)
            elif entry.is_file(follow_symlinks=False):
                found.append(path)
            else:
                raise Unsafe(path, "is a link or no plain file")
            if len(found) > MOST_FILES:
                raise Unsafe(prefix or ".", f"holds more than {MOST_FILES:,} files")


def collect_below(here: int, step: str, path: str, found: list[str]) -> None:
    below = entered(here, step, path, make=False)
    try:
        collect(below, f"{path}/", found)
    finally:
        os.close(below)


def sync(folder: Path) -> None:
    """Everything below the folder is on the disk when this returns: contents, names, the folder itself."""
    tree = [(Path(here), names) for here, _, names in os.walk(folder)]
    # At once rather than one by one: the file system then writes its journal a few times, not once per file.
    with ThreadPoolExecutor(SYNCED_AT_ONCE) as pool:
        list(pool.map(sync_one, [here / name for here, names in tree for name in names]))
        list(pool.map(sync_one, [here for here, _ in tree]))


def sync_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(folder: Path) -> None:
    """The folder is gone, read-only or not. Does nothing if it was not there; a link is removed, never followed."""
    if not os.path.lexists(folder):
        return
    if folder.is_symlink():
        return folder.unlink()
    for here, _, _ in os.walk(folder):
        os.chmod(here, 0o700)
    shutil.rmtree(folder)
