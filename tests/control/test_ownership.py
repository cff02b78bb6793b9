"""One owner per data folder, with real processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from jupyter_kronkers.control import Ownership, living_owner
from jupyter_kronkers.control.ownership import owned_by_another
from jupyter_kronkers.store.processes import alive, started_at

HOLD = """
import sys
from pathlib import Path
from jupyter_kronkers.control import Ownership
from jupyter_kronkers.store import Folders

ownership = Ownership(Folders(Path(sys.argv[1])), "serve")
print(ownership.take(), flush=True)
ownership.announce("http://127.0.0.1:9/x")
print("announced", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(folders):
    """Another process that owns the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folders.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "True\n"
    assert process.stdout.readline() == "announced\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_process_cannot_own_the_folder(folders, holder):
    """faults: 164, 178"""
    assert not Ownership(folders, "lab").take()


def test_the_living_owner_says_how_to_reach_it(folders, holder):
    plane = living_owner(folders)
    assert (plane.pid, plane.url, plane.kind) == (holder.pid, "http://127.0.0.1:9/x", "serve")


def test_only_the_user_may_read_how_to_reach_it(folders, holder):
    assert (folders.control / "plane.json").stat().st_mode & 0o777 == 0o600


def test_a_killed_owner_is_taken_over(folders, holder):
    holder.kill()
    holder.wait()
    assert living_owner(folders) is None
    ownership = Ownership(folders, "lab")
    assert ownership.take()
    assert living_owner(folders).pid == os.getpid()
    ownership.release()


def test_whoever_comes_second_is_told_pid_and_url(folders, holder):
    told = str(owned_by_another(folders, living_owner(folders)))
    assert f"pid {holder.pid}" in told
    assert "http://127.0.0.1:9/x" in told


def test_a_released_folder_is_free(folders):
    first, second = Ownership(folders, "lab"), Ownership(folders, "serve")
    assert first.take()
    assert not second.take()
    first.release()
    assert living_owner(folders) is None
    assert second.take()
    second.release()


def test_a_file_that_names_a_reused_pid_is_not_believed(folders):
    ownership = Ownership(folders, "lab")
    ownership.take()
    path = folders.control / "plane.json"
    path.write_bytes(path.read_bytes().replace(str(started_at(os.getpid())).encode(), b"1"))
    assert living_owner(folders) is None
    ownership.release()


@pytest.mark.parametrize("content", [b"", b"{", b"null", b'{"url": 3}'])
def test_a_broken_file_is_no_owner(folders, content):
    (folders.control / "plane.json").write_bytes(content)
    assert living_owner(folders) is None


def test_a_zombie_is_not_alive():
    process = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.DEVNULL)
    started = started_at(process.pid)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not alive(process.pid, started)
    process.wait()
