"""What people wait for at the start: JupyterLab with and without us, the first REST call, the command line."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from measuring import PROGRAM, Row, folder, medians_s, print_table, process, surroundings, until

LAB = Path(sys.executable).parent / "jupyter-lab"
RUNS = 7


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def get(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except OSError:
        return 0


def start_lab(data: Path, *, extended: bool) -> tuple[float, float]:
    """Seconds until Lab answers, and seconds of our first REST call (0 without the extension)."""
    port = free_port()
    words = ["--no-browser", f"--port={port}", "--port-retries=0", "--IdentityProvider.token=t"]
    if os.geteuid() == 0:
        words.append("--allow-root")
    settings = {"ServerApp": {"jpserver_extensions": {"jupyter_kronkers": extended}}}
    (data / "jupyter_server_config.json").write_text(json.dumps(settings))
    env = surroundings(data / "kronkers") | {"JUPYTER_CONFIG_DIR": str(data)}
    began = time.perf_counter()
    with process(LAB, *words, env=env, cwd=data):
        until(lambda: get(f"http://127.0.0.1:{port}/api/status?token=t") == 200)
        up = time.perf_counter() - began
        if not extended:
            return up, 0.0
        time.sleep(3)  # a person has not pressed anything yet; the rooms are built meanwhile
        began = time.perf_counter()
        status = get(f"http://127.0.0.1:{port}/kronkers/api/v1/models?token=t")
        if status != 200:
            raise RuntimeError(f"the first call answered {status}")
        return up, time.perf_counter() - began


def lab() -> list[Row]:
    plain, ours, calls = [], [], []
    for _ in range(RUNS):
        with folder() as data:
            plain.append(start_lab(data, extended=False)[0])
        with folder() as data:
            up, call = start_lab(data, extended=True)
            ours.append(up)
            calls.append(call)
    with_us, without = statistics.median(ours), statistics.median(plain)
    return [
        Row("jupyter lab, from command to answer", with_us, without, against="the same without the extension"),
        Row("later than without the extension", with_us - without, 0.1, against="the limit we set"),
        Row("first REST call (models)", statistics.median(calls), 0.05, against="the limit we set"),
    ]


def command_line() -> list[Row]:
    with folder() as data:
        env = surroundings(data)

        def listing() -> None:
            subprocess.run([PROGRAM, "models", "list"], env=env, check=True, capture_output=True)

        def interpreter() -> None:
            subprocess.run([sys.executable, "-c", "import json"], check=True)

        ours, bare = medians_s(listing, interpreter, runs=RUNS)
    return [
        Row("jupyter kronkers models list", ours, 0.5, against="the limit we set"),
        Row("the same", ours, bare, against="a bare Python interpreter"),
    ]


if __name__ == "__main__":
    print_table([*command_line(), *lab()])
