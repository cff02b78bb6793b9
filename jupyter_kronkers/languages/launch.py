"""Puts a host behind a fence, keeps its log, and leaves nothing of it behind.

    python -I -S launch.py hold=FD give=FD memory_bytes=N file_bytes=N open_files=N tasks=N
                           [room=FOLDER] [log=FILE log_bytes=N] -- command…

    owner ══ requests ══▶ host          The watcher (this program) is the host's parent. It ends the host and all the
      │ ◀════ replies ════ ▲            host's descendants when the last writer of the request pipe has gone, when it
      └───── watcher ──────┘            is told so by SIGTERM, or when the host itself ends; then it removes the host's
                 └── log, capped        private folder and exits with the host's status (128 + n after signal n).

In the command and its environment `@room@` stands for the private folder; folders named below it are made.

Standard library only, and little of that: it runs once per host, without site-packages.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import resource
import select
import signal
import sys
import time
from typing import NamedTuple, NoReturn

GRACE_S = 1.0
"""A host whose owner has gone may take this long to notice."""

LOOK_S, TOO_MANY_TASKS = 1.0, 125
"""How often processes and threads are counted, and the exit status of a host that had more than it may."""

OOM_SCORE, NICE = 500, 1
"""Where memory runs out, hosts go before the gateway and kernels, which have 0. Under full load the gateway, which
serves all of them, comes before a host; a notebook hardly does."""

ROOM, PREFIX, ABANDONED_S = "@room@", "kronkers-host-", 60.0
"""A private folder of this age that no living watcher has locked belongs to nobody."""

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
    tasks: int
    room: str = ""
    log: str = ""
    log_bytes: int = 1 << 20


def main(arguments: list[str]) -> NoReturn:
    fence, command = parse(arguments)
    with contextlib.suppress(PermissionError):  # already leads a session
        os.setsid()
    os.umask(0o077)
    adopt_orphans()
    wake = hear_signals()
    room = private_folder(fence.room)
    printed, prints = os.pipe() if fence.log else (-1, -1)
    host = os.fork()
    if host == 0:
        become_host(fence, command, room, prints)
    os.close(fence.give)
    forget_abandoned(os.path.dirname(room))
    log = Log(fence.log, fence.log_bytes, printed, prints) if fence.log else None
    status = Watch(host, fence, wake, log).until_it_ends()
    end_descendants()
    if log is not None:
        log.drain()
    remove(room)
    sys.stderr.flush()
    os._exit(status)


def parse(arguments: list[str]) -> tuple[Fence, list[str]]:
    split = arguments.index("--")
    given = dict(argument.split("=", 1) for argument in arguments[:split])
    log, room = given.pop("log", ""), given.pop("room", "")
    return Fence(log=log, room=room, **{name: int(value) for name, value in given.items()}), arguments[split + 1 :]


# The host's side of the fork


def become_host(fence: Fence, command: list[str], room: str, prints: int) -> NoReturn:
    """Take on the limits, then become the command. Never returns."""
    try:
        die_with_parent()
        give_way()
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
        environment = {name: value.replace(ROOM, room) for name, value in os.environ.items()}
        os.execvpe(command[0], in_room(command, room), {**environment, "HOME": room, "TMPDIR": room})  # noqa: S606
    except BaseException as error:  # noqa: BLE001 - a door: the forked half must never run on into the watcher's code
        os.write(2, f"{command[0]} could not be started: {error}\n".encode())
    os._exit(127)


def in_room(command: list[str], room: str) -> list[str]:
    """The command with the private folder named in it; what it names below that is made. Raises OSError."""
    program = command[command.index("--") + 1] if "--" in command else command[0]
    if os.path.isabs(program) and not os.access(program, os.X_OK):
        raise FileNotFoundError(2, "there is no such program", program)
    for word in command:
        if word.startswith(f"{ROOM}/"):
            os.makedirs(word.replace(ROOM, room), exist_ok=True)
    return [word.replace(ROOM, room) for word in command]


def give_way() -> None:
    """Be the first to go when memory runs out, and a little behind the gateway when the processor does."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write(str(OOM_SCORE))
    with contextlib.suppress(OSError):
        os.nice(NICE)


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

    def __init__(self, host: int, fence: Fence, wake: int, log: Log | None) -> None:
        self._host = host
        self._hold = fence.hold
        self._tasks = fence.tasks
        self._wake = wake
        self._log = log
        self._status: int | None = None
        self._deadline: float | None = None
        self._killed_as: int | None = None
        self._next_look = time.monotonic() + LOOK_S
        self._poll = select.poll()
        self._poll.register(wake, select.POLLIN)
        # No event is asked for: of the request pipe only POLLHUP is of interest, and that always comes.
        self._poll.register(self._hold, 0)

    def until_it_ends(self) -> int:
        """The host's exit status, 128 + n if signal n ended it; that of SIGTERM if the watcher did."""
        self._reap()
        while self._status is None:
            pause = self._log.listen(self._poll) if self._log else None
            for descriptor, _ in self._poll.poll(self._timeout_ms(pause)):
                self._hear(descriptor)
            if self._deadline is not None and time.monotonic() >= self._deadline:
                self._kill()
            self._look()
        return self._status

    def _timeout_ms(self, pause_s: float | None) -> float:
        due = self._next_look if self._deadline is None else min(self._next_look, self._deadline)
        left_s = max(0.0, due - time.monotonic())
        return (left_s if pause_s is None else min(left_s, pause_s)) * 1000 + 1

    def _look(self) -> None:
        # A limit of the system's (RLIMIT_NPROC) would count all that the user runs, and not bind root at all.
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_S
        tasks = sum(len(threads(pid)) for pid in descendants(os.getpid()))
        if tasks > self._tasks:
            sys.stderr.write(f"the host had {tasks} processes and threads; it may have {self._tasks}\n")
            self._kill(TOO_MANY_TASKS)

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

    def _kill(self, status: int = 128 + signal.SIGTERM) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._host, signal.SIGKILL)
        self._killed_as = status
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
                self._status = self._killed_as or (code if code >= 0 else 128 - code)


def threads(pid: int) -> list[str]:
    """The threads of a process, [] if it has gone or the system does not tell."""
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def descendants(pid: int) -> list[int]:
    """All that a process has started, and what they have; each after its parent."""
    found = [pid]
    for parent in found:
        for thread in threads(parent):
            with contextlib.suppress(OSError), open(f"/proc/{parent}/task/{thread}/children", encoding="ascii") as file:
                found += map(int, file.read().split())
    return found[1:]


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


def private_folder(made: str) -> str:
    """A new folder for this host alone, or the one that its owner has made for it."""
    folder = made or os.path.join(os.environ.get("TMPDIR", "/tmp"), f"{PREFIX}{os.urandom(8).hex()}")  # noqa: S108
    if not made:
        os.mkdir(folder, 0o700)
    locked(folder)  # for as long as this process lives
    return folder


def locked(folder: str) -> bool:
    """Lock the folder, if nobody has."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(place)
        return False
    return True


def forget_abandoned(parent: str) -> None:
    """Remove folders whose watcher was killed, and whoever else would have removed them too."""
    with contextlib.suppress(OSError):
        for found in os.scandir(parent):
            with contextlib.suppress(OSError):
                old = time.time() - found.stat(follow_symlinks=False).st_mtime > ABANDONED_S
                if found.name.startswith(PREFIX) and old and locked(found.path):
                    remove(found.path)


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
