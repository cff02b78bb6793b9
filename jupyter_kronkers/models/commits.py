"""Where git stood in a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from jupyter_kronkers.models.versions import Commit

LIMIT_S = 5.0


def commit_of(folder: Path) -> Commit | None:
    """The commit checked out in `folder`; None without git, a repository or a first commit."""
    if shutil.which("git") is None or not folder.is_dir():
        return None
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    if not commit:
        return None
    branch = _git(folder, "symbolic-ref", "--quiet", "--short", "HEAD")
    return Commit(commit=commit, branch=branch or None, dirty=_git(folder, "status", "--porcelain") != "")


def _git(folder: Path, *words: str) -> str | None:
    """What git says; None if it fails or takes too long."""
    # A repository may name a program to watch its files. Nothing of it runs here, and nothing is written.
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *words]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        told = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.decode(errors="replace").strip()
