"""Where a model comes from: its interpreter and its packages.

Part of the capture: runs in kernels where our package may be absent.
"""

from __future__ import annotations

import json
import os
import platform
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
    brought = metadata.packages_distributions()
    tops = {module.partition(".")[0] for module in modules}
    names = sorted({name for top in tops for name in brought.get(top, [])[:1]}, key=str.lower)
    for name in names:
        if "dir_info" in _origin(metadata.distribution(name)):
            warnings.append(f"{name} was installed from a folder of this machine; hosts elsewhere will not find it.")
    return [{"name": name, "version": metadata.version(name), "needed": True, "attached": True} for name in names]


def freeze() -> str:
    """One line `name==version` per installed package, with its hash where the installer left one. No addresses."""
    lines: dict[str, str] = {}
    for distribution in metadata.distributions():
        name, digest = distribution.metadata["Name"], _sha256(_origin(distribution))
        if name:
            pinned = f"{name}=={distribution.version}"
            lines.setdefault(name.lower(), f"{pinned} --hash=sha256:{digest}\n" if digest else f"{pinned}\n")
    return "".join(lines[key] for key in sorted(lines))


def _origin(distribution: metadata.Distribution) -> dict[str, Any]:
    """What the installer wrote in direct_url.json; empty for packages of an index."""
    text = distribution.read_text("direct_url.json")
    return dict(json.loads(text)) if text else {}


def _sha256(origin: dict[str, Any]) -> str:
    archive = origin.get("archive_info", {})
    return str(archive.get("hashes", {}).get("sha256") or archive.get("hash", "").partition("sha256=")[2])
