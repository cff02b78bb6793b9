"""Findings: what a part of the chaos found, as it is printed and stands in a note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """One line. `count` is N, `failed` how many of those failed, `facts` are figures beside them, in words.

    promises: what must be true, in words, by whether it was. targets: the same of durations and sizes.
    """

    what: str
    count: int
    failed: int
    seconds: float
    seed: int
    facts: Mapping[str, str] = field(default_factory=dict)
    promises: Mapping[str, bool] = field(default_factory=dict)
    targets: Mapping[str, bool] = field(default_factory=dict)
    examples: Sequence[str] = ()

    @property
    def sound(self) -> bool:
        """Nothing failed and every promise was kept, however long it took."""
        return not self.failed and all(self.promises.values())

    @property
    def kept(self) -> bool:
        """It is sound, and as quick as it should be."""
        return self.sound and all(self.targets.values())

    @property
    def bound(self) -> str:
        """The rate of failures that 95 in 100 such runs without one would rule out (the rule of three)."""
        return f"< {3 / self.count:.1e}" if self.count and not self.failed else ""

    @property
    def broken(self) -> str:
        """What was not kept, in words; "" if all was."""
        words = [f"{self.failed} of {self.count} failed"] if self.failed else []
        words += [f"not kept: {promise}" for promise, kept in {**self.promises, **self.targets}.items() if not kept]
        return "; ".join([*words, *self.examples[:3]]) if words else ""


def print_heading() -> None:
    print(f"\n  {'what':<46}{'N':>11}{'failed':>8}{'3/N':>11}{'seconds':>9}{'seed':>6}")


def print_finding(found: Finding, *, whole: bool) -> None:
    """One line; the whole with every figure and promise below it."""
    counts = f"{found.count:>11,}{found.failed:>8,}{found.bound:>11}{found.seconds:>9.1f}{found.seed:>6}"
    print(f"  {found.what:<46}{counts}", flush=True)
    for name, words in found.facts.items() if whole else ():
        print(f"      {name}: {words}")
    for promise, kept in {**found.promises, **found.targets}.items():
        if whole or not kept:
            print(f"      {'kept' if kept else 'NOT KEPT'}: {promise}")
    for example in found.examples[:5] if found.failed else ():
        print(f"      e.g. {example}")


def print_findings(findings: Sequence[Finding], *, whole: bool = True) -> None:
    print_heading()
    for found in findings:
        print_finding(found, whole=whole)
    print(flush=True)


def spread(values: Sequence[float], unit: str = "s") -> str:
    """Median and most of some durations."""
    ordered = sorted(values)
    if not ordered:
        return "none"
    return f"p50 {ordered[len(ordered) // 2]:.3f} {unit}, most {ordered[-1]:.3f} {unit}, {len(ordered)} times"
