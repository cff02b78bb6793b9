"""R and Julia: R's `lm` beside plumber; and what the gateway adds to a bare host of the same language.

A bare host is `languages.Host.predict` in a blocking loop of Python: the same process and pipes, no HTTP.
"""

from __future__ import annotations

import json
import shutil
import statistics
import time
from pathlib import Path

import numpy as np
from measuring import Row, folder, print_table
from peers import models, ours, servers
from peers.install import install
from peers.targets import Target, split_rows
from peers.wrk import ROUNDS, SECONDS, in_turn, load, told

from jupyter_kronkers.languages import Host, runtime_of
from jupyter_kronkers.languages.frames import Column

ROW = models.data(1, seed=5)
IDLE_LIMIT_MS = {"r": 2.0, "julia": 1.0}
PLUMBER = "plumber"


def main() -> None:
    missing = install()
    print(*[f"  {words}" for words in missing], sep="\n")
    rows: list[Row] = []
    with folder() as place, ours.up() as served:
        for saved in (models.in_r(place), models.in_julia(place)):
            data = place / f"{saved.name}-data"
            copy_of_the_model(saved, data)
            mine = ours.deployed(served, saved).sending(split_rows(ROW))
            if saved.rds is not None and not any(PLUMBER in words for words in missing):
                rows.append(beside_plumber(mine, saved, place))
            rows += beside_a_bare_host(mine, saved, data)
    print_table(rows)


def copy_of_the_model(saved: models.Saved, data: Path) -> None:
    """What a host is started on: the capture's facts and the model's files."""
    data.mkdir()
    shutil.copy(saved.capture / "capture.json", data)
    shutil.copytree(saved.capture / "model", data / "model")


def beside_plumber(mine: Target, saved: models.Saved, place: Path) -> Row:
    with servers.plumber(saved, place) as peer:
        # plumber writes 4 digits after the point unless told otherwise.
        if abs(mine.answers()[0] - asked_alike(peer)) > 1e-3:
            raise RuntimeError("the two servers do not give the same answer")
        found = in_turn([mine, peer], 16)
    told(found, "R lm, 16 callers")
    return Row("R lm, 16 callers, requests", found["ours"].per_second, found[PLUMBER].per_second, "/s", PLUMBER, "≥ 20")


def asked_alike(peer: Target) -> float:
    return peer.sending(json.dumps(ROW.to_dict("records")).encode()).answers()[0]


def beside_a_bare_host(mine: Target, saved: models.Saved, data: Path) -> list[Row]:
    columns = [Column(name, np.ascontiguousarray(ROW[name].to_numpy())) for name in ROW.columns]
    through, bare = [], []
    with Host.start(data, runtime_of((data / "capture.json").read_bytes())) as host:
        for _ in range(ROUNDS):
            bare.append(p50_ms(host, columns))
            through.append(load(mine, 1).p50_ms)
    ours_ms, bare_ms = statistics.median(through), statistics.median(bare)
    what, limit_ms = f"{saved.language}, 1 caller, p50", IDLE_LIMIT_MS[saved.language]
    return [
        Row(what, ours_ms, bare_ms, "ms", "bare host of the same language", "≤ 1.5"),
        Row(what, ours_ms, limit_ms, "ms", "the limit we set, for an idle machine", "≤ 1"),
    ]


def p50_ms(host: Host, columns: list[Column]) -> float:
    """Of as many calls as fit into one round."""
    took, ends = [], time.perf_counter() + SECONDS
    while (began := time.perf_counter()) < ends:
        host.predict(columns)
        took.append(time.perf_counter() - began)
    return 1e3 * statistics.median(took)


if __name__ == "__main__":
    main()
