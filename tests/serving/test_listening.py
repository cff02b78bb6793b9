"""The port of predictions: taken, remembered, refused in words."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

import pytest

from jupyter_kronkers.errors import Conflict
from jupyter_kronkers.serving import listening
from jupyter_kronkers.serving.listening import holder_of, listen, url_of

LISTENER = """
import socket, sys, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
time.sleep(float(sys.argv[1]))
"""


@pytest.fixture
def stranger():
    """`stranger(600)`: another process that listens for so many seconds; gives its port."""
    started: list[subprocess.Popen[str]] = []

    def start(seconds: float, *words: str) -> int:
        command = [sys.executable, "-c", LISTENER, str(seconds), *words]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return int(process.stdout.readline())

    start.started = started
    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_port_that_a_stranger_has_is_refused_naming_him(stranger, tmp_path, monkeypatch):
    """faults: 166, 167"""
    monkeypatch.setattr(listening, "STRANGERS_S", 0.1)
    port = stranger(600)
    with pytest.raises(Conflict) as refused:
        listen("127.0.0.1", port, tmp_path / "port")
    assert f"127.0.0.1:{port}" in refused.value.message
    assert f"pid {stranger.started[0].pid}" in refused.value.message
    assert not (tmp_path / "port").exists()


def test_a_gateway_that_is_just_ending_is_waited_for(stranger, tmp_path, monkeypatch):
    """faults: 166"""
    monkeypatch.setattr(listening, "STRANGERS_S", 0.3)
    port = stranger(1.5, "jupyter_kronkers.serving")
    listen("127.0.0.1", port, tmp_path / "port").close()


def test_a_remembered_port_that_is_gone_is_replaced_and_told(stranger, tmp_path, monkeypatch, caplog):
    """faults: 167"""
    monkeypatch.setattr(listening, "STRANGERS_S", 0.1)
    port = stranger(600)
    (tmp_path / "port").write_text(str(port))
    with listen("127.0.0.1", 0, tmp_path / "port") as found:
        other = found.getsockname()[1]
    assert other != port
    assert f"127.0.0.1:{port}" in caplog.text
    assert int((tmp_path / "port").read_text()) == other


@pytest.mark.parametrize("content", ["", "no port", "0", "70000", "\0"])
def test_a_broken_memory_of_the_port_is_no_trouble(tmp_path, content):
    (tmp_path / "port").write_text(content)
    listen("127.0.0.1", 0, tmp_path / "port").close()


@pytest.mark.parametrize(
    ("host", "words"), [("192.0.2.1", "no such address"), ("no-such-host.invalid", "nobody knows that name")]
)
def test_an_address_that_is_not_ours_is_refused_in_words_at_once(tmp_path, host, words):
    """faults: 167. 192.0.2.0/24 is for documentation (RFC 5737): no machine has it."""
    began = time.monotonic()
    with pytest.raises(Conflict, match=words):
        listen(host, 0, tmp_path / "port")
    assert time.monotonic() - began < 5


@pytest.mark.skipif(not socket.has_ipv6 or not os.path.exists("/proc/net/if_inet6"), reason="no IPv6 here")
def test_a_machine_with_ipv6_only_is_served(tmp_path):
    """faults: 167"""
    with listen("::1", 0, tmp_path / "port") as found:
        port = found.getsockname()[1]
        assert url_of(found) == f"http://[::1]:{port}"
        assert holder_of(port).pid == os.getpid()
        socket.create_connection(("::1", port)).close()


def test_nobody_holds_a_free_port(tmp_path):
    with listen("127.0.0.1", 0, tmp_path / "port") as found:
        port = found.getsockname()[1]
    assert holder_of(port) is None
