"""Prometheus for the tests, which ask it what the dashboard asks it."""

from __future__ import annotations

import shutil
from pathlib import Path

from scripts import apt
from scripts.machine import TOOLS, Trouble, find, run

PROGRAMS = ("prometheus", "promtool")
REMEDY = "install Prometheus so that `prometheus` and `promtool` are on the PATH; without it its tests are skipped"


def install(log: Path) -> None:
    """Unpacks Debian's package into `.tools`: to install it would start a service of the machine."""
    apt.refresh(log, otherwise=REMEDY)
    place = TOOLS / "prometheus"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    # Debian's apt drops root for downloads, and may not write into a clone then.
    run(["sh", "-c", f"cd '{place}' && apt-get download -q -o APT::Sandbox::User=root prometheus"], log)
    packages = list(place.glob("prometheus_*.deb"))
    if not packages:
        raise Trouble("Debian's package of Prometheus did not come", REMEDY)
    run(["dpkg-deb", "-x", packages[0], place], log)
    packages[0].unlink()
    (TOOLS / "bin").mkdir(exist_ok=True)
    for name in PROGRAMS:
        link = TOOLS / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(place / "usr/bin" / name)


def is_there() -> bool:
    return all(find(name) for name in PROGRAMS)
