"""What a fenced host sees of the files, as arguments of bubblewrap.

    /                          read-only
    homes, /run, other temporary folders, the data folder        empty and read-only
      └── the model's own folder, the interpreter, its packages  read-only, as they are
    /tmp, /dev/shm, HOME       the host's private folder, which ends with it

Standard library only: the artifacts carry a copy.
"""

from __future__ import annotations

import os
import pwd
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

ROOM = "@room@"
"""Stands for the host's private folder, which `launch` makes and names."""

_SECRETS = ("/etc/shadow", "/etc/gshadow", "/etc/ssh", "/etc/ssl/private", "/etc/kubernetes", "/var/lib/kubelet")
_HOMES = ("/root", "/home", "/run", "/var/run", "/tmp", "/var/tmp")  # noqa: S108
_OF_A_HOME = ("bin", "lib", "lib64", "pyvenv.cfg", "Project.toml", "Manifest.toml", "*.py")
"""All that is shown of a home that is itself an interpreter's or a project's folder."""


def hidden(data: Path) -> list[str]:
    """What no host may see, but for what it needs: real paths that exist. `data` is the model's own folder."""
    home = pwd.getpwuid(os.getuid()).pw_dir if _has_name() else ""
    named = [os.environ.get(name, "") for name in ("HOME", "KRONKERS_DATA_DIR", "JUPYTER_RUNTIME_DIR")]
    places = [*_HOMES, *_SECRETS, home, tempfile.gettempdir(), *named, data_folder(data)]
    found = {os.path.realpath(place) for place in places if os.path.isabs(place) and os.path.exists(place)}
    return sorted(found - {"/"})


def _has_name() -> bool:
    """False for a user that only a container knows."""
    try:
        return bool(pwd.getpwuid(os.getuid()))
    except KeyError:
        return False


def data_folder(data: Path) -> str:
    """The data folder that an artifact lies in, by what `store.Folders` makes there; "" if it lies in none."""
    folders = (folder for folder in data.resolve().parents if (folder / "keys").is_dir())
    return next((str(folder) for folder in folders if (folder / "gateway").is_dir()), "")


def words(hide: Sequence[str], show: Iterable[str]) -> list[str]:
    """Arguments of bwrap that hide the folders and files of `hide`, except for what `show` names within them.

    hide: real paths. Of two that lie in each other the inner one counts. /tmp becomes a private folder, as ROOM is.
    """
    links, shown = _followed(show, hide)
    kinds = dict.fromkeys(shown, "show") | dict.fromkeys(hide, "hide")
    made: list[str] = []
    emptied: list[str] = []
    for place in sorted(kinds, key=lambda path: path.count("/")):
        if kinds[place] == _kind_of(os.path.dirname(place), kinds):
            continue
        if kinds[place] == "show":
            made += ["--ro-bind", place, place]
        elif place == "/tmp":  # noqa: S108 - the private one
            made += ["--bind", f"{ROOM}/tmp", place]  # noqa: S108
        elif os.path.isdir(place):
            made += ["--tmpfs", place]
            emptied += ["--remount-ro", place]
        else:
            made += ["--ro-bind", os.devnull, place]
    for link, target in links.items():
        if _kind_of(link, kinds) == "hide":
            made += ["--symlink", target, link]
    return [*made, "--bind", ROOM, ROOM, *emptied]


def _kind_of(path: str, kinds: dict[str, str]) -> str:
    """The kind of the innermost place that holds the path; what nobody named is shown."""
    while path != "/" and path not in kinds:
        path = os.path.dirname(path)
    return kinds.get(path, "show")


def _followed(show: Iterable[str], hide: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The links on the way to what is shown, and the real paths of it."""
    links: dict[str, str] = {}
    places: list[str] = []
    for path in show:
        met, place = trail(path)
        links |= met
        if os.path.exists(place):
            places += _narrowed(place) if place in hide or os.path.basename(place) == ".local" else [place]
    return links, places


def _narrowed(home: str) -> Iterator[str]:
    for name in _OF_A_HOME:
        yield from map(str, Path(home).glob(name))


def trail(path: str) -> tuple[dict[str, str], str]:
    """Each link that is met on the way to a file, with its target as it is written; and the file's real path."""
    links: dict[str, str] = {}
    ahead, reached = deque(path.split("/")), "/"
    while ahead:
        part = ahead.popleft()
        step = os.path.normpath(os.path.join(reached, part))
        if step in links or not os.path.islink(step):
            reached = step
            continue
        links[step] = target = os.readlink(step)
        reached = "/" if target.startswith("/") else reached
        ahead.extendleft(reversed(target.split("/")))
    return links, reached
