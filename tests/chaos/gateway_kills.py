"""Kills of the gateway: kill -9 while nobody asks, under load, and while a version is swapped.

Connections are never refused; only requests that this very process had in hand may be cut; nothing of it stays behind.

faults: 160
"""

from __future__ import annotations

import http.client
import json
import random
import signal
import socket
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field

import psutil

from tests.chaos.callers import Callers
from tests.chaos.findings import Finding, spread
from tests.chaos.serving import Serving, lives, serving, survivors, until

MODEL = "line"
TARGET_S = 1.0
RATE = 300.0
CALLERS = 16
BACK_S = 60.0
STRAYS_S = 30.0


@dataclass(frozen=True)
class Size:
    """How many kills of each kind, and how long it lives between them."""

    kills: int
    pause_s: float


SMALL = Size(1, pause_s=0.3)
LONG = Size(17, pause_s=31.0)
"""Longer than a gateway must live so that its end is no reason to wait before the next is started."""

IN_A_ROW = "one after the other"


@dataclass
class Watched:
    """What became of the kills of one kind."""

    first_answer_s: list[float] = field(default_factory=list)
    refused: int = 0
    cut: int = 0
    wrong: list[str] = field(default_factory=list)
    seen: dict[int, psutil.Process] = field(default_factory=dict)


class Killer:
    """Kills the gateway and asks at once, with numbers of its own."""

    def __init__(self, served: Serving, seed: int) -> None:
        self.served, self.random, self.x = served, random.Random(seed), 9e12
        self.port = served.port

    def kill(self, watched: Watched) -> None:
        watched.seen |= {process.pid: process for process in self.served.processes()[1:]}
        victim = self.random.choice(self.served.gateways())
        victim.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        until(lambda: not lives(victim), "the end of the killed gateway")
        while not self.answered(watched):
            if time.monotonic() - killed > BACK_S:
                raise TimeoutError(f"no answer for {BACK_S:g} s after a kill")
        watched.first_answer_s.append(time.monotonic() - killed)
        self.served.settle(MODEL)

    def answered(self, watched: Watched) -> bool:
        """Ask on a new connection; whether the answer was right."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), BACK_S):
                pass
        except ConnectionRefusedError:
            watched.refused += 1
            time.sleep(0.01)
            return False
        try:
            return self.right(watched)
        except (OSError, http.client.HTTPException):
            watched.cut += 1
            return False

    def right(self, watched: Watched) -> bool:
        self.x += 1.0
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=BACK_S)
        body = json.dumps({"dataframe_split": {"columns": ["x", "y"], "data": [[self.x, 1.0]]}})
        head = {"Authorization": f"Bearer {self.served.secret}", "Content-Type": "application/json"}
        try:
            connection.request("POST", f"/{MODEL}/invocations", body, head)
            answer = connection.getresponse()
            said = answer.read()
        finally:
            connection.close()
        factor = self.served.factors.get(answer.headers["X-Kronkers-Version"] or "", 0.0)
        if answer.status != 200 or json.loads(said)["predictions"] != [factor * self.x + 1.0]:
            watched.wrong.append(f"{answer.status} {said[:200]!r}")
            return False
        return True


def run(size: Size, seed: int) -> list[Finding]:
    with serving({(MODEL, "python"): (2.0, 3.0)}) as served:
        served.client.move(MODEL, "champion", 1)
        served.deploy(MODEL, MODEL, replicas=2)
        found = kills(served, size, seed)
        everything = served.processes()
    return [*found, nothing_is_left(everything, seed)]


def kills(served: Serving, size: Size, seed: int) -> list[Finding]:
    kinds: dict[str, Callable[[], object]] = {
        "idle": lambda: None,
        "under load": lambda: None,
        "during a swap": lambda: begin_a_swap(served),
        IN_A_ROW: lambda: None,
    }
    return [of_one_kind(served, kind, before, size, seed) for kind, before in kinds.items()]


def begin_a_swap(served: Serving) -> None:
    live = served.client.deployment(MODEL).live
    served.client.move(MODEL, "champion", 3 - live if live else 1)


def of_one_kind(served: Serving, kind: str, before: Callable[[], object], size: Size, seed: int) -> Finding:
    count, pause_s = size.kills, SMALL.pause_s if kind == IN_A_ROW else size.pause_s
    killer, watched, began = Killer(served, seed), Watched(), time.monotonic()
    asking = nullcontext() if kind == "idle" else Callers(served.plan(MODEL, callers=CALLERS, rate=RATE, seed=seed))
    with asking as callers:
        for _ in range(count):
            time.sleep(pause_s + 0.3 * killer.random.random())
            before()
            killer.kill(watched)
        tally = callers.stop() if callers else None
    strays = left_behind(served, watched)
    load = {} if tally is None else {"requests": str(tally), "cut while in hand": f"{tally.resets} of {tally.asked:,}"}
    failed = watched.refused + len(watched.wrong)
    if tally is not None:
        failed += tally.failed - tally.resets
    return Finding(
        f"{count} kill -9 of the gateway, {kind}",
        count,
        failed,
        time.monotonic() - began,
        seed,
        facts={"from kill to first answer": spread(watched.first_answer_s), **load},
        promises={
            "connections were never refused": not watched.refused and not (tally and tally.refused),
            "no process of a killed gateway stayed behind": not strays,
        },
        # Whoever is killed again and again is given more and more time before the next start.
        targets={}
        if kind == IN_A_ROW
        else {f"answers again within {TARGET_S:g} s": max(watched.first_answer_s, default=0.0) <= TARGET_S},
        examples=[*watched.wrong, *(tally.examples if tally else []), *strays],
    )


def left_behind(served: Serving, watched: Watched) -> list[str]:
    """Processes from before the kills that serve nobody any more and live on, in words."""

    def strays() -> list[psutil.Process]:
        kin = {process.pid for process in [*served.processes(), *served.kin_of_replicas()]}
        return [process for process in survivors(list(watched.seen.values())) if process.pid not in kin]

    ends = time.monotonic() + STRAYS_S
    while (found := strays()) and time.monotonic() < ends:
        time.sleep(0.1)
    return [f"stray {process}" for process in found]


def nothing_is_left(everything: list[psutil.Process], seed: int) -> Finding:
    left = survivors(everything)
    examples = [str(process) for process in left]
    return Finding("processes after its end", len(everything), len(left), 0.0, seed, examples=examples)
