"""Neighbours: what is done to one deployment does not slow another one.

Rounds alone and disturbed take turns, so that a machine that drifts meets both alike.

faults: 52, 65, 181
"""

from __future__ import annotations

import http.client
import json
import math
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from jupyter_kronkers.serving.gateway.routes import ServingLimits
from tests.chaos.alone import Alone, alone
from tests.chaos.callers import Callers
from tests.chaos.findings import Finding
from tests.chaos.lines import slow_line
from tests.chaos.tallies import Tally, together
from tests.serving.conftest import SECRET

GOOD, BAD, ASLEEP = "good", "bad", "asleep"
GOOD_CALLERS, GOOD_RATE = 8, 300.0
LORISES, LORIS_S = 200, 1.0
SLEEPERS, ASLEEP_S = 64, 2.0
HUGE_ROWS, HUGE_SENDERS = 100_000, 4
FLOODERS = 256
MOST_SLOWER, MOST_SLOWER_FLOODED = 1.10, 2.0


@dataclass(frozen=True)
class Size:
    rounds: int
    round_s: float


SMALL = Size(rounds=1, round_s=0.5)
LONG = Size(rounds=5, round_s=10.0)


def run(size: Size, seed: int) -> list[Finding]:
    with alone() as found:
        found.serve(found.fitted(GOOD, 2.0))
        found.serve(found.fitted(BAD, 3.0))
        found.serve(found.own(ASLEEP, 5.0, slow_line(5.0, batch_s=ASLEEP_S)), ServingLimits(queue=SLEEPERS))
        return [disturbed(found, size, seed, words, kind, limit) for words, kind, limit in KINDS]


def disturbed(found: Alone, size: Size, seed: int, words: str, kind: Kind, limit: float) -> Finding:
    began = time.monotonic()
    calm, rough = [], []
    for at in range(size.rounds):
        calm.append(asked(found, size.round_s, seed + at))
        with kind(found):
            rough.append(asked(found, size.round_s, seed + at))
    return judged(words, limit, seed, time.monotonic() - began, calm, rough)


def asked(found: Alone, seconds: float, seed: int) -> Tally:
    with Callers(found.plan(GOOD, callers=GOOD_CALLERS, rate=GOOD_RATE, seed=seed)) as callers:
        time.sleep(seconds)
        return callers.stop()


def judged(words: str, limit: float, seed: int, took: float, calm: list[Tally], rough: list[Tally]) -> Finding:
    before, after = together(calm), together(rough)
    slower = after.quantile_ms(0.99) / max(1e-9, before.quantile_ms(0.99))
    each = ", ".join(f"{b.quantile_ms(0.99):.1f} → {a.quantile_ms(0.99):.1f}" for b, a in zip(calm, rough, strict=True))
    return Finding(
        f"a neighbour's {words}",
        before.asked + after.asked,
        before.failed + after.failed,
        took,
        seed,
        facts={
            "p50 alone and disturbed": f"{before.quantile_ms(0.5):.2f} ms and {after.quantile_ms(0.5):.2f} ms",
            "p99 alone and disturbed": f"{before.quantile_ms(0.99):.2f} ms and {after.quantile_ms(0.99):.2f} ms, "
            f"{slower:.2f} times",
            "p99 of each round": f"{each} ms",
        },
        targets={} if math.isinf(limit) else {f"p99 at most {limit:.2f} times": slower <= limit},
        examples=[*before.examples, *after.examples],
    )


# What the neighbour does

Kind = Callable[[Alone], object]


@contextmanager
def slow_clients(found: Alone) -> Iterator[None]:
    """Half of them send a head by the byte, the others a body."""
    done = threading.Event()
    thread = threading.Thread(target=trickle, args=(found, done))
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def trickle(found: Alone, done: threading.Event) -> None:
    head = f"POST /{BAD}/invocations HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {SECRET}\r\n".encode()
    body = b"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
    lorises: list[socket.socket] = []
    while not done.wait(LORIS_S):
        for _ in range(LORISES - len(lorises)):
            loris = socket.create_connection(("127.0.0.1", found.gateway.port))
            loris.sendall(head + (body if len(lorises) % 2 else b"X-Slow: "))
            lorises.append(loris)
        lorises = [loris for loris in lorises if dripped(loris)]
    for loris in lorises:
        loris.close()


def dripped(loris: socket.socket) -> bool:
    try:
        loris.sendall(b" ")
    except OSError:
        loris.close()
        return False
    return True


@contextmanager
def sleeping_model(found: Alone) -> Iterator[None]:
    """Many wait for a model that sleeps."""
    callers = Callers(found.plan(ASLEEP, callers=SLEEPERS, timeout_s=300.0)).start()
    try:
        yield
    finally:
        callers.kill()


@contextmanager
def huge_bodies(found: Alone) -> Iterator[None]:
    """As many rows as one request may have, again and again."""
    rows = [[float(x), 1.0] for x in range(HUGE_ROWS)]
    body = json.dumps({"dataframe_split": {"columns": ["x", "y"], "data": rows}}).encode()
    done = threading.Event()
    senders = [threading.Thread(target=send, args=(found, body, done)) for _ in range(HUGE_SENDERS)]
    for sender in senders:
        sender.start()
    try:
        yield
    finally:
        done.set()
        for sender in senders:
            sender.join()


def send(found: Alone, body: bytes, done: threading.Event) -> None:
    head = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
    while not done.is_set():
        connection = http.client.HTTPConnection("127.0.0.1", found.gateway.port, timeout=60)
        with suppress(OSError, http.client.HTTPException):
            connection.request("POST", f"/{BAD}/invocations", body, head)
            connection.getresponse().read()
        connection.close()


@contextmanager
def flood(found: Alone) -> Iterator[None]:
    """As much as the gateway takes."""
    callers = Callers(found.plan(BAD, callers=FLOODERS)).start()
    try:
        yield
    finally:
        callers.kill()


@contextmanager
def hogs(_: Alone) -> Iterator[None]:
    """As many busy processes as there are cores, of a host's priority, that have nothing to do with the gateway."""
    words = [sys.executable, "-c", "import os\nos.nice(1)\nwhile True: pass"]
    with ExitStack() as stack:
        for _core in range(os.cpu_count() or 1):
            process = stack.enter_context(subprocess.Popen(words))
            stack.callback(process.kill)
        yield


KINDS: tuple[tuple[str, Kind, float], ...] = (
    (f"{LORISES} slow clients", slow_clients, MOST_SLOWER),
    ("sleeping model", sleeping_model, MOST_SLOWER),
    ("huge bodies", huge_bodies, MOST_SLOWER),
    ("flood", flood, MOST_SLOWER_FLOODED),
    ("busy machine, for comparison", hogs, math.inf),
)
