"""`make chaos`, `python -m tests.chaos [PART …] [--small] [--seed N]`: breaks what it can, and tells what became of it.

Exit status 0 if nothing failed and every promise was kept.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import traceback
from types import ModuleType

import psutil

from tests.chaos.findings import Finding, print_findings

PARTS = ("swaps", "host_kills", "gateway_kills", "overload", "mixing", "neighbours", "interleavings")


def part(name: str) -> ModuleType:
    return importlib.import_module(f"tests.chaos.{name}")


def main(words: list[str]) -> int:
    asked = arguments(words)
    findings: list[Finding] = []
    for name in asked.parts or PARTS:
        findings += tried(name, small=asked.small, seed=asked.seed)
    print("All of it:")
    print_findings(findings, whole=False)
    left = psutil.Process().children(recursive=True)
    if left:
        print(f"left behind: {left}")
    return int(bool(left) or not all(found.kept for found in findings))


def tried(name: str, *, small: bool, seed: int) -> list[Finding]:
    """What a part found. One that breaks is a finding too, and the others go on."""
    print(f"{name} …", flush=True)
    began = time.monotonic()
    found = part(name)
    try:
        findings = found.run(found.SMALL if small else found.LONG, seed)
    except Exception as problem:  # noqa: BLE001  a door: the other parts are still wanted
        traceback.print_exc()
        findings = [Finding(f"{name} broke off: {problem!r:.200}", 1, 1, time.monotonic() - began, seed)]
    print_findings(findings)
    return findings


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--small", action="store_true", help="the form that runs with the tests")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
