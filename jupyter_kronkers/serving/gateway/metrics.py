"""Metrics in Prometheus' text form. Counting is plain integers; families are made when asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from jupyter_kronkers.serving.gateway.deployments import Deployments

BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
TYPE = b"text/plain; version=1.0.0; charset=utf-8"
STATES = ("starting", "ready", "swapping", "degraded", "failed", "stopped")


class Tally:
    """What one deployment has answered."""

    __slots__ = ("buckets", "rows", "seconds", "statuses")

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.buckets = [0] * (len(BOUNDS_S) + 1)
        self.seconds = 0.0
        self.rows = 0

    def count(self, status: int, seconds: float, rows: int) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.buckets[bisect_left(BOUNDS_S, seconds)] += 1
        self.seconds += seconds
        self.rows += rows


class Metrics(Collector):
    """All tallies, and what the deployments say of themselves."""

    def __init__(self, deployments: Deployments) -> None:
        self.tallies: dict[str, Tally] = {}
        self._deployments = deployments
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def of(self, deployment: str) -> Tally:
        return self.tallies.get(deployment) or self.tallies.setdefault(deployment, Tally())

    def text(self) -> bytes:
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        yield from self._requests()
        yield from self._hosts()

    def _requests(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("kronkers_requests", "Answers by status.", labels=["deployment", "status"])
        rows = CounterMetricFamily("kronkers_rows", "Rows predicted.", labels=["deployment"])
        seconds = HistogramMetricFamily(
            "kronkers_request_seconds", "From a request's first byte to its answer.", labels=["deployment"]
        )
        for name, tally in self.tallies.items():
            for status, number in tally.statuses.items():
                requests.add_metric([name, str(status)], number)
            rows.add_metric([name], tally.rows)
            seconds.add_metric([name], cumulated(tally.buckets), tally.seconds)
        yield from (requests, rows, seconds)

    def _hosts(self) -> Iterator[Metric]:
        labels = ["deployment"]
        replicas = GaugeMetricFamily("kronkers_replicas", "Replicas that answer.", labels=labels)
        waiting = GaugeMetricFamily("kronkers_waiting", "Requests that wait for a replica.", labels=labels)
        batches = CounterMetricFamily("kronkers_batches", "Batches sent to hosts.", labels=labels)
        restarts = CounterMetricFamily("kronkers_host_restarts", "Replicas that were replaced.", labels=labels)
        state = GaugeMetricFamily("kronkers_deployment_state", "1 for its state.", labels=["deployment", "state"])
        for name, deployment in self._deployments.running.items():
            for one in STATES:
                state.add_metric([name, one], float(deployment.state == one))
            if (live := deployment.live) is not None:
                replicas.add_metric([name], len(live.serving))
                waiting.add_metric([name], len(live.waiting))
                batches.add_metric([name], live.counts.batches)
                restarts.add_metric([name], live.counts.restarts)
        yield from (replicas, waiting, batches, restarts, state)


def cumulated(counts: list[int]) -> list[tuple[str, float]]:
    total, buckets = 0, []
    for bound, count in zip([*map(str, BOUNDS_S), "+Inf"], counts, strict=True):
        total += count
        buckets.append((bound, float(total)))
    return buckets
