"""Mixing: many callers with rows of their own, in random order, batched together; nobody gets another's numbers.

faults: 69
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.chaos.alone import Alone, alone
from tests.chaos.callers import Callers
from tests.chaos.findings import Finding
from tests.chaos.lines import slow_line

MODEL = "mixed"
CALLERS, THINK_S = 64, 0.004
ROWS = (1, 5)


@dataclass(frozen=True)
class Size:
    requests: int
    replicas: int = 2


SMALL = Size(5_000)
LONG = Size(100_000)


def run(size: Size, seed: int) -> list[Finding]:
    with alone() as found:
        found.serve(found.own(MODEL, 2.0, slow_line(2.0, batch_s=0.001)), replicas=size.replicas)
        return [mixed(found, size, seed)]


def mixed(found: Alone, size: Size, seed: int) -> Finding:
    began = time.monotonic()
    plan = found.plan(MODEL, callers=CALLERS, think_s=THINK_S, rows=ROWS, requests=size.requests, seed=seed)
    tally = Callers(plan).start().wait()
    batches = batches_of(found)
    return Finding(
        f"answers over the wire to {CALLERS} callers",
        tally.asked,
        tally.failed,
        time.monotonic() - began,
        seed,
        facts={
            "asked together": f"{tally.answered / max(1, batches):.1f} requests in a batch",
        },
        promises={"requests met in batches": batches < tally.answered},
        examples=tally.examples,
    )


def batches_of(found: Alone) -> int:
    """How many times a host was asked, as the gateway's metrics tell."""
    lines = found.gateway.request("GET", "/metrics").body.decode().splitlines()
    wanted = [line for line in lines if line.startswith("kronkers_batches_total") and f'"{MODEL}"' in line]
    return int(sum(float(line.rpartition(" ")[2]) for line in wanted))
