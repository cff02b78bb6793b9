"""The named pipes between the gateway and a replica that a seed forks.

The gateway makes them and holds its own ends before the replica opens the others, so that nobody waits. They lie in the
seed's private folder, where a model may write too: so the folder is held open, nothing is followed, and what was opened
is looked at.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from jupyter_kronkers.serving.gateway.hosts.hosting import widen

_OURS = os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


def folder_of(room: Path) -> tuple[Path, int]:
    """A new folder within a host's private folder, and a descriptor of it."""
    folder = room / "replicas"
    folder.mkdir(mode=0o700)
    return folder, os.open(folder, os.O_DIRECTORY | _OURS)


class Fifos:
    """One replica's two pipes: `requests` to write to, `replies` to read from. Raises OSError if there can be none."""

    def __init__(self, folder: int, name: str) -> None:
        self._folder, self._names = folder, (f"{name}.q", f"{name}.a")
        self._held: list[int] = []
        try:
            # The other side's ends too, for as long as the replica has not opened them: a pipe without a reader cannot
            # be opened for writing, and one without a writer is at its end.
            self._held.append(self._made(0, os.O_RDONLY))
            self._held.append(self._opened(0, os.O_WRONLY))
            self._held.append(self._made(1, os.O_RDONLY))
            self._held.append(self._opened(1, os.O_WRONLY))
        except OSError:
            self.close()
            raise
        _, self.requests, self.replies, _ = self._held
        widen(self.requests, self.replies)

    def _made(self, which: int, how: int) -> int:
        os.mkfifo(self._names[which], 0o600, dir_fd=self._folder)
        return self._opened(which, how)

    def _opened(self, which: int, how: int) -> int:
        descriptor = os.open(self._names[which], how | _OURS, dir_fd=self._folder)
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(f"{self._names[which]} is no pipe")
        return descriptor

    def hand_over(self) -> tuple[int, int]:
        """(requests, replies), which the caller closes from now on. The replica has its own ends, or is gone."""
        self._held = [self._held[0], self._held[3]]
        self.close()
        return self.requests, self.replies

    def close(self) -> None:
        held, self._held = self._held, []
        for descriptor in held:
            os.close(descriptor)
        for name in self._names:
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=self._folder)
