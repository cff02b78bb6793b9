"""Replicas: how soon one more answers, forked or a warm spare, beside a cold start; and what memory one takes."""

from __future__ import annotations

import http.client
import os
import signal
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
from measuring import Row, folder, print_table
from peers import models
from peers.targets import split_rows
from peers.wrk import ROUNDS

from jupyter_kronkers.languages import Host, runtime_of
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.serving.gateway.routes import Placed, ServingLimits
from tests.chaos.alone import Alone, alone
from tests.serving.conftest import SECRET

LIMITS = ServingLimits()
ROW = models.data(1, seed=5)
SEVERAL = 4
COLD = "cold start of the same"


def main() -> None:
    with folder() as place, alone() as found:
        saved = models.in_python(place)["lr"]
        placed = found.makes.placed("lr", 1, saved.capture, "python")
        data = Path(placed.folder) / "data"
        rows = compared(found, placed, data)
        rows += memory(found, placed, data)
    print_table(rows)


def compared(found: Alone, placed: Placed, data: Path) -> list[Row]:
    """A B C A B C …"""
    rounds = [(forked_s(found, placed), spare_s(found, placed), cold_s(data)) for _ in range(2 * ROUNDS)]
    forked, spare, cold = (statistics.median(column) for column in zip(*rounds, strict=True))
    return [
        Row("one more replica, forked, until it is proven", forked, cold, "s", COLD, "≤ 1/3"),
        Row("the only replica killed, until a spare answers", spare, cold, "s", COLD, "≤ 1/3"),
    ]


def cold_s(data: Path) -> float:
    """From nothing to the first answer."""
    columns = [Column(name, np.ascontiguousarray(ROW[name].to_numpy())) for name in ROW.columns]
    began = time.perf_counter()
    with Host.start(data, runtime_of((data / "capture.json").read_bytes())) as host:
        host.predict(columns)
        return time.perf_counter() - began


def forked_s(found: Alone, placed: Placed) -> float:
    """From the wish for one more to its readiness: it has given the recorded answers by then."""
    serve(found, placed, replicas=1)
    began = time.perf_counter()
    serve(found, placed, replicas=2)
    took = time.perf_counter() - began
    serve(found, placed, replicas=1)
    return took


def spare_s(found: Alone, placed: Placed) -> float:
    """From the death of the only replica that serves to the answer of the one that stood by."""
    serve(found, placed, replicas=1, spares=1)
    connection = http.client.HTTPConnection("127.0.0.1", found.gateway.port, timeout=60)
    predict(connection)
    serving = max(found.gateway.state().deployments[0].replicas, key=lambda replica: replica.answered)
    began = time.perf_counter()
    os.kill(serving.pid, signal.SIGKILL)
    wait(lambda: not alive(serving.pid))
    predict(connection)
    took = time.perf_counter() - began
    connection.close()
    return took


def predict(connection: http.client.HTTPConnection) -> None:
    head = {"Content-Type": "application/json", "Authorization": f"Bearer {SECRET}"}
    connection.request("POST", "/lr/invocations", split_rows(ROW), head)
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(answer.read())
    answer.read()


def serve(found: Alone, placed: Placed, *, replicas: int, spares: int = 0) -> None:
    found.serve(placed, LIMITS, replicas=replicas, spares=spares)
    found.gateway.wait("lr", lambda state: sum(r.pid > 0 for r in state.replicas) == replicas + spares)


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def wait(fact: Callable[[], bool]) -> None:
    while not fact():
        time.sleep(0.0005)


def memory(found: Alone, placed: Placed, data: Path) -> list[Row]:
    """Proportional and resident bytes of one replica, when there are several, and of one started by itself."""
    serve(found, placed, replicas=SEVERAL)
    hosts = [psutil.Process(replica.pid) for replica in found.gateway.state().deployments[0].replicas]
    pss, rss = (statistics.mean(figure(host) for host in hosts) / 1e6 for figure in (shared, resident))
    with Host.start(data, runtime_of((data / "capture.json").read_bytes())) as host:
        alone_pss, alone_rss = (figure(psutil.Process(host.pid)) / 1e6 for figure in (shared, resident))
    return [
        Row(f"one of {SEVERAL} replicas, proportional share (Pss)", pss, alone_pss, "MB", "a host by itself"),
        Row(f"one of {SEVERAL} replicas, resident (RSS)", rss, alone_rss, "MB", "a host by itself"),
    ]


def shared(process: psutil.Process) -> float:
    return float(process.memory_full_info().pss)


def resident(process: psutil.Process) -> float:
    return float(process.memory_info().rss)


if __name__ == "__main__":
    main()
