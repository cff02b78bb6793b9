"""Swaps: versions, shares and replicas change under load, forward and back, and no request fails.

faults: 185, 186
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.asking import Plan
from tests.chaos.callers import Callers
from tests.chaos.findings import Finding, spread
from tests.chaos.serving import Serving, serving

MODEL = "line"
MOST_REPLICAS = 3
ROWS = (1, 3)
SHARES = (0.0, 5.0, 25.0, 50.0)


@dataclass(frozen=True)
class Size:
    requests: int
    swaps: int
    rollbacks: int
    callers: int = 64
    processes: int = 1
    capacity_s: float = 5.0
    share: float = 0.7


SMALL = Size(requests=2_000, swaps=6, rollbacks=3, callers=16, capacity_s=1.0)
LONG = Size(requests=1_000_000, swaps=200, rollbacks=100)


class Changes:
    """Everything that may change while people ask; each waits until it is so."""

    def __init__(self, served: Serving, seed: int) -> None:
        self.served, self.random = served, random.Random(seed)
        self.number, self.replicas, self.percent = 1, 1, 0.0
        self.took: dict[str, list[float]] = {}

    def order(self, swaps: int, rollbacks: int) -> list[Callable[[], str]]:
        """Half of the swaps move the alias, the others change replicas and shares; rollbacks lie among them."""
        kinds = [self.swap, self.scale, self.swap, self.share]
        found = [kinds[at % len(kinds)] for at in range(swaps)] + [self.rollback] * rollbacks
        self.random.shuffle(found)
        return found

    def make(self, change: Callable[[], str]) -> None:
        began = time.monotonic()
        name = change()
        self.took.setdefault(name, []).append(time.monotonic() - began)

    def swap(self) -> str:
        self.number = 3 - self.number
        self.served.client.move(MODEL, "champion", self.number)
        self.served.settle(MODEL, self.number)
        return "alias moved"

    def rollback(self) -> str:
        self.number = 3 - self.number
        self.served.client.roll_back(MODEL, why="chaos")
        self.served.settle(MODEL, self.number)
        return "rolled back"

    def scale(self) -> str:
        others = [count for count in range(1, MOST_REPLICAS + 1) if count != self.replicas]
        self.replicas = self.random.choice(others)
        self.served.change(MODEL, replicas=self.replicas)
        self.served.settle(MODEL, self.number)
        return "replicas changed"

    def share(self) -> str:
        """Another share for the version that is not the champion; at 0 there is no canary."""
        self.percent = self.random.choice([share for share in SHARES if share != self.percent])
        self.served.change(MODEL, canary=3 - self.number if self.percent else None, percent=self.percent)
        self.served.settle(MODEL, self.number)
        return "share changed"


def plans(served: Serving, size: Size, seed: int, rate: float = 0.0) -> list[Plan]:
    callers, rate = size.callers // size.processes, rate / size.processes
    return [
        served.plan(MODEL, callers=callers, rows=ROWS, rate=rate, seed=seed * 10 + at) for at in range(size.processes)
    ]


def capacity(served: Serving, size: Size, seed: int) -> float:
    """Right answers per second when everybody asks as fast as answers come."""
    with Callers(*plans(served, size, seed)) as callers:
        time.sleep(size.capacity_s)
        return callers.stop().per_second


def run(size: Size, seed: int) -> list[Finding]:
    with serving({(MODEL, "python"): (2.0, 3.0)}) as served:
        served.client.move(MODEL, "champion", 1)
        served.deploy(MODEL, MODEL)
        return [under_load(served, size, seed)]


def under_load(served: Serving, size: Size, seed: int) -> Finding:
    full = capacity(served, size, seed + 1)
    changes, rate = Changes(served, seed), full * size.share
    order = changes.order(size.swaps, size.rollbacks)
    began = time.monotonic()
    with Callers(*plans(served, size, seed, rate)) as callers:
        for done, change in enumerate(order):
            changes.make(change)
            callers.until(size.requests * done // len(order), patience_s=600)
        callers.until(size.requests, patience_s=600)
        tally = callers.stop()
    return Finding(
        f"{size.swaps} swaps and {size.rollbacks} rollbacks under load",
        tally.asked,
        tally.failed,
        time.monotonic() - began,
        seed,
        facts={
            "capacity and load": f"{full:,.0f}/s measured, {rate:,.0f}/s offered, {tally.per_second:,.0f}/s answered",
            "latency": f"p50 {tally.quantile_ms(0.5):.2f} ms, p99 {tally.quantile_ms(0.99):.2f} ms, "
            f"most {tally.quantile_ms(1):.0f} ms",
            "by version": ", ".join(f"{name}: {count:,}" for name, count in sorted(tally.versions.items())),
            "asking and checking cost": f"{tally.caller_us:.0f} µs of processor time per request",
            **{name: spread(took) for name, took in sorted(changes.took.items())},
        },
        promises={"both versions answered": len(tally.versions) == 2},
        examples=tally.examples,
    )
