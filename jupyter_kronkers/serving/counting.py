"""Counting: from what gateways have counted since they were started to what happened between two looks at them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Literal, NamedTuple

import msgspec

from jupyter_kronkers.serving.gateway.tallies import BOUNDS_S

LEFT = 499
"""The status that is counted for a caller who did not wait: nobody's error."""

Use = Literal["stable", "canary"]


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One histogram of a gateway: the labels deployment, version, use and status, the sum, the buckets."""

    labels: tuple[str, str, str, str]
    value: float
    buckets: tuple[int, ...]


class Families(msgspec.Struct, frozen=True):
    """Of all that a gateway tells (`gateway/metrics/families.py`) what is wanted here."""

    kronkers_request_seconds: tuple[Sample, ...] = ()


class Told(msgspec.Struct, frozen=True):
    """What one gateway process tells. pid: of the process, so that one that was started anew is known."""

    families: Families
    pid: int = 0


class Series(NamedTuple):
    """What is counted together. version: None for requests that no version answered."""

    deployment: str
    version: int | None
    use: Use


class Counts(NamedTuple):
    """buckets: answers by how long they took, between the bounds of `BOUNDS_S`. errors: answers of 400 or more;
    failed: those of 500 or more, for which no caller is to blame."""

    requests: int
    errors: int
    buckets: tuple[int, ...]
    failed: int = 0


class Look(NamedTuple):
    """What one gateway process has counted since it was started."""

    pid: int
    counts: Mapping[Series, Counts]


@dataclass(frozen=True)
class Point:
    """What one version was asked in the `seconds` before `at`; the milliseconds are read off a histogram."""

    at: datetime
    seconds: float
    version: int | None
    use: Use
    requests: int
    errors: int
    p50_ms: float | None
    p99_ms: float | None
    failed: int = 0


@dataclass(frozen=True)
class Total:
    """All that a version was asked since the gateways were started."""

    version: int | None
    use: Use
    requests: int
    errors: int


class Moment(NamedTuple):
    """What happened in the seconds before it, by deployment; of what was not asked there is nothing."""

    at: datetime
    seconds: float
    points: Mapping[str, tuple[Point, ...]]


def look_of(told: Told) -> Look:
    """What a gateway counted, all statuses together."""
    by_series: dict[Series, list[Counts]] = {}
    for sample in told.families.kronkers_request_seconds:
        deployment, number, use, status = sample.labels
        series = Series(deployment, int(number) if number else None, "canary" if use == "canary" else "stable")
        by_series.setdefault(series, []).append(counts_of(int(status), sample.buckets))
    return Look(told.pid, {series: summed(found) for series, found in by_series.items()})


def counts_of(status: int, buckets: tuple[int, ...]) -> Counts:
    number = sum(buckets)
    if status == LEFT:
        return Counts(number, 0, (0,) * len(buckets))
    return Counts(number, number if status >= 400 else 0, buckets, number if status >= 500 else 0)


def moment_of(at: datetime, seconds: float, before: Mapping[str, Look], now: Mapping[str, Look]) -> Moment:
    """What happened between two looks, in all gateways together."""
    by_series: dict[Series, list[Counts]] = {}
    for gateway, look in now.items():
        for series, counts in grown(before.get(gateway), look):
            by_series.setdefault(series, []).append(counts)
    points: dict[str, list[Point]] = {}
    for series, found in sorted(by_series.items(), key=lambda one: (one[0].version or 0, one[0].use)):
        points.setdefault(series.deployment, []).append(point_of(at, seconds, series, summed(found)))
    return Moment(at, seconds, {name: tuple(of_it) for name, of_it in points.items()})


def grown(before: Look | None, now: Look) -> Iterable[tuple[Series, Counts]]:
    """What one gateway counted since the look before. Another process, or a counter that fell, began at nothing."""
    known = before.counts if before is not None and before.pid == now.pid else {}
    for series, counts in now.counts.items():
        was = known.get(series)
        more = counts if was is None or counts.requests < was.requests else less(counts, was)
        if more.requests > 0:
            yield series, more


def less(counts: Counts, was: Counts) -> Counts:
    buckets = tuple(max(0, a - b) for a, b in zip(counts.buckets, was.buckets, strict=True))
    errors, failed = max(0, counts.errors - was.errors), max(0, counts.failed - was.failed)
    return Counts(counts.requests - was.requests, errors, buckets, failed)


def summed(found: Sequence[Counts]) -> Counts:
    buckets = tuple(map(sum, zip(*(one.buckets for one in found), strict=True)))
    requests, errors, failed = (sum(getattr(one, name) for one in found) for name in ("requests", "errors", "failed"))
    return Counts(requests, errors, buckets, failed)


def point_of(at: datetime, seconds: float, series: Series, counts: Counts) -> Point:
    p50_ms, p99_ms = (quantile_ms(counts.buckets, share) for share in (0.5, 0.99))
    return Point(at, seconds, series.version, series.use, counts.requests, counts.errors, p50_ms, p99_ms, counts.failed)


def silence(moment: Moment, live: int | None) -> tuple[Point, ...]:
    """A deployment was asked nothing in that time."""
    return () if live is None else (Point(moment.at, moment.seconds, live, "stable", 0, 0, None, None),)


def quantile_ms(buckets: Sequence[int], share: float) -> float | None:
    """The time that this share of the answers took at most, as Prometheus' histogram_quantile reads it: evenly spread
    between the bounds of a bucket; what is above all bounds is told as the last of them. None without answers."""
    total = sum(buckets)
    if not total:
        return None
    reached = list(accumulate(buckets))
    place = bisect_left(reached, share * total)
    if place >= len(BOUNDS_S):
        return BOUNDS_S[-1] * 1_000
    low = BOUNDS_S[place - 1] if place else 0.0
    below = reached[place - 1] if place else 0
    return round((low + (BOUNDS_S[place] - low) * (share * total - below) / buckets[place]) * 1_000, 4)


def totals(deployment: str, looks: Iterable[Look]) -> tuple[Total, ...]:
    """What all gateways together have counted, by version."""
    by_series: dict[Series, list[Counts]] = {}
    for look in looks:
        for series, counts in look.counts.items():
            if series.deployment == deployment:
                by_series.setdefault(series, []).append(counts)
    ordered = sorted(by_series.items(), key=lambda one: (one[0].version or 0, one[0].use))
    sums = ((series, summed(found)) for series, found in ordered)
    return tuple(Total(series.version, series.use, all_.requests, all_.errors) for series, all_ in sums)
