"""Interleavings: the property tests of the batcher, with many more examples than `make test` takes.

faults: 69
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass

from tests.chaos.callers import ROOT
from tests.chaos.findings import Finding

FILE = "tests/serving/test_mixing.py"


@dataclass(frozen=True)
class Size:
    examples: int


SMALL = Size(200)
LONG = Size(100_000)


def run(size: Size, seed: int) -> list[Finding]:
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", FILE, f"--hypothesis-seed={seed}", "--hypothesis-show-statistics"]
    env = os.environ | {"KRONKERS_INTERLEAVINGS": str(size.examples)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    tried = sum(map(int, re.findall(r"(\d+) passing examples", done.stdout)))
    return [
        Finding(
            "random interleavings of the batcher",
            tried,
            int(done.returncode != 0),
            time.monotonic() - began,
            seed,
            promises={f"{size.examples:,} were tried at least": tried >= size.examples},
            examples=[] if done.returncode == 0 else [done.stdout[-2_000:]],
        )
    ]
