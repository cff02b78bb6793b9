"""The three tongues: hosts that serve models, the frames they speak, and which of them this machine has.

Light to import: what takes NumPy or a process is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_kronkers.languages.carried import pyfunc_files
    from jupyter_kronkers.languages.frames import BadFrame, Column, Frame
    from jupyter_kronkers.languages.hosts import Host, Limits, Ready, Runtime, command
    from jupyter_kronkers.languages.runtimes import LANGUAGES, LanguageFound, find, runtime_of, survey
    from jupyter_kronkers.languages.signatures import Field, Signature

__all__ = [
    "LANGUAGES",
    "BadFrame",
    "Column",
    "Field",
    "Frame",
    "Host",
    "LanguageFound",
    "Limits",
    "Ready",
    "Runtime",
    "Signature",
    "command",
    "find",
    "pyfunc_files",
    "runtime_of",
    "survey",
]

_ROOM = {
    "carried": ["pyfunc_files"],
    "frames": ["BadFrame", "Column", "Frame"],
    "hosts": ["Host", "Limits", "Ready", "Runtime", "command"],
    "runtimes": ["LANGUAGES", "LanguageFound", "find", "runtime_of", "survey"],
    "signatures": ["Field", "Signature"],
}
_MODULE_OF = {name: module for module, names in _ROOM.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
