"""What a gateway leaves with its supervisor: held, handed on, dropped. The thing kept here is a child behind a pipe."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from jupyter_kronkers.serving.gateway.keeping import MOST_DESCRIPTORS, Keeping
from jupyter_kronkers.serving.gateway.sharing import Shares
from jupyter_kronkers.serving.supervising import custody
from jupyter_kronkers.serving.supervising.custody import KIND, Custody
from jupyter_kronkers.serving.supervising.slots import FORGIVEN_S, MISTRUSTED_AFTER, SILENT_S, Ground, Slot
from tests.serving.conftest import gone, until


@pytest.fixture
def channel():
    ours, theirs = socket.socketpair(socket.AF_UNIX, KIND)
    ours.setblocking(False)
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture
def kept_here(channel):
    """A custody, and the keeping that speaks to it."""
    held = Custody()
    yield held, Keeping(channel[1])
    held.close()


def take_all(held: Custody, ours: socket.socket) -> None:
    try:
        while True:
            held.hear(ours)
    except (BlockingIOError, EOFError):
        pass


def listens_to_a_pipe() -> tuple[subprocess.Popen[bytes], int]:
    """A child that lives as long as anyone holds the other end of its standard input."""
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    return process, process.stdin.fileno()


def test_a_child_lives_on_while_its_pipe_is_kept_and_ends_when_it_is_dropped(channel, kept_here):
    """faults: 160"""
    held, keeping = kept_here
    child, pipe = listens_to_a_pipe()
    keeping.keep("host", {"version": "churn 4"}, [pipe])
    take_all(held, channel[0])
    child.stdin.close()
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.3)
    keeping.drop("host")
    take_all(held, channel[0])
    assert child.wait(10) == 0


def test_the_successor_takes_what_fits_and_closes_the_rest(channel, kept_here, tmp_path):
    held, keeping = kept_here
    pipes = {name: os.pipe() for name in ("a", "b")}
    for name, (read, write) in pipes.items():
        keeping.keep(name, {"version": "churn 4", "kind": name}, [read, write])
    take_all(held, channel[0])
    held.write(tmp_path / "kept")
    numbers = held.descriptors
    successor = Keeping.inherited(os.dup(channel[1].fileno()), tmp_path / "kept")
    found = successor.take(kind="b", version="churn 4")
    assert found.name == "b"
    os.write(pipes["b"][1], b"through")
    assert os.read(found.descriptors[0], 10) == b"through"
    assert successor.take(kind="b") is None, "each is given once"
    successor.close_rest()
    take_all(held, channel[0])
    assert held.names == ["b"], "what was taken is held on, for a second kill"
    assert not (tmp_path / "kept").exists()
    held._held.clear()
    for descriptor in (*found.descriptors, *(n for pair in pipes.values() for n in pair)):
        os.close(descriptor)
    assert len(numbers) == 4


def test_the_same_name_replaces_and_too_much_is_not_kept(channel, kept_here, monkeypatch):
    monkeypatch.setattr(custody, "MOST_KEPT", 2)
    held, keeping = kept_here
    with open(os.devnull) as nothing:
        for name in ("a", "a", "b", "c"):
            keeping.keep(name, {}, [nothing.fileno()])
        keeping.keep("d", {}, [nothing.fileno()] * (MOST_DESCRIPTORS + 1))
        take_all(held, channel[0])
    assert held.names == ["a", "b"]
    assert len(held.descriptors) == 2


def test_descriptors_that_are_kept_are_inherited_by_nobody(channel, kept_here):
    held, keeping = kept_here
    with open(os.devnull) as nothing:
        keeping.keep("a", {}, [nothing.fileno()])
    take_all(held, channel[0])
    assert [os.get_inheritable(number) for number in held.descriptors] == [False]


@pytest.mark.parametrize("said", [b"{", b"null", b'{"type":"keep"}', b'{"type":"nonsense"}', b"x" * 20_000])
def test_nonsense_keeps_nothing_and_leaks_no_descriptor(channel, kept_here, said):
    held, _ = kept_here
    before = psutil.Process().num_fds()
    with open(os.devnull) as nothing:
        socket.send_fds(channel[1], [said], [nothing.fileno()])
    take_all(held, channel[0])
    assert held.names == []
    assert psutil.Process().num_fds() == before


def test_a_supervisor_that_does_not_listen_delays_nobody(channel):
    """faults: 183"""
    keeping = Keeping(channel[1])
    with open(os.devnull) as nothing:
        for number in range(2_000):
            keeping.keep(f"host {number}", {"fact": "x" * 1_000}, [nothing.fileno()])


def test_without_a_supervisor_nothing_is_kept():
    keeping = Keeping()
    keeping.keep("a", {}, [0])
    keeping.drop("a")
    assert keeping.take() is None
    keeping.close_rest()


# With a real gateway process


@pytest.fixture
def slot(place, makes):
    ground_place = Path(place) / "gw"
    ground_place.mkdir(exist_ok=True)
    listening = socket.create_server(("127.0.0.1", 0))
    shares = Shares.create(ground_place / "shares")
    slot = Slot(0, Ground(makes.folders.gateway, ground_place, listening, shares), 0.0)
    yield slot
    slot.signal(9)
    until(lambda: slot.pid == 0 or slot.reap(time.monotonic()), "its end")
    slot.give_up()
    listening.close()


@pytest.mark.slow
def test_a_killed_gateways_things_are_handed_on_and_closed_if_nobody_takes_them(slot):
    """faults: 160"""
    child, pipe = listens_to_a_pipe()
    slot.custody._held["host"] = ({"version": "none"}, (os.dup(pipe),))
    child.stdin.close()
    slot.start(0.0)
    assert f"{slot.custody.descriptors[0]}" in os.listdir(f"/proc/{slot.pid}/fd"), "the gateway inherits it"
    # It has no route, so nothing can need what was left.
    until(lambda: not (slot.hear(time.monotonic()) or slot.custody.names), "the drop")
    assert child.wait(10) == 0


@pytest.mark.slow
def test_gateways_that_end_early_again_and_again_get_nothing_of_what_was_left(slot):
    child, pipe = listens_to_a_pipe()
    slot.custody._held["host"] = ({}, (os.dup(pipe),))
    child.stdin.close()
    for _ in range(MISTRUSTED_AFTER):
        slot.start(0.0)
        slot.signal(9)
        until(lambda: slot.reap(FORGIVEN_S - 1), "its end")
    assert slot.custody.names == ["host"]
    assert slot.due > FORGIVEN_S - 1, "the next start is later"
    slot.start(0.0)
    until(lambda: gone([child.pid]), "the end of what nobody trusts")
    child.wait()


@pytest.mark.slow
def test_a_gateway_whose_loop_stands_still_is_killed(slot):
    slot.start(time.monotonic())
    until(lambda: slot.hear(time.monotonic()) or slot._beats, "its first beat")
    slot.check(time.monotonic() + SILENT_S - 1)
    assert not slot.reap(time.monotonic())
    slot.check(time.monotonic() + SILENT_S + 1)
    until(lambda: slot.reap(time.monotonic()), "its end")
