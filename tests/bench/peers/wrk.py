"""wrk: how many requests per second, how long they take, and what they cost the server."""

from __future__ import annotations

import json
import os
import re
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from peers.targets import Target

SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
WARM_S = 1.0
SATURATED = 0.95
"""Of one core: beyond that wrk, not the server, was the limit."""

LUA = """
wrk.method = "POST"
wrk.body = io.open(%(body)s, "rb"):read("*a")
%(headers)s
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("FOUND %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.status + e.connect + e.read + e.write + e.timeout))
end
"""


@dataclass(frozen=True)
class Load:
    """One round, or the medians of several. `cpu_us`: the server's processor time per request."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    wrk_share: float

    @property
    def saturated(self) -> bool:
        return self.wrk_share > SATURATED


def load(target: Target, callers: int, seconds: float = SECONDS) -> Load:
    """Ask with so many callers for so long. Raises RuntimeError if any request failed."""
    with tempfile.TemporaryDirectory(prefix="kronkers-wrk-") as place:
        words = ["wrk", "-t1", f"-c{callers}", f"-d{max(1, round(seconds))}s", "-s", script(target, Path(place))]
        cpu, began, own = target.cpu_s(), time.monotonic(), children_s()
        said = subprocess.run([*words, target.url], check=True, capture_output=True, text=True).stdout
        took, cpu, own = time.monotonic() - began, target.cpu_s() - cpu, children_s() - own
    found = re.search(r"FOUND (\d+) (\d+) (\d+) (\d+) (\d+)", said)
    if found is None:
        raise RuntimeError(f"wrk said nothing of {target.name}: {said}")
    count, micros, p50, p99, errors = map(int, found.groups())
    if errors or not count:
        raise RuntimeError(f"{target.name} failed {errors} of {count} requests")
    return Load(count / micros * 1e6, p50 / 1e3, p99 / 1e3, cpu / count * 1e6, own / took)


def script(target: Target, place: Path) -> Path:
    body, file = place / "body", place / "post.lua"
    body.write_bytes(target.body)
    headers = "\n".join(f"wrk.headers[{json.dumps(name)}] = {json.dumps(v)}" for name, v in target.headers.items())
    file.write_text(LUA % {"body": json.dumps(str(body)), "headers": headers})
    return file


def children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def in_turn(targets: Sequence[Target], callers: int, seconds: float = SECONDS) -> dict[str, Load]:
    """Medians by name: A B C A B C …, so that a drifting machine meets all alike. A short round before warms them."""
    for target in targets:
        load(target, callers, WARM_S)
    rounds = [{target.name: load(target, callers, seconds) for target in targets} for _ in range(ROUNDS)]
    return {target.name: median([found[target.name] for found in rounds]) for target in targets}


def median(loads: Sequence[Load]) -> Load:
    middles = {name: statistics.median(getattr(one, name) for one in loads) for name in Load.__dataclass_fields__}
    return Load(**middles)


def told(found: Mapping[str, Load], what: str) -> None:
    """Every figure, one line for each server."""
    for name, one in found.items():
        note = "  (wrk was saturated: the server could do more)" if one.saturated else ""
        print(
            f"  {what:<24}{name:<30}{one.per_second:>10,.0f}/s  p50 {one.p50_ms:>8.2f} ms  p99 {one.p99_ms:>8.2f} ms"
            f"  server CPU {one.cpu_us:>7,.0f} µs  wrk {one.wrk_share:>4.0%}{note}",
            flush=True,
        )
