"""Overload: ten times as much as can be answered is asked. Some are answered in time, the others are told to come back
at once, memory stays flat, and a few seconds later all is as it was.

faults: 62
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from jupyter_kronkers.serving.gateway.batching import MOST_ASKS
from jupyter_kronkers.serving.gateway.routes import ServingLimits
from tests.chaos.alone import Alone, alone
from tests.chaos.callers import Callers
from tests.chaos.findings import Finding
from tests.chaos.lines import slow_line
from tests.chaos.tallies import Tally

MODEL = "slow"
ROW_S = 0.004
LIMITS = ServingLimits(queue_s=1.0, request_s=5.0)
TIMES = 10
CALLERS = 2_000
CALM_RATE_SHARE = 0.5
REJECT_MS = 50.0
SETTLED = 0.2
"""The share of the time after which memory must not grow any more."""

MOST_GROWTH = 0.05


@dataclass(frozen=True)
class Size:
    seconds: float
    calm_s: float
    recover_s: float = 5.0
    ways: tuple[bool, ...] = (False, True)
    """Whether what waits is asked together."""


SMALL = Size(seconds=2.0, calm_s=0.5, recover_s=1.0, ways=(True,))
LONG = Size(seconds=300.0, calm_s=10.0)


class Memory:
    """Resident bytes of the gateway, looked at all the while."""

    def __init__(self, found: Alone) -> None:
        self.process, self.bytes = found.process(), []
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.look)

    def look(self) -> None:
        while not self.done.wait(0.1):
            self.bytes.append(self.process.memory_info().rss)

    def __enter__(self) -> Memory:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()

    @property
    def settled(self) -> list[int]:
        return self.bytes[int(len(self.bytes) * SETTLED) :]

    @property
    def growth(self) -> float:
        """By which share it is larger in the last tenth than in the first, once it had settled."""
        tenth = max(1, len(self.settled) // 10)
        first, last = self.settled[:tenth], self.settled[-tenth:]
        return (sum(last) / len(last)) / (sum(first) / len(first)) - 1

    def __str__(self) -> str:
        low, high = min(self.settled) / 1e6, max(self.settled) / 1e6
        return f"{low:.0f} to {high:.0f} MB resident, {self.growth:+.1%} from begin to end"


def run(size: Size, seed: int) -> list[Finding]:
    with alone() as found:
        placed = found.own(MODEL, 2.0, slow_line(2.0, row_s=ROW_S))
        findings = []
        for batched in size.ways:
            found.serve(placed, LIMITS, batched=batched)
            findings.append(overloaded(found, size, seed, "batched" if batched else "unbatched"))
        return findings


def overloaded(found: Alone, size: Size, seed: int, words: str) -> Finding:
    capacity = capacity_of(found, size, seed)
    before = calm(found, size, capacity, seed)
    began = time.monotonic()
    with Memory(found) as memory:
        plan = found.plan(MODEL, callers=CALLERS, rate=TIMES * capacity, seed=seed)
        with Callers(plan) as callers:
            time.sleep(size.seconds)
            flood = callers.stop()
    took = time.monotonic() - began
    time.sleep(size.recover_s)
    after = calm(found, size, capacity, seed)
    one_predict_s = ROW_S * (MOST_ASKS if words == "batched" else 1)
    return judged(words, seed, took, capacity, (before, flood, after), memory, LIMITS.queue_s + one_predict_s)


def capacity_of(found: Alone, size: Size, seed: int) -> float:
    """Answers per second when as many ask as keep it busy."""
    with Callers(found.plan(MODEL, callers=16, seed=seed + 2)) as callers:
        time.sleep(size.calm_s)
        return callers.stop().per_second


def calm(found: Alone, size: Size, capacity: float, seed: int) -> Tally:
    with Callers(found.plan(MODEL, callers=64, rate=capacity * CALM_RATE_SHARE, seed=seed + 1)) as callers:
        time.sleep(size.calm_s)
        return callers.stop()


def judged(
    words: str,
    seed: int,
    took: float,
    capacity: float,
    tallies: tuple[Tally, Tally, Tally],
    memory: Memory,
    limit_s: float,
) -> Finding:
    before, flood, after = tallies
    refused = sum(flood.refusals.values())
    limit_ms = 1e3 * limit_s
    return Finding(
        f"{TIMES} times its capacity, {words}",
        flood.asked,
        flood.failed - refused + flood.without_retry_after + before.failed + after.failed,
        took,
        seed,
        facts={
            "offered and answered": f"{TIMES * capacity:,.0f}/s, {flood.per_second:,.0f}/s of {capacity:,.0f}/s",
            "accepted": f"{flood.answered:,}, p50 {flood.quantile_ms(0.5):.0f}, p99 {flood.quantile_ms(0.99):.0f} ms",
            "rejected": f"{flood.refusals}, p50 {flood.refusal_ms(0.5):.1f} ms, p99 {flood.refusal_ms(0.99):.1f} ms, "
            f"most {flood.refusal_ms(1):.0f} ms, {flood.without_retry_after} without Retry-After",
            "memory": str(memory),
            "failed otherwise": f"{flood.wrong} wrong, {flood.refused} not connected, {flood.resets} cut off, "
            f"{flood.unanswered} not answered; {before.failed} before, {after.failed} after",
            "calm before and after": f"p99 {before.quantile_ms(0.99):.1f} ms and {after.quantile_ms(0.99):.1f} ms",
        },
        promises={
            "only 429 and 503 refuse": set(flood.refusals) <= {429, 503},
            "the others are answered meanwhile": flood.answered > 0,
        },
        targets={
            f"memory grows by less than {MOST_GROWTH:.0%}": memory.growth < MOST_GROWTH,
            "most of the capacity goes on answering": flood.per_second > capacity / 2,
            f"p99 of the accepted within twice the limit ({limit_ms:g} ms)": flood.quantile_ms(0.99) <= 2 * limit_ms,
            f"p99 of the rejections within {REJECT_MS:g} ms": flood.refusal_ms(0.99) <= REJECT_MS,
            "as before a few seconds later": after.quantile_ms(0.99) <= 1.5 * before.quantile_ms(0.99) + 5,
        },
        examples=flood.examples,
    )
