"""Files by which processes find each other: a lock that the system lets go of when its holder dies, however it dies,
and a file that only we may read and that is replaced as a whole.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path


def locked(path: Path) -> int | None:
    """A descriptor that holds the file's lock, or None if someone else does."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    if same_file(descriptor, path):
        return descriptor
    # Someone removed the file between opening and locking: what we hold is nobody's door any more.
    os.close(descriptor)
    return None


def same_file(descriptor: int, path: Path) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False


def write_private(path: Path, content: bytes) -> None:
    """Replace a file as a whole; only we may read it."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    fresh.replace(path)
