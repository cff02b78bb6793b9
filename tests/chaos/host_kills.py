"""Kills of hosts: kill -9 of replicas in each language at random moments, under load. Nobody who asks notices.

faults: 159
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from jupyter_kronkers.client import Client
from tests.chaos.callers import Callers
from tests.chaos.findings import Finding, spread
from tests.chaos.serving import Serving, serving, until

FACTORS = {"python": 2.0, "r": 5.0, "julia": 7.0}
REPLICAS = 2
LONGEST_PAUSE_S = 0.3
CALLERS, THINK_S = 8, 0.02
ROWS = (1, 3)


@dataclass(frozen=True)
class Size:
    """How many kills in each language."""

    kills: dict[str, int]


SMALL = Size({"python": 3, "r": 3, "julia": 1})
LONG = Size({"python": 600, "r": 200, "julia": 200})


@dataclass
class Killing:
    """One deployment whose hosts are killed one after the other, each when the one before was replaced."""

    served: Serving
    name: str
    kills: int
    random: random.Random
    replaced_s: list[float] = field(default_factory=list)
    at_work: int = 0
    problem: Exception | None = None

    def run(self) -> None:
        client = self.served.connect()
        try:
            for _ in range(self.kills):
                time.sleep(self.random.random() * LONGEST_PAUSE_S)
                self.replaced_s.append(self.kill_one(client))
        except Exception as problem:  # noqa: BLE001  a thread's door: it is told by whoever started it
            self.problem = problem
        finally:
            client.close()

    def kill_one(self, client: Client) -> float:
        """Seconds until as many replicas as before are ready again."""
        victim = self.random.choice(self.served.living(self.name, client))
        began = time.monotonic()
        with suppress(ProcessLookupError):
            os.kill(victim.pid, signal.SIGKILL)
        self.at_work += victim.state == "busy"
        until(lambda: self.replaced(client, victim.pid), f"a replacement of {victim} of {self.name}")
        return time.monotonic() - began

    def replaced(self, client: Client, pid: int) -> bool:
        pids = {one.pid for one in self.served.living(self.name, client)}
        return pid not in pids and len(pids) >= REPLICAS


def run(size: Size, seed: int) -> list[Finding]:
    with serving({(language, language): (FACTORS[language],) for language in size.kills}) as served:
        for language in size.kills:
            served.deploy(language, language, replicas=REPLICAS)
        return kills(served, size, seed)


def kills(served: Serving, size: Size, seed: int) -> list[Finding]:
    """Kill in all languages at the same time; deployments go by the name of their language."""
    began = time.monotonic()
    killings = [
        Killing(served, language, count, random.Random(f"{seed} {language}")) for language, count in size.kills.items()
    ]
    with ExitStack() as open_:
        asking = [open_.enter_context(callers(served, killing.name, seed)) for killing in killings]
        threads = [threading.Thread(target=killing.run) for killing in killings]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tallies = [each.stop() for each in asking]
    return [
        finding(killing, tally, time.monotonic() - began, seed)
        for killing, tally in zip(killings, tallies, strict=True)
    ]


def callers(served: Serving, name: str, seed: int) -> Callers:
    return Callers(served.plan(name, callers=CALLERS, rows=ROWS, think_s=THINK_S, seed=seed))


def finding(killing: Killing, tally, seconds: float, seed: int) -> Finding:
    done = len(killing.replaced_s)
    return Finding(
        f"{done} kill -9 of hosts in {killing.name}",
        done,
        tally.failed + (killing.problem is not None),
        seconds,
        seed,
        facts={
            "requests": f"{tally.asked:,} asked, {tally.failed} failed",
            "kills while it was at work": f"{killing.at_work} of {done}",
            "until replaced": spread(killing.replaced_s),
            "latency": f"p50 {tally.quantile_ms(0.5):.2f} ms, p99 {tally.quantile_ms(0.99):.1f} ms, "
            f"most {tally.quantile_ms(1):.0f} ms",
        },
        promises={f"{killing.kills} kills were made and each host was replaced": done == killing.kills},
        examples=[*tally.examples, *([repr(killing.problem)] if killing.problem else [])],
    )
