"""Tallies: what became of many requests, small enough to be sent between processes and added up.

answered   200, with the value that the version named in the header gives for these very rows
wrong      200, with anything else
refusals   another status, by status
resets     the connection ended while an answer was awaited
refused    the connection could not be made
unanswered no answer in time
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

import msgspec

STEPS = 100
"""Buckets of a histogram per factor e: a quantile is right within one per cent."""

EXAMPLES = 10


class Tally(msgspec.Struct):
    """`latencies_us`, `refusal_latencies_us`: histograms, how many by bucket. `cpu_s` is what the callers took."""

    answered: int = 0
    wrong: int = 0
    refused: int = 0
    resets: int = 0
    unanswered: int = 0
    refusals: dict[int, int] = {}
    without_retry_after: int = 0
    versions: dict[str, int] = {}
    latencies_us: dict[int, int] = {}
    refusal_latencies_us: dict[int, int] = {}
    examples: list[str] = []
    cpu_s: float = 0.0
    wall_s: float = 0.0

    @property
    def asked(self) -> int:
        return self.answered + self.failed

    @property
    def failed(self) -> int:
        """Everything that is not the right answer."""
        return self.wrong + self.refused + self.resets + self.unanswered + sum(self.refusals.values())

    @property
    def per_second(self) -> float:
        return self.answered / self.wall_s if self.wall_s else 0.0

    @property
    def caller_us(self) -> float:
        """Processor time that asking and checking took, per request."""
        return self.cpu_s / max(1, self.asked) * 1e6

    def quantile_ms(self, share: float) -> float:
        return quantile_ms(self.latencies_us, share)

    def refusal_ms(self, share: float) -> float:
        return quantile_ms(self.refusal_latencies_us, share)

    def example(self, words: str) -> None:
        if len(self.examples) < EXAMPLES:
            self.examples.append(words)

    def __str__(self) -> str:
        said = f"{self.answered} right, {self.failed} failed"
        kinds = {"wrong": self.wrong, "resets": self.resets, "refused": self.refused, "unanswered": self.unanswered}
        parts = [f"{name} {count}" for name, count in {**kinds, **self.refusals}.items() if count]
        return said + (f" ({', '.join(parts)}; {' | '.join(self.examples[:3])})" if self.failed else "")


def bucket(seconds: float) -> int:
    return int(math.log(max(1.0, seconds * 1e6)) * STEPS)


def quantile_ms(histogram: dict[int, int], share: float) -> float:
    """The latency that `share` of them did not exceed, in milliseconds; 0 where there are none. share 1: the most."""
    left = share * sum(histogram.values())
    for at in sorted(histogram):
        left -= histogram[at]
        if left <= 1e-9:
            return math.exp((at + 0.5) / STEPS) / 1e3
    return 0.0


def together(tallies: Iterable[Tally]) -> Tally:
    """One tally of callers that asked at the same time."""
    found = list(tallies)
    summed = {name: sum(getattr(one, name) for one in found) for name in COUNTS}
    counted = {name: dict(sum((Counter(getattr(one, name)) for one in found), Counter())) for name in HISTOGRAMS}
    examples = [words for one in found for words in one.examples][:EXAMPLES]
    return Tally(**summed, **counted, examples=examples, wall_s=max((one.wall_s for one in found), default=0.0))


COUNTS = ("answered", "wrong", "refused", "resets", "unanswered", "without_retry_after", "cpu_s")
HISTOGRAMS = ("refusals", "versions", "latencies_us", "refusal_latencies_us")
