"""Exposition: what gateways told, in the text that Prometheus reads.

It is written in pieces, so that the loop answers callers in between. prometheus_client, which knows the two forms and
which of them a scraper can read, is imported when the first scraper comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from jupyter_kronkers.serving.gateway.metrics.families import FAMILIES, Family, Sample, Told

if TYPE_CHECKING:
    from prometheus_client.core import Metric

PIECE = 20
"""Samples at a time; a histogram's is some 20 lines."""

END = b"# EOF\n"
GATEWAY = "gateway"
"""The label that tells one gateway process from another, where there are several: a counter that began anew with its
process would make a sum over all of them look as if it had jumped."""

Labelled = tuple[Sample, str]


async def written(told: Sequence[Told], accept: str) -> tuple[bytes, bytes]:
    """The text and its Content-Type, in the form that the header Accept asks for."""
    from prometheus_client.exposition import choose_encoder

    encode, content_type = choose_encoder(accept)
    text: list[bytes] = []
    for family in FAMILIES:
        samples = [(sample, one.gateway) for one in told for sample in one.families.get(family.name, ())]
        for start in range(0, len(samples), PIECE):
            piece = encode(Once(metric_of(family, samples[start : start + PIECE]))).removesuffix(END)
            text.append(piece if not start else without_head(piece))
            await asyncio.sleep(0)
    if content_type.startswith("application/openmetrics-text"):
        text.append(END)
    return b"".join(text), content_type.encode()


class Once:
    """What prometheus_client calls a collector: gives one metric."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric

    def collect(self) -> Iterator[Metric]:
        yield self._metric


def without_head(piece: bytes) -> bytes:
    """The lines of values alone: the head of a family stands once."""
    return b"".join(line for line in piece.splitlines(keepends=True) if not line.startswith(b"# "))


def metric_of(family: Family, samples: Sequence[Labelled]) -> Metric:
    from prometheus_client.core import Metric

    metric = Metric(family.name, family.words, family.kind)
    for sample, gateway in samples:
        labels = dict(zip(family.labels, sample.labels, strict=True))
        add(metric, family, labels | ({GATEWAY: gateway} if gateway else {}), sample)
    return metric


def add(metric: Metric, family: Family, labels: dict[str, str], sample: Sample) -> None:
    """The lines of one sample."""
    name = family.name
    if family.kind == "counter":
        return metric.add_sample(f"{name}_total", labels, sample.value)
    if family.kind == "gauge":
        return metric.add_sample(name, labels, sample.value)
    if family.kind == "histogram":
        bounds = [*map(repr, family.bounds), "+Inf"]
        for bound, number in zip(bounds, accumulate(sample.buckets), strict=True):
            metric.add_sample(f"{name}_bucket", labels | {"le": bound}, number)
    metric.add_sample(f"{name}_count", labels, sum(sample.buckets))
    return metric.add_sample(f"{name}_sum", labels, sample.value)
