"""Where a model comes from: its interpreter and its packages.

Part of the capture: runs in kernels where our package may be absent.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import sysconfig
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any


def runtime() -> dict[str, Any]:
    """The interpreter, and the folders it finds packages in beside its own."""
    own = {os.path.realpath(sysconfig.get_path(key)) for key in ("stdlib", "platstdlib")}
    own |= {os.path.join(path, "lib-dynload") for path in own} | {os.path.realpath(Path.cwd())}
    return {
        "version": platform.python_version(),
        "executable": sys.executable,
        "library_paths": [path for path in sys.path if os.path.isdir(path) and os.path.realpath(path) not in own],
        "platform": platform.platform(),
    }


def packages(modules: Iterable[str], warnings: list[str]) -> list[dict[str, Any]]:
    """The packages that brought these modules. What cannot be had elsewhere is said in `warnings`."""
    found = {}
    for distribution in brought_by(modules).values():
        name, version = _name_and_version(distribution)
        found[name] = {"name": name, "version": version, "needed": True, "attached": True}
        if "dir_info" in _origin(distribution):
            warnings.append(f"{name} was installed from a folder of this machine; hosts elsewhere will not find it.")
    return [found[name] for name in sorted(found, key=str.lower)]


def brought_by(modules: Iterable[str]) -> dict[str, metadata.Distribution]:
    """The installed package of each module's top package; modules that no package brought are left out."""
    # Like packages_distributions(), which parses every file list there is: that takes twenty times as long.
    left = {module.partition(".")[0] for module in modules}
    found = {}
    for distribution in metadata.distributions() if left else ():
        files = "\n" + (distribution.read_text("RECORD") or "")
        tops = (distribution.read_text("top_level.txt") or "").split()
        for top in [top for top in left if top in tops or f"\n{top}/" in files or f"\n{top}." in files]:
            found[top] = distribution
            left.discard(top)
    return found


def freeze() -> str:
    """One line `name==version` per installed package, with its hash where the installer left one. No addresses."""
    lines: dict[str, str] = {}
    for distribution in metadata.distributions():
        name, version = _name_and_version(distribution)
        digest = _sha256(_origin(distribution))
        pinned = f"{name}=={version} --hash=sha256:{digest}\n" if digest else f"{name}=={version}\n"
        # Of two with one name, the first on the path is the one that is imported.
        lines.setdefault(name.lower(), pinned if name and version else "")
    return "".join(lines[key] for key in sorted(lines))


def _name_and_version(distribution: metadata.Distribution) -> tuple[str, str]:
    """Read as text: what the library does for either takes a parser of mail a millisecond each."""
    head = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    found = [re.search(rf"^{field}: *(.+)$", head, re.MULTILINE) for field in ("Name", "Version")]
    name, version = (match.group(1).strip() if match else "" for match in found)
    return name, version


def _origin(distribution: metadata.Distribution) -> dict[str, Any]:
    """What the installer wrote in direct_url.json; empty for packages of an index."""
    text = distribution.read_text("direct_url.json")
    return dict(json.loads(text)) if text else {}


def _sha256(origin: dict[str, Any]) -> str:
    archive = origin.get("archive_info", {})
    return str(archive.get("hashes", {}).get("sha256") or archive.get("hash", "").partition("sha256=")[2])
