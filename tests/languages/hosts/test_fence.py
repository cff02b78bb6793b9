"""What a model does wrong costs its caller a clear error, and nobody else anything; nothing of it stays behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from jupyter_kronkers.errors import HostDied, HostFailed, ModelFailed, TimedOut
from jupyter_kronkers.languages import Host, Limits, Runtime

LANGUAGES = ["python", "r", "julia"]
pytestmark = pytest.mark.slow


def gone(pid: int, within_s: float = 10) -> bool:
    """Wait for the process's end."""
    try:
        psutil.Process(pid).wait(within_s)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def sleepers() -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "86399"]]


def rooms(tmp_path: Path) -> list[Path]:
    return list(tmp_path.glob("kronkers-*"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_model_that_quits_costs_its_caller_an_error(host, ones, language, tmp_path):
    """faults: 64"""
    running = host(language, "quits")
    with pytest.raises(HostDied, match="ended by itself") as caught:
        running.predict(ones)
    assert "quit()" in caught.value.remedy
    assert gone(running.pid)
    assert not running.alive
    assert rooms(tmp_path) == []


def test_sys_exit_in_a_model_costs_one_request_and_not_the_host(host, ones):
    """faults: 64"""
    running = host("python", "exits")
    for _ in range(2):
        with pytest.raises(ModelFailed, match=r"sys\.exit\(3\)"):
            running.predict(ones)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_crash_costs_its_caller_an_error(host, ones, language, tmp_path):
    """faults: 64"""
    running = host(language, "crashes")
    with pytest.raises(HostDied, match="crashed"):
        running.predict(ones)
    assert gone(running.pid)
    assert rooms(tmp_path) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_endless_loop_is_ended_at_its_limit(host, ones, language):
    """faults: 65"""
    running = host(language, "loops", request_s=1.0)
    with pytest.raises(TimedOut, match="longer than 1 s"):
        running.predict(ones)
    assert gone(running.pid)


def test_a_model_that_takes_too_long_to_load_is_ended_at_its_limit(host, tmp_path):
    """faults: 188"""
    with pytest.raises(TimedOut, match="Starting the python host took longer than 2 s"):
        host("python", "slow", start_s=2.0)
    assert rooms(tmp_path) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_endless_prints_fill_neither_the_disk_nor_the_reader(host, ones, language, tmp_path):
    """faults: 64"""
    log = tmp_path / "log"
    running = host(language, "prints", log=log, request_s=3.0, log_bytes=200_000)
    used = psutil.Process().cpu_times()
    with pytest.raises(TimedOut):
        running.predict(ones)
    assert log.stat().st_size + Path(f"{log}.1").stat().st_size <= 2 * 200_000
    assert psutil.Process().cpu_times().user - used.user < 0.5


@pytest.mark.parametrize("language", LANGUAGES)
def test_gigabytes_of_memory_are_refused(host, ones, language):
    """faults: 66"""
    running = host(language, "eats", memory_bytes=1 << 30)
    with pytest.raises(ModelFailed) as caught:
        running.predict(ones)
    assert "memory" in caught.value.remedy


@pytest.mark.parametrize(("model", "words"), [("writes_much", "File too large"), ("opens_many", "Too many open files")])
def test_files_are_limited_in_size_and_number(host, ones, model, words):
    with pytest.raises(ModelFailed, match=words):
        host("python", model).predict(ones)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_model_starts_ends_with_its_host(host, ones, language):
    """faults: 64"""
    with pytest.raises(HostDied):
        host(language, "leaves_children").predict(ones)
    assert sleepers() == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_host_sees_nothing_of_its_owners_environment(host, ones, language, monkeypatch, tmp_path):
    """faults: 67 68"""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("KRONKERS_TOKEN", "hunter2")
    (answer,) = host(language, "environment").predict(ones)
    told = json.loads(answer.values[0])
    assert "hunter2" not in answer.values[0]
    assert not [name for name in told["environ"] if name.startswith("KRONKERS")]
    assert told["cwd"] == told["environ"]["HOME"]
    assert Path(told["cwd"]).parent == tmp_path


@pytest.mark.parametrize("language", LANGUAGES)
def test_stop_ends_the_host_and_removes_its_folder(host, language, tmp_path):
    running = host(language, "doubles")
    assert len(rooms(tmp_path)) == 1
    assert rooms(tmp_path)[0].stat().st_mode & 0o777 == 0o700
    running.stop()
    running.stop()
    assert gone(running.pid)
    assert rooms(tmp_path) == []


def test_a_stopped_host_answers_nobody(host, ones):
    running = host("python", "doubles")
    running.stop()
    with pytest.raises(HostDied):
        running.predict(ones)


def test_a_host_that_closes_its_pipes_and_goes_on_is_ended(host, ones):
    running = host("python", "closes_its_pipes")
    with pytest.raises(HostDied, match="closed its pipes"):
        running.predict(ones)
    assert gone(running.pid)


def test_a_host_can_be_stopped_while_another_thread_waits_for_it(host, ones):
    running = host("python", "loops")
    told: list[Exception] = []

    def wait() -> None:
        try:
            running.predict(ones)
        except HostDied as death:
            told.append(death)

    thread = threading.Thread(target=wait)
    thread.start()
    running.stop()
    thread.join(10)
    assert len(told) == 1


def test_a_host_outlives_the_thread_that_started_it(host, ones):
    # A signal at the parent's death would come when the parent *thread* ends.
    started = []
    thread = threading.Thread(target=lambda: started.append(host("python", "doubles")))
    thread.start()
    thread.join()
    (answer,) = started[0].predict(ones)
    assert answer.values.tolist() == [2.0, 4.0]


def test_threads_share_a_host(host, ones):
    running = host("python", "doubles")
    answers: list[list[float]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(running.predict(ones)[0].values.tolist())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [[2.0, 4.0]] * 8


OWNER = """
import sys
from pathlib import Path
import numpy as np
from jupyter_kronkers.languages import Column, Host, Limits, find
host = Host.start(Path(sys.argv[1]), find(sys.argv[2]), Limits(request_s=600))
print(host.pid, host._process._child.pid, flush=True)
host.predict([Column("x", np.array([1.0]))])
"""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_dead_owner_means_a_dead_host_even_in_an_endless_loop(models, language, number, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    command = [sys.executable, "-c", OWNER, str(models(language) / "loops"), language]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        host, watcher = map(int, owner.stdout.readline().split())
        owner.send_signal(number)
    assert gone(host)
    assert gone(watcher)
    assert [room for room in rooms(tmp_path) if room.name.startswith("kronkers-host")] == []


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has no signal at a parent's death")
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_killed_watcher_means_a_dead_host(host, ones, language):
    running = host(language, "doubles")
    os.kill(psutil.Process(running.pid).ppid(), signal.SIGKILL)
    assert gone(running.pid)
    with pytest.raises(HostDied):
        running.predict(ones)


def test_an_interpreter_that_is_not_there_is_a_failed_start(models, tmp_path):
    with pytest.raises(HostFailed, match="could not be started") as caught:
        Host.start(models("python") / "doubles", Runtime("python", "3.11", str(tmp_path / "python")))
    assert "jupyter kronkers languages" in caught.value.remedy


SIMPLE = """
import os, struct, sys
answers = int(sys.argv[-1])
os.write(answers, {answer})
"""


@pytest.mark.parametrize(
    "answer",
    ["b'garbage and more garbage'", "struct.pack('<Q', 2**63)", "struct.pack('<I', 200) + b'KF1\\n'", "b'\\xff' * 100"],
)
def test_garbled_frames_of_a_host_end_it(models, tmp_path, answer):
    """faults: 189"""
    program = tmp_path / "python"
    program.write_text(f"#!{sys.executable}\n" + SIMPLE.format(answer=answer))
    program.chmod(0o755)
    with pytest.raises(HostFailed, match="no frame"):
        Host.start(models("python") / "doubles", Runtime("python", "3.11", str(program)), Limits(start_s=10))


def test_a_log_that_grows_keeps_its_end(host, ones, tmp_path):
    log = tmp_path / "log"
    running = host("python", "prints_then_answers", log=log, log_bytes=10_000)
    for _ in range(20):
        running.predict(ones)
    running.stop()
    assert log.stat().st_size <= 10_000
    assert Path(f"{log}.1").stat().st_size <= 10_000
