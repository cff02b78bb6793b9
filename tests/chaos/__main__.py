"""`make chaos`, `python -m tests.chaos [PART …] [--small] [--share S] [--seed N]`: breaks what it can.

Exit status 0 if nothing failed and every promise was kept.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import traceback
from dataclasses import replace
from types import ModuleType
from typing import Any

import psutil

from tests.chaos.findings import Finding, print_findings

COUNTS = {"requests", "swaps", "rollbacks", "kills", "seconds", "rounds", "examples"}
"""What `--share` makes smaller, wherever a Size has it."""

PARTS = ("swaps", "host_kills", "gateway_kills", "overload", "mixing", "neighbours", "interleavings")


def part(name: str) -> ModuleType:
    return importlib.import_module(f"tests.chaos.{name}")


def main(words: list[str]) -> int:
    asked = arguments(words)
    findings: list[Finding] = []
    for name in asked.parts or PARTS:
        findings += tried(name, size_of(part(name), asked), asked.seed)
    print("All of it:")
    print_findings(findings, whole=False)
    left = psutil.Process().children(recursive=True)
    if left:
        print(f"left behind: {left}")
    return int(bool(left) or not all(found.kept for found in findings))


def size_of(found: ModuleType, asked: argparse.Namespace) -> Any:
    """The small form, or the wanted share of the long one."""
    if asked.small:
        return found.SMALL
    fields = {name: value for name, value in vars(found.LONG).items() if name in COUNTS}
    return replace(found.LONG, **{name: share_of(value, asked.share) for name, value in fields.items()})


def share_of(value: Any, share: float) -> Any:
    """At least one of what is counted."""
    if isinstance(value, dict):
        return {name: share_of(each, share) for name, each in value.items()}
    return max(1, round(value * share)) if isinstance(value, int) else value * share


def tried(name: str, size: Any, seed: int) -> list[Finding]:
    """What a part found. One that breaks is a finding too, and the others go on."""
    print(f"{name} …", flush=True)
    began = time.monotonic()
    try:
        findings = part(name).run(size, seed)
    except Exception as problem:  # noqa: BLE001  a door: the other parts are still wanted
        traceback.print_exc()
        findings = [Finding(f"{name} broke off: {problem!r:.200}", 1, 1, time.monotonic() - began, seed)]
    print_findings(findings)
    return findings


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--small", action="store_true", help="the form that runs with the tests")
    parser.add_argument("--share", type=float, default=1.0, help="of the long form, such as 0.1")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
