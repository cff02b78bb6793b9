"""What a model can reach from behind the fence: once with bubblewrap, once with limits alone. Tested from inside."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from pathlib import Path

import cloudpickle
import numpy as np
import psutil
import pytest

from jupyter_kronkers.errors import HostDied, HostFailed, ModelFailed
from jupyter_kronkers.languages import Column, Host, Limits, Runtime, fence, find, mounts
from jupyter_kronkers.store import Folders
from tests.languages.hosts.models import save

needs_bwrap = pytest.mark.skipif(not fence.protection().program, reason=f"{fence.INSTALL}")
walls = pytest.mark.parametrize("walls", [pytest.param("required", marks=needs_bwrap), "off"])
SECRET = "hunter2"
cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A data folder with a key, and TMPDIR beside it."""
    (tmp_path / "t").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "t"))
    folders = Folders(tmp_path / "kronkers").prepare()
    (folders.keys / "signing.key").write_text(SECRET)
    (folders.models / "other").mkdir()
    return folders


@pytest.fixture
def inside(folders):
    """inside(look, walls) is what the function finds when a model of the data folder calls it."""
    started: list[Host] = []

    def run(look, walls: str, **limits: float):
        def predict(_model, rows):
            import json

            return [json.dumps(look())] * len(rows)

        shutil.rmtree(folders.models / "m", ignore_errors=True)
        save(folders.models, "m", cloudpickle.dumps({"object": None, "predict": predict}))
        host = Host.start(folders.models / "m", find("python"), Limits(fence=walls, **limits))
        started.append(host)
        (answer,) = host.predict([Column("x", np.array([1.0]))])
        return json.loads(answer.values[0])

    run.started = started
    yield run
    for host in started:
        host.stop()


WRITTEN_BY_ROOT = ("/", "/usr", "/dev", "/run", "/var/tmp", "/etc", "/proc/sys/kernel")
REFUSED = {"OSError", "PermissionError", "FileNotFoundError"}


def tried(do):
    """What came of it: the error's name, or else the answer."""
    try:
        return do()
    except Exception as problem:  # noqa: BLE001 - whatever hinders it is the answer
        return type(problem).__name__


@walls
def test_a_model_reaches_the_network_only_where_there_is_no_fence(inside, walls):
    """faults: 68"""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def look():
            import socket

            def call():
                with socket.create_connection(("127.0.0.1", port), 5):
                    return "connected"

            return tried(call)

        assert inside(look, walls) == {"required": "ConnectionRefusedError", "off": "connected"}[walls]


@needs_bwrap
def test_a_deployment_may_give_its_model_the_network(inside):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def look():
            import socket

            return socket.create_connection(("127.0.0.1", port), 5).getpeername()[1]

        assert inside(look, "required", network=True) == port


@walls
def test_other_processes_and_their_environment_are_out_of_sight(inside, walls, monkeypatch):
    """faults: 68"""
    owner = os.getpid()

    def look():
        import os

        seen = [pid for pid in os.listdir("/proc") if pid.isdigit()]
        return {"pids": len(seen), "environ": tried(lambda: len(open(f"/proc/{owner}/environ").read()))}

    found = inside(look, walls)
    # bwrap itself and the host; and there is no such process as the owner.
    assert found == {"pids": 2, "environ": "FileNotFoundError"} if walls == "required" else found["pids"] > 2


@walls
def test_no_host_has_its_owners_environment(inside, walls, monkeypatch):
    """faults: 67, 68"""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)

    def look():
        import os
        from pathlib import Path

        return str(dict(os.environ)) + Path("/proc/self/environ").read_text()

    assert SECRET not in inside(look, walls)


@needs_bwrap
def test_keys_databases_and_other_models_are_out_of_sight(inside, folders):
    """faults: 68"""
    root, home = folders.root, Path.home()

    def look():
        import os

        places = [root, root / "models", root / "models" / "m", home, "/run", "/tmp", "/home", "/root"]
        found = {str(place): tried(lambda at=place: os.listdir(at)) for place in places}
        return found | {"key": tried(lambda: open(root / "keys" / "signing.key").read())}

    found = inside(look, "required")
    assert found[str(root)] == ["models"]
    assert found[str(root / "models")] == ["m"]
    assert sorted(found[str(root / "models" / "m")]) == ["capture.json", "model"]
    assert found["key"] == "FileNotFoundError"
    assert not {".ssh", ".jupyter", ".aws", ".gnupg", ".bash_history", ".config"} & set(found[str(home)])
    assert found["/run"] == []


@needs_bwrap
def test_nothing_can_be_written_but_the_private_folder(inside, folders):
    """faults: 68"""
    places = [str(place) for place in (folders.models / "m", Path.home(), sys.prefix, *WRITTEN_BY_ROOT)]
    root = str(folders.root)

    def look():
        import os

        def write(folder):
            with open(os.path.join(folder, "written"), "w") as file:
                return file.write("x")

        def configure():
            with open("/proc/sys/kernel/core_pattern", "r+") as file:
                return file.name

        # The data folder lies below /tmp here, so that its place is one in the private folder.
        private = [os.environ["HOME"], os.environ["TMPDIR"], os.getcwd(), "/tmp", "/dev/shm", root]
        return [[tried(lambda at=at: write(at)) for at in many] for many in (places, private)], tried(configure)

    (refused, written), configured = inside(look, "required")
    assert set(refused) <= REFUSED
    assert configured in REFUSED
    assert written == [1] * 6
    assert not [place for place in ("/tmp", "/dev/shm", root) if (Path(place) / "written").exists()]


@needs_bwrap
def test_a_model_has_no_rights_over_the_machine_even_as_root(inside):
    """faults: 68"""

    def look():
        import subprocess
        from pathlib import Path

        lines = Path("/proc/self/status").read_text().splitlines()
        held = [line.split()[1] for line in lines if line.startswith(("CapEff", "CapPrm", "CapBnd", "NoNewPrivs"))]
        return held, subprocess.run(["mount", "-o", "remount,rw", "/"], capture_output=True, check=False).returncode

    held, remounted = inside(look, "required")
    assert held == ["0" * 16, "0" * 16, "0" * 16, "1"]
    assert remounted != 0


@needs_bwrap
def test_a_model_can_start_processes_of_its_own_and_share_memory_with_them(inside):
    def look():
        import multiprocessing

        context = multiprocessing.get_context("fork")
        queue = context.Queue()
        process = context.Process(target=queue.put, args=(5,))
        process.start()
        process.join(10)
        return queue.get(timeout=10)

    assert inside(look, "required") == 5


@walls
def test_a_host_is_known_by_the_id_that_everybody_sees(inside, walls):
    def look():
        import os

        return os.getpid()

    own = inside(look, walls)
    host = psutil.Process(inside.started[0].pid)
    assert any(word.endswith("host.py") for word in host.cmdline())
    assert own == (2 if walls == "required" else host.pid)


@walls
def test_hosts_go_first_when_memory_runs_out_and_give_way_a_little(inside, walls):
    """faults: 180, 181"""
    inside(lambda: 1, walls)
    host = psutil.Process(inside.started[0].pid)
    assert Path(f"/proc/{host.pid}/oom_score_adj").read_text().strip() == "500"
    assert Path("/proc/self/oom_score_adj").read_text().strip() != "500"
    assert host.nice() == os.getpriority(os.PRIO_PROCESS, 0) + 1


@walls
@pytest.mark.slow
@pytest.mark.parametrize("what", ["processes", "threads"])
def test_a_host_that_starts_too_much_is_ended_with_all_of_it(inside, walls, what):
    """faults: 64, 182"""

    def look():
        import os
        import threading
        import time

        for _ in range(60):
            if what == "threads":
                threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            elif os.fork() == 0:
                time.sleep(60)
        time.sleep(60)

    with pytest.raises(HostDied, match="more processes and threads than it may"):
        inside(look, walls, tasks=40)
    assert [p for p in psutil.Process().children(recursive=True) if p.status() != "zombie"] == []


@walls
def test_files_run_out_inside_a_host_only(inside, walls):
    """faults: 182"""

    def look():
        import os

        return tried(lambda: [os.open("/dev/null", os.O_RDONLY) for _ in range(1_000)])

    assert inside(look, walls, open_files=64) == "OSError"


# With a fence or without


def test_a_fence_that_is_required_and_not_there_starts_nothing(folders, monkeypatch):
    monkeypatch.setenv("PATH", str(folders.root))
    save(folders.models, "m", cloudpickle.dumps({"object": None, "predict": None}))
    with pytest.raises(HostFailed, match="must be fenced") as caught:
        Host.start(folders.models / "m", find("python"), Limits(fence="required"))
    assert "bubblewrap" in caught.value.remedy


def test_the_environment_says_whether_there_is_a_fence(monkeypatch):
    monkeypatch.setenv("KRONKERS_FENCE", "off")
    assert fence.protection().program == ()
    monkeypatch.setenv("KRONKERS_FENCE", "auto")
    monkeypatch.setenv("PATH", "")
    assert "limits only" in fence.protection().words
    assert "bubblewrap" in fence.protection().remedy


def test_a_bubblewrap_that_may_do_nothing_counts_as_none(tmp_path):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    broken.chmod(0o755)
    assert fence.probed(str(broken)).program == ()
    assert "namespaces" in fence.probed(str(broken)).words


@needs_bwrap
@pytest.mark.skipif(shutil.which("julia") is None, reason="needs julia")
def test_a_depot_that_cannot_be_written_to_is_read_all_the_same(models):
    (depot,) = [path for path in find("julia").library_paths if path.endswith(".julia")][:1]
    before = {str(path) for path in Path(depot).rglob("*.ji")}
    runtime = find("julia")
    with Host.start(models("julia") / "doubles", runtime, Limits(fence="required")) as host:
        (answer,) = host.predict([Column("x", np.array([2.0]))])
    assert answer.values.tolist() == [4.0]
    assert {str(path) for path in Path(depot).rglob("*.ji")} == before


def test_the_data_folder_is_found_from_an_artifact_in_it(folders, tmp_path):
    assert mounts.data_folder(folders.gateway / "cache/ab/data") == str(folders.root)
    assert mounts.data_folder(tmp_path) == ""


def test_a_program_that_is_not_there_is_named(tmp_path, models):
    with pytest.raises(HostFailed, match="could not be started"):
        Host.start(models("python") / "doubles", Runtime("python", "3.11", str(tmp_path / "none")), Limits(fence="off"))


def test_a_model_error_is_one_with_and_without_a_fence(inside):
    def look():
        raise ValueError("no")

    for walls in ["off", *(["required"] if fence.protection().program else [])]:
        with pytest.raises(ModelFailed, match="no"):
            inside(look, walls)


def test_a_folder_whose_watcher_was_killed_is_removed_by_the_next(host, tmp_path):
    abandoned, young = tmp_path / "kronkers-host-1", tmp_path / "kronkers-host-2"
    living = host("python", "doubles")
    (room,) = tmp_path.glob("kronkers-host-*")
    for folder in (abandoned, young):
        (folder / "tmp").mkdir(parents=True)
    for folder in (abandoned, room):
        os.utime(folder, (1, 1))
    host("python", "doubles")
    assert not abandoned.exists()
    assert young.exists()
    assert room.exists()
    assert living.alive
