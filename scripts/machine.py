"""What this machine is and what it already has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
VENV = ROOT / ".venv"
Command = Sequence[str | Path]
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


class Trouble(Exception):
    """A step that could not be done; `remedy` is the command or the sentence that helps."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.remedy = remedy


def is_root() -> bool:
    return os.geteuid() == 0


def debian_codename() -> str:
    """The name of this Debian, "bookworm" for 12; "" on anything that is not Debian."""
    release = read_os_release(Path("/etc/os-release"))
    return release.get("VERSION_CODENAME", "") if release.get("ID") == "debian" else ""


def read_os_release(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = (line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)
    return {key: value.strip("\"'") for key, value in pairs}


def can_install_by_apt() -> bool:
    return is_root() and bool(debian_codename()) and shutil.which("apt-get") is not None


def environment() -> dict[str, str]:
    """The environment of every command: the tools of this clone first, certificates as the machine trusts them."""
    found = dict(os.environ)
    places = [VENV / "bin", TOOLS / "bin", Path("/usr/local/bin"), Path.home() / ".local/bin"]
    found["PATH"] = os.pathsep.join([*map(str, places), found.get("PATH", os.defpath)])
    # Node and uv bring certificates of their own, which know nothing of a company's proxy.
    found.setdefault("UV_SYSTEM_CERTS", "true")
    if SYSTEM_CERTIFICATES.exists():
        found.setdefault("NODE_EXTRA_CA_CERTS", str(SYSTEM_CERTIFICATES))
    found.pop("VIRTUAL_ENV", None)
    return found


def find(program: str) -> str | None:
    """The full path of a program, looked for where `environment` looks."""
    return shutil.which(program, path=environment()["PATH"])


def run(command: Command, log: Path, *, extra: Mapping[str, str] | None = None) -> None:
    """Runs the command in the clone; what it prints is added to `log`. Raises Trouble with its last words."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        out.write(f"\n$ {' '.join(map(str, command))}\n".encode())
        out.flush()
        done = subprocess.run(
            [str(part) for part in command],
            cwd=ROOT,
            env=environment() | dict(extra or {}),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise Trouble(f"`{command[0]}` ended with status {done.returncode}:\n{last_words(log)}\n  (all of it: {log})")


def last_words(log: Path, lines: int = 25) -> str:
    text = log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in text)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
