"""A crowd: many deployments are loaded and one of them is asked, beside a gateway that has this one only.

BENCH_CROWD: how many (100). The others answer by a function of Python alone, so that memory is not what is measured.
"""

from __future__ import annotations

import os

from measuring import Row, folder, print_table
from peers import models
from peers.targets import Target, split_rows
from peers.wrk import in_turn, told

from jupyter_kronkers.serving.gateway.routes import Route, ServingLimits
from tests.chaos.alone import Alone, alone
from tests.chaos.lines import slow_line
from tests.serving.conftest import SECRET

CROWD = int(os.environ.get("BENCH_CROWD", "100"))
LIMITS = ServingLimits()
AT_ONCE = 10
ROW = models.data(1, seed=5)
LOAD_S = 600.0


def main() -> None:
    with folder() as place, folder() as other, alone() as crowded, alone() as single:
        for found, where in ((crowded, place), (single, other)):
            found.serve(found.makes.placed("lr", 1, models.in_python(where)["lr"].capture, "python"), LIMITS)
        fill(crowded)
        targets = [target("ours", crowded), target("one deployment", single)]
        loads = in_turn(targets, 64)
    told(loads, "lr, 64 callers")
    crowd, one = loads["ours"].per_second, loads["one deployment"].per_second
    print_table([Row(f"{CROWD} deployments loaded, one asked", crowd, one, "/s", "the same with one", "≥ 0.95")])


def fill(found: Alone) -> None:
    """All the others, some at a time; they share one artifact's content and nothing else."""
    placed = found.own("other", 2.0, slow_line(2.0))
    names = [f"other-{at}" for at in range(CROWD - 1)]
    for begin in range(0, len(names), AT_ONCE):
        some = names[begin : begin + AT_ONCE]
        found.gateway.put(*[Route(name, placed, limits=LIMITS) for name in some])
        for name in some:
            found.gateway.wait(name, lambda state: state.state == "ready", LOAD_S)


def target(name: str, found: Alone) -> Target:
    url = f"http://127.0.0.1:{found.gateway.port}/lr/invocations"
    headers = {"Authorization": f"Bearer {SECRET}"}
    return Target(name, url, found.gateway.process.pid, headers=headers).sending(split_rows(ROW))


if __name__ == "__main__":
    main()
