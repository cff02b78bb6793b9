"""10,000 rows in one request: JSON beside `mlflow models serve`; binary and Arrow bodies beside MLServer's JSON.

One caller, who waits for each answer. BENCH_ROUNDS: how often everybody is asked (3 times 5).
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from bench_gateway import MLFLOW, ONE_PROCESS
from measuring import Row, folder, medians_s, print_table
from peers import models, ours, servers
from peers.install import install
from peers.targets import Target, arrow_rows, binary_rows, split_rows, tensor_rows
from peers.wrk import ROUNDS

ROWS = 10_000
ASKED_EACH_ROUND = 5


def main() -> None:
    missing = install()
    print(*[f"  {words}" for words in missing], sep="\n")
    with folder() as place, ours.up() as served, ExitStack() as stack:
        saved = models.in_python(place)["lr"]
        print_table(compared(everybody(ours.deployed(served, saved), saved, place, stack)))


def everybody(mine: Target, saved: models.Saved, place: Path, stack: ExitStack) -> dict[str, Target]:
    rows = models.data(ROWS, seed=11)
    binary, json_bytes = binary_rows(rows)
    octets = {"Inference_Header_Content_Length": str(json_bytes)}
    infer = mine.at(f"/v2/models/{saved.name}/infer")
    found = {
        "JSON": mine.sending(split_rows(rows)),
        "Arrow": mine.sending(arrow_rows(rows), "application/vnd.apache.arrow.stream"),
        "Open Inference Protocol, binary": infer.sending(binary, "application/octet-stream", **octets),
        MLFLOW: stack.enter_context(servers.mlflow(saved)).sending(split_rows(rows)),
    }
    if (servers.PEERS / "bin/mlserver").exists():
        peer = stack.enter_context(servers.mlserver(saved, place, batching=False, workers=0))
        found[ONE_PROCESS] = peer.sending(tensor_rows(rows))
    same = {name: target.answers() for name, target in found.items() if "binary" not in name}
    if len({tuple(answers) for answers in same.values()}) != 1:
        raise RuntimeError("the servers do not give the same answers")
    return found


def compared(found: dict[str, Target]) -> list[Row]:
    medians = medians_s(*[target.ask for target in found.values()], runs=ROUNDS * ASKED_EACH_ROUND)
    took = {name: 1e3 * seconds for name, seconds in zip(found, medians, strict=True)}
    sizes = {name: len(target.body) / 1e6 for name, target in found.items()}
    rows = [row(took, sizes, "JSON", MLFLOW, "≤ 1/5")]
    if ONE_PROCESS in took:
        rows.append(row(took, sizes, "JSON", ONE_PROCESS, ""))
        rows.append(row(took, sizes, "Open Inference Protocol, binary", ONE_PROCESS, "≤ 1/2"))
        rows.append(row(took, sizes, "Arrow", ONE_PROCESS, "≤ 1/2"))
    return rows


def row(took: dict[str, float], sizes: dict[str, float], mine: str, peer: str, reach: str) -> Row:
    what = f"{ROWS:,} rows, {mine} ({sizes[mine]:.1f} MB)"
    return Row(what, took[mine], took[peer], "ms", f"{peer}, JSON ({sizes[peer]:.1f} MB)", reach)


if __name__ == "__main__":
    main()
