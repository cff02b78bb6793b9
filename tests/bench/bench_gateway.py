"""Single rows: our gateway beside `mlflow models serve` and MLServer, the same models and rows, in turn.

BENCH_SECONDS and BENCH_ROUNDS: how long a round takes, and how many there are (10 and 3).
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pandas as pd
from measuring import Row, folder, print_table
from peers import models, ours, servers
from peers.install import install
from peers.targets import Target, split_rows, tensor_rows
from peers.wrk import Load, in_turn, told

MLFLOW, BATCHING, ONE_PROCESS = "mlflow models serve", "MLServer, adaptive batching", "MLServer, in one process"
FLOOR = 1e-3
ROW = pd.DataFrame([[0.1 * at for at in range(10)]], columns=models.COLUMNS)
REACH = {
    ("lr", MLFLOW): "≥ 100",
    ("lr", BATCHING): "≥ 15",
    ("rf", BATCHING): "≥ 5, aim at 15",
}


def main() -> None:
    missing = install()
    print(*[f"  {words}" for words in missing], sep="\n")
    with folder() as place, ours.up() as served:
        saved = models.in_python(place)
        rows = [row for name in ("lr", "rf") for row in measured(served, saved[name], place)]
    print_table(rows)


def measured(served, saved: models.Saved, place: Path) -> list[Row]:
    with ExitStack() as stack:
        targets = everybody(served, saved, place, stack)
        same_answers(targets)
        many = in_turn(targets, 64)
        told(many, f"{saved.name}, 64 callers")
        rows = compared(saved.name, many)
        if saved.name == "lr":
            some, one = in_turn(targets, 16), in_turn(targets, 1)
            told(some, "lr, 16 callers")
            told(one, "lr, 1 caller")
            against, mine = one[MLFLOW].p50_ms, one["ours"].p50_ms
            rows.append(Row("lr, 1 caller, p50", mine, against, "ms", MLFLOW, "≤ 0.1"))
    return rows


def everybody(served, saved: models.Saved, place: Path, stack: ExitStack) -> list[Target]:
    """Ours first. Those whose program is not there are left out."""
    found = [ours.deployed(served, saved).sending(split_rows(ROW))]
    found.append(stack.enter_context(servers.mlflow(saved)).sending(split_rows(ROW)))
    if (servers.PEERS / "bin/mlserver").exists():
        for batching, workers in ((True, 1), (False, 0)):
            peer = stack.enter_context(servers.mlserver(saved, place, batching=batching, workers=workers))
            found.append(peer.sending(tensor_rows(ROW)))
    return found


def same_answers(targets: list[Target]) -> None:
    answers = {target.name: target.answers() for target in targets}
    if len({tuple(found) for found in answers.values()}) != 1:
        raise RuntimeError(f"the servers do not give the same answer: {answers}")


def compared(name: str, found: dict[str, Load]) -> list[Row]:
    mine, rows = found["ours"], []
    for peer, theirs in found.items():
        if peer == "ours":
            continue
        reach = REACH.get((name, peer), "")
        rows.append(Row(f"{name}, 64 callers, requests", mine.per_second, theirs.per_second, "/s", peer, reach))
        cost, reach_cost = (mine.cpu_us or FLOOR, theirs.cpu_us), f"≤ 1/{reach[2:]}" if reach.startswith("≥") else ""
        rows.append(Row(f"{name}, 64 callers, server CPU per request", *cost, "µs", peer, reach_cost))
    return rows


if __name__ == "__main__":
    main()
