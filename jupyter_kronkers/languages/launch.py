"""Puts a host behind a fence, keeps its log, and leaves nothing of it behind.

    python -I -S launch.py hold=FD give=FD memory_bytes=N file_bytes=N open_files=N [log=FILE log_bytes=N] -- command…

    owner ══ requests ══▶ host          The watcher (this program) is the host's parent. It ends the host and all the
      │ ◀════ replies ════ ▲            host's descendants when the last writer of the request pipe has gone, when it
      └───── watcher ──────┘            is told so by SIGTERM, or when the host itself ends; then it removes the host's
                 └── log, capped        private folder and exits with the host's status (128 + n after signal n).

Standard library only, and little of that: it is started once per host, without site-packages.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import sys
import time
from typing import NamedTuple, NoReturn

GRACE_S = 1.0
"""A host whose owner has gone, or has hung up, may take this long to notice."""

RATE_BYTES_S = 1 << 20
"""A host that prints faster is slowed down: its prints wait in the pipe."""

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_PIECE = 1 << 16


class Fence(NamedTuple):
    hold: int
    give: int
    memory_bytes: int
    file_bytes: int
    open_files: int
    log: str = ""
    log_bytes: int = 1 << 20


def main(arguments: list[str]) -> NoReturn:
    fence, command = parse(arguments)
    with contextlib.suppress(PermissionError):  # already leads a session
        os.setsid()
    os.umask(0o077)
    adopt_orphans()
    wake = hear_signals()
    room = private_folder()
    printed, prints = os.pipe() if fence.log else (-1, -1)
    host = os.fork()
    if host == 0:
        become_host(fence, command, room, prints)
    os.close(fence.give)
    log = Log(fence.log, fence.log_bytes, printed, prints) if fence.log else None
    status = Watch(host, fence.hold, wake, log).until_it_ends()
    end_descendants()
    if log is not None:
        log.drain()
    remove(room)
    sys.stderr.flush()
    os._exit(status)


def parse(arguments: list[str]) -> tuple[Fence, list[str]]:
    split = arguments.index("--")
    given = dict(argument.split("=", 1) for argument in arguments[:split])
    log = given.pop("log", "")
    return Fence(log=log, **{name: int(value) for name, value in given.items()}), arguments[split + 1 :]


# The host's side of the fork


def become_host(fence: Fence, command: list[str], room: str, prints: int) -> NoReturn:
    """Take on the limits, then become the command. Never returns."""
    try:
        die_with_parent()
        for kind, value in limits(fence):
            limit(kind, value)
        # Python ignores SIGPIPE; a host that writes to nobody should end. SIGXFSZ stays ignored: writing
        # too large a file is then an error in the model's own language.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        if prints >= 0:
            os.dup2(prints, 1)
            os.dup2(prints, 2)
        os.chdir(room)
        os.execvpe(command[0], command, {**os.environ, "HOME": room, "TMPDIR": room})  # noqa: S606
    except BaseException as error:  # noqa: BLE001 - a door: the forked half must never run on into the watcher's code
        os.write(2, f"{command[0]} could not be started: {error}\n".encode())
    os._exit(127)


def limits(fence: Fence) -> list[tuple[int, int]]:
    return [
        (resource.RLIMIT_DATA, fence.memory_bytes),
        (resource.RLIMIT_FSIZE, fence.file_bytes),
        (resource.RLIMIT_NOFILE, fence.open_files),
        (resource.RLIMIT_CORE, 0),
    ]


def limit(kind: int, value: int) -> None:
    _, hardest = resource.getrlimit(kind)
    value = value if hardest == resource.RLIM_INFINITY else min(value, hardest)
    resource.setrlimit(kind, (value, value))


def die_with_parent() -> None:
    # The parent is the watcher, which has one thread: this signal comes when the parent *thread* ends.
    watcher = os.getppid()
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if watcher in (1, 0) or os.getppid() != watcher:
        os._exit(127)


def adopt_orphans() -> None:
    """Make whatever the host's children leave behind a child of the watcher, however often it forked."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)


def prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


# The watcher's side


def hear_signals() -> int:
    """A descriptor that becomes readable when a child ends (SIGCHLD) or the watcher is told to stop (SIGTERM)."""
    wake, ring = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(ring, False)
    signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    return wake


class Watch:
    """Waits for the host's end and brings it about when its owner has gone."""

    def __init__(self, host: int, hold: int, wake: int, log: Log | None) -> None:
        self._host = host
        self._hold = hold
        self._wake = wake
        self._log = log
        self._status: int | None = None
        self._deadline: float | None = None
        self._killed = False
        self._poll = select.poll()
        self._poll.register(wake, select.POLLIN)
        # No event is asked for: of the request pipe only POLLHUP is of interest, and that always comes.
        self._poll.register(hold, 0)

    def until_it_ends(self) -> int:
        """The host's exit status, 128 + n if signal n ended it; that of SIGTERM if the watcher did."""
        self._reap()
        while self._status is None:
            pause = self._log.listen(self._poll) if self._log else None
            for descriptor, _ in self._poll.poll(self._timeout_ms(pause)):
                self._hear(descriptor)
            if self._deadline is not None and time.monotonic() >= self._deadline:
                self._kill()
        return self._status

    def _timeout_ms(self, pause_s: float | None) -> float | None:
        left_s = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        waits = [wait for wait in (pause_s, left_s) if wait is not None]
        return min(waits) * 1000 + 1 if waits else None

    def _hear(self, descriptor: int) -> None:
        if descriptor == self._wake:
            if signal.SIGTERM in os.read(self._wake, 4096):
                self._kill()
            self._reap()
        elif descriptor == self._hold:
            self._poll.unregister(self._hold)
            self._deadline = time.monotonic() + GRACE_S
        elif self._log is not None:
            self._log.take()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._host, signal.SIGKILL)
        self._killed = True
        self._deadline = None

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._host:
                code = os.waitstatus_to_exitcode(status)
                # A host killed by the system, for want of memory say, is told apart from one that was ended here.
                self._status = 128 + signal.SIGTERM if self._killed else code if code >= 0 else 128 - code


def end_descendants() -> None:
    """Kill what the host left behind, generation by generation: orphans become children of the watcher."""
    children = f"/proc/self/task/{os.getpid()}/children"
    if not os.path.exists(children):
        return
    for _ in range(1000):
        with open(children, encoding="ascii") as file:
            pids = [int(pid) for pid in file.read().split()]
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)


# The private folder


def private_folder() -> str:
    folder = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"kronkers-host-{os.urandom(8).hex()}")  # noqa: S108
    os.mkdir(folder, 0o700)
    return folder


def remove(folder: str) -> None:
    """The folder and all below it. A host may have taken away its own rights there, or filled it with links."""
    for parent, folders, files in os.walk(folder, topdown=False):
        for name in files + folders:
            path = os.path.join(parent, name)
            with contextlib.suppress(OSError):
                os.rmdir(path) if name in folders and not os.path.islink(path) else os.unlink(path)
    with contextlib.suppress(OSError):
        os.rmdir(folder)


# The log


class Log:
    """Takes what the host prints into a file and one older file, each of at most `log_bytes`, at a bounded rate."""

    def __init__(self, path: str, log_bytes: int, printed: int, prints: int) -> None:
        os.close(prints)
        os.set_blocking(printed, False)
        self._path = path
        self._log_bytes = log_bytes
        self._printed = printed
        self._allowed = float(RATE_BYTES_S)
        self._counted_at = time.monotonic()
        self._listening = False
        self._ended = False
        self._open()

    def _open(self) -> None:
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._file).st_size

    def listen(self, poll: select.poll) -> float | None:
        """Listen only while there is an allowance; else the seconds until there is one again."""
        now = time.monotonic()
        self._allowed = min(RATE_BYTES_S, self._allowed + (now - self._counted_at) * RATE_BYTES_S)
        self._counted_at = now
        wanted = not self._ended and self._allowed >= _PIECE
        if wanted and not self._listening:
            poll.register(self._printed, select.POLLIN)
        elif self._listening and not wanted:
            poll.unregister(self._printed)
        self._listening = wanted
        return None if wanted or self._ended else (_PIECE - self._allowed) / RATE_BYTES_S

    def take(self) -> bool:
        """Write one piece down. False if there was none."""
        try:
            piece = os.read(self._printed, _PIECE)
        except BlockingIOError:
            return False
        self._ended = not piece
        self._allowed -= len(piece)
        self._write(piece)
        return bool(piece)

    def _write(self, piece: bytes) -> None:
        if self._size + len(piece) > self._log_bytes:
            os.close(self._file)
            os.replace(self._path, self._path + ".1")
            self._open()
        with contextlib.suppress(OSError):  # a full disk must not end the host
            self._size += os.write(self._file, piece)

    def drain(self) -> None:
        """The last words; what the pipe still holds is at most a mebibyte."""
        for _ in range(1 + (1 << 20) // _PIECE):
            if not self.take():
                return


if __name__ == "__main__":
    main(sys.argv[1:])
