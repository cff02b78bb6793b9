"""Julia for a Debian 12, which has none: the one of Debian 11, in a folder of its own.

Nothing of the machine's own packages or package settings is touched, so nothing can be broken by it:

1. a private copy of apt's state, with the mirror this machine uses and the suite `bullseye` alone;
2. seen from an almost empty machine, what does `julia` need? All of that is downloaded, so what the machine has or
   lacks makes no difference; only the C and C++ runtimes are the machine's, which are compatible upwards;
3. unpacked, not installed, into the folder; a small script in front sets the library path;
4. proof that it works, above all that an error thrown through compiled code is caught. With Debian 12's libunwind
   this Julia dies of it, which is why it is given all of its own libraries.

Can be run by hand: `python3 -m scripts.install_julia`.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from scripts.machine import debian_codename, is_root

SUITE = "bullseye"
NEEDED_PROGRAMS = ("apt-get", "apt-cache", "dpkg", "dpkg-deb")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# apt is told that these are there, so it plans without them and all that only they need. Two C libraries in one process
# do not go together, and programs that Julia starts should find their own; of the last one Julia never loads a byte.
TAKEN_AS_GIVEN = (
    *("libc6", "libgcc-s1", "libstdc++6", "libcrypt1", "zlib1g", "libselinux1", "libacl1", "libbz2-1.0", "liblzma5"),
    *("libdb5.3", "libtinfo6", "libmd0", "libgcrypt20", "libgpg-error0", "perl", "perl-base", "debconf", "dpkg", "tar"),
    "libcurl3-gnutls",
)
GIVEN = "Package: {name}\nStatus: install ok installed\nArchitecture: {machine}\nMulti-Arch: same\nVersion: 99:99\n\n"
NOT_NEEDED = ("usr/share/doc", "usr/share/man", "usr/share/julia/test", "usr/share/icons", "usr/share/applications")

APT_CONF = """
Dir::Etc::sourcelist "{work}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{work}/state";
Dir::State::status "{work}/status";
Dir::Cache "{work}/cache";
Dir::Log "{work}/log";
APT::Sandbox::User "";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::Check-Valid-Until "false";
Debug::NoLocking "true";
"""

LAUNCHER = """#!/bin/sh
# Julia finds its libraries by this path and hands it on to the Julia processes it starts itself.
here=$(readlink -f "$0")
here=${here%/bin/julia}
LD_LIBRARY_PATH="$here/usr/lib/TRIPLET${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export LD_LIBRARY_PATH
exec "$here/usr/bin/julia" "$@"
"""

PROOF = r"""
using Dates, LinearAlgebra, Random, REPL, Serialization, Sockets, Statistics
@noinline deep(n) = n == 0 ? error("thrown on purpose") : 1 + deep(n - 1)
caught(f) = try f(); false catch; length(stacktrace(catch_backtrace())) > 0 end
ok = caught(() -> deep(30)) && caught(() -> sqrt(-1.0)) && caught(() -> include_string(Main, "no_such_name"))
A = [4.0 1.0; 1.0 3.0]
ok &= A * (A \ [1.0, 2.0]) ≈ [1.0, 2.0] && big"1.5" * 2 == 3 && match(r"a(\d+)", "xa12")[1] == "12"
bytes = IOBuffer(); serialize(bytes, A); seekstart(bytes)
ok &= deserialize(bytes) == A && mean(A) == 2.25
exit(ok ? 0 : 1)
"""


class NotHere(Exception):
    """This machine cannot be given Julia this way; the message says why."""


def default_folder() -> Path:
    return (Path("/usr/local") if is_root() else Path.home() / ".local") / "lib/kronkers-julia"


def install(log: Path, folder: Path | None = None) -> Path:
    """Puts Julia into the folder and a link to it where programs are looked for; the path of the program.

    Harmless to repeat: a Julia that is there and passes the proof stays. Raises NotHere.
    """
    folder = folder or default_folder()
    program = folder / "bin/julia"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(folder), log.open("a") as out:
        if not (program.exists() and passes_proof(program, out)):
            refuse_elsewhere()
            with tempfile.TemporaryDirectory(prefix=".julia-", dir=folder.parent) as work:
                place(unpacked(Path(work), out), folder, out)
        link(program)
    return program


def refuse_elsewhere() -> None:
    """Raises NotHere on anything that is not a Debian 12 with the tools of one."""
    if debian_codename() != "bookworm":
        raise NotHere("no Julia here, and this command can only bring one to Debian 12")
    absent = [name for name in NEEDED_PROGRAMS if not shutil.which(name)]
    if absent or not KEYRING.exists():
        raise NotHere(f"no Julia here, and bringing one needs {', '.join(absent) or KEYRING}")


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def unpacked(work: Path, out: TextIO) -> Path:
    """A folder below `work` that holds Julia and all its libraries."""
    apt = PrivateApt(work, out)
    apt.update()
    packages = apt.needed_by("julia")
    archives = apt.download(packages)
    root = work / "root"
    root.mkdir()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda archive: call(["dpkg-deb", "-x", str(archive), str(root)], out), archives))
    settle(root)
    (root / "PACKAGES").write_text("\n".join(packages) + "\n")
    return root


class PrivateApt:
    """apt with a state of its own, on the mirror of this machine, that believes almost nothing is installed."""

    def __init__(self, work: Path, out: TextIO) -> None:
        self.work = work
        self.out = out
        for name in ("state/lists/partial", "cache/archives/partial", "log", "archives"):
            (work / name).mkdir(parents=True)
        machine = call(["dpkg", "--print-architecture"], out).strip()
        (work / "status").write_text("".join(GIVEN.format(name=name, machine=machine) for name in TAKEN_AS_GIVEN))
        (work / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {SUITE} main\n")
        (work / "apt.conf").write_text(APT_CONF.format(work=work))
        self.environment = dict(os.environ) | {"APT_CONFIG": str(work / "apt.conf"), "LC_ALL": "C"}

    def update(self) -> None:
        try:
            self.call("apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any")
        except NotHere as reason:
            raise NotHere(f"the Debian mirror of this machine does not give the suite {SUITE} ({reason})") from reason

    def needed_by(self, package: str) -> list[str]:
        """`name=version` of the package and everything it depends on, without what is taken as given."""
        plan = self.call("apt-get", "install", "--simulate", "-q", package)
        planned = re.finditer(r"^Inst (\S+) \((\S+) ", plan, re.MULTILINE)
        return [f"{match[1]}={match[2]}" for match in planned]

    def download(self, packages: list[str]) -> list[Path]:
        self.call("apt-get", "download", "-q", *packages, cwd=self.work / "archives")
        return sorted((self.work / "archives").glob("*.deb"))

    def call(self, *command: str, cwd: Path | None = None) -> str:
        return call(command, self.out, env=self.environment, cwd=cwd)


def mirror(settings: Path = Path("/etc/apt")) -> str:
    """The address this machine gets its own Debian packages from. Raises NotHere if its settings name none."""
    codename = debian_codename()
    for file in sorted((settings / "sources.list.d").glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", file.read_text()):
            fields: dict[str, str] = dict(re.findall(r"^(URIs|Suites):\s*(.+)$", stanza, re.MULTILINE))
            if codename in fields.get("Suites", "").split():
                return fields["URIs"].split()[0]
    for file in [settings / "sources.list", *sorted((settings / "sources.list.d").glob("*.list"))]:
        text = file.read_text() if file.exists() else ""
        found = re.search(rf"^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+{codename}\s", text, re.MULTILINE)
        if found:
            return found[1]
    raise NotHere(f"apt's settings name no mirror for {codename}")


def settle(root: Path) -> None:
    """Makes a program of the unpacked files: one library folder, no broken links, a launcher."""
    for name in NOT_NEEDED:
        shutil.rmtree(root / name, ignore_errors=True)
    if (root / "lib").is_dir() and not (root / "lib").is_symlink():
        shutil.copytree(root / "lib", root / "usr/lib", symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(root / "lib")
    [julia] = (root / "usr/lib").glob("*/julia")
    libraries = julia.parent
    mend_links(julia, libraries)
    launcher = root / "bin/julia"
    launcher.parent.mkdir(exist_ok=True)
    launcher.write_text(LAUNCHER.replace("TRIPLET", libraries.name))
    launcher.chmod(0o755)
    root.chmod(0o755)


def mend_links(julia: Path, libraries: Path) -> None:
    """Links beside Julia's system image name libraries by absolute path: let them name the ones unpacked here."""
    for entry in julia.iterdir():
        if entry.is_symlink() and not entry.exists():
            here = libraries / Path(os.readlink(entry)).name
            entry.unlink()
            if here.exists():
                entry.symlink_to(os.path.relpath(here, julia))


def place(root: Path, folder: Path, out: TextIO) -> None:
    """Moves a Julia that passed the proof to its folder. Raises NotHere if it does not pass."""
    if not passes_proof(root / "bin/julia", out):
        raise NotHere("the Julia of Debian 11 was unpacked and does not work on this machine")
    if folder.exists():
        shutil.rmtree(folder)
    root.rename(folder)


def passes_proof(program: Path, out: TextIO) -> bool:
    environment = {"PATH": os.defpath, "HOME": tempfile.gettempdir(), "JULIA_LOAD_PATH": "@stdlib"}
    command = [str(program), "--startup-file=no", "--history-file=no", "-e", PROOF]
    return subprocess.run(command, env=environment, stdout=out, stderr=out, check=False).returncode == 0


def link(program: Path) -> None:
    """A link in /usr/local/bin or ~/.local/bin; a real program of that name there is left alone."""
    where = (Path("/usr/local") if is_root() else Path.home() / ".local") / "bin/julia"
    where.parent.mkdir(parents=True, exist_ok=True)
    if where.is_symlink():
        where.unlink()
    if not where.exists():
        where.symlink_to(program)


def call(command: Sequence[str], out: TextIO, *, env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    """What the command prints, copied to the log. Raises NotHere with its last line."""
    done = subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, check=False)
    out.write(done.stdout + done.stderr)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise NotHere(last)
    return done.stdout


if __name__ == "__main__":
    try:
        print(install(Path(os.devnull)))
    except NotHere as reason:
        sys.exit(str(reason))
