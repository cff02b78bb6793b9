"""A seed of R loads once and forks hosts that answer as any other does."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from jupyter_kronkers.languages import Column, frames
from jupyter_kronkers.languages.commands import HERE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="seeds need Linux"),
]
WARM_UP = frames.encode(frames.REQUEST, 0, [Column("x", np.array([1.0]))])[4:].hex()


class Seed:
    """The seed on a model, and the hosts that it forks."""

    def __init__(self, data: Path, folder: Path) -> None:
        self.folder = folder
        its_in, self.commands = os.pipe()
        said, its_out = os.pipe()
        told = {"KRONKERS_SEED": str(folder), "KRONKERS_ANSWERS": "0", "KRONKERS_WARM_UP": WARM_UP}
        program = ["Rscript", "--vanilla", str(HERE / "r" / "host.R"), str(data), str(its_in), str(its_out)]
        log = (folder / "log").open("ab")
        self.process = subprocess.Popen(
            program, env=os.environ | told, pass_fds=(its_in, its_out), stdout=log, stderr=log, start_new_session=True
        )
        log.close()
        os.close(its_in)
        os.close(its_out)
        self.said = os.fdopen(said, "rb", 0)
        ready = frames.read(self.said)
        self.ready = {column.name: column.values[0] for column in ready.columns}

    def tell(self, line: str) -> None:
        os.write(self.commands, line.encode() + b"\n")

    def line(self) -> list[str]:
        return self.said.readline().decode().split()

    def fork(self, name: str) -> Replica:
        ends = [self.folder / f"{name}.{end}" for end in "qa"]
        for end in ends:
            os.mkfifo(end)
        descriptors = [os.open(end, os.O_RDWR) for end in ends]
        self.tell(f"fork {name}")
        word, id, pid = self.line()
        assert (word, id) == ("forked", name)
        return Replica(int(pid), *descriptors)

    def stop(self) -> None:
        os.close(self.commands)
        self.process.wait(10)
        self.said.close()


class Replica:
    def __init__(self, pid: int, requests: int, answers: int) -> None:
        self.pid = pid
        self.requests, self.answers = os.fdopen(requests, "wb", 0), os.fdopen(answers, "rb", 0)
        ready = frames.read(self.answers)
        self.ready = {column.name: column.values[0] for column in ready.columns}

    def send(self, *values: float) -> None:
        frames.write(self.requests, frames.REQUEST, 7, [Column("x", np.array(values))])

    def answer(self, *values: float) -> list:
        self.send(*values)
        reply = frames.read(self.answers)
        assert reply.id == 7
        return reply.columns[0].values.tolist()


@pytest.fixture
def seed(models, tmp_path) -> Iterator:
    """seed(model) is a seed on a model of `models.R`."""
    started: list[Seed] = []

    def start(model: str) -> Seed:
        started.append(Seed(models("r") / model, tmp_path))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def test_a_seed_forks_hosts_that_answer(seed):
    it = seed("doubles")
    assert it.ready["forks"]
    assert it.ready["pid"] == it.process.pid
    first, second = it.fork("1"), it.fork("2")
    assert first.answer(1.0, 2.5) == [2.0, 5.0]
    assert second.answer(4.0) == [8.0]
    assert first.ready["pid"] == first.pid != second.pid


@pytest.mark.parametrize(("end", "status"), [(signal.SIGKILL, "137"), (signal.SIGTERM, "143")])
def test_a_seed_says_how_its_replica_ended(seed, end, status):
    it = seed("doubles")
    replica, other = it.fork("a1"), it.fork("b2")
    os.kill(replica.pid, end)
    assert it.line() == ["ended", "a1", status]
    assert other.answer(1.0) == [2.0]


def test_a_replica_is_ended_on_command(seed):
    it = seed("doubles")
    replica = it.fork("a1")
    it.tell("end a1")
    assert it.line() == ["ended", "a1", "137"]
    assert not psutil.pid_exists(replica.pid)


def test_the_status_of_a_model_that_quits_is_told(seed):
    """faults: 64"""
    it = seed("quits_when_asked")
    replica = it.fork("a1")
    replica.send(-1.0)
    assert it.line() == ["ended", "a1", "3"]


def test_what_a_replica_started_ends_with_it(seed):
    it = seed("leaves_when_asked")
    replica = it.fork("a1")
    (child,) = map(int, replica.answer(-1.0))
    os.kill(replica.pid, signal.SIGKILL)
    assert it.line() == ["ended", "a1", "137"]
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie"


def test_replicas_draw_other_random_numbers(seed):
    it = seed("random")
    assert it.fork("1").answer(1.0) != it.fork("2").answer(1.0)


@pytest.mark.parametrize("garbage", ["fork ../etc", "spoon 1", "fork", "x" * 100])
def test_a_seed_ends_with_all_its_replicas_at_what_it_does_not_understand(seed, garbage):
    it = seed("doubles")
    replica = it.fork("1")
    it.tell(garbage)
    it.process.wait(10)
    until_gone(replica.pid)


def test_a_seed_ends_with_all_its_replicas_when_its_owner_hangs_up(seed):
    it = seed("doubles")
    replicas = [it.fork("1"), it.fork("2")]
    os.close(it.commands)
    it.commands = os.open(os.devnull, os.O_WRONLY)
    it.process.wait(10)
    for replica in replicas:
        until_gone(replica.pid)


def test_ended_replicas_leave_no_zombies_behind(seed):
    it = seed("doubles")
    for name in ("1", "2", "3"):
        it.fork(name)
        it.tell(f"end {name}")
        assert it.line()[0] == "ended"
    it.fork("4")
    assert len(psutil.Process(it.process.pid).children()) <= 2


def until_gone(pid: int) -> None:
    end = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie":
        assert time.monotonic() < end
        time.sleep(0.01)
