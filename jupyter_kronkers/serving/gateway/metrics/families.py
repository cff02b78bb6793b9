"""Families: every metric that the gateway exports, in one table. What is in it is what `/metrics` has, and no more.

`kronkers_*` are ours. The others are what MLServer and KServe call the same thing, so that dashboards and autoscalers
made for those read this gateway too; each HELP says what it means here. A deployment is their model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from jupyter_kronkers.serving.gateway.tallies import BOUNDS_N, BOUNDS_S

Kind = Literal["counter", "gauge", "histogram", "summary"]


class Family(NamedTuple):
    """One metric. A counter is written with `_total` after its name."""

    name: str
    kind: Kind
    words: str
    labels: tuple[str, ...] = ()
    bounds: Sequence[float] = ()

    @property
    def exported(self) -> str:
        """The name under which Prometheus knows it; a histogram's has endings."""
        return f"{self.name}_total" if self.kind == "counter" else self.name


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One value of a family. Of a histogram or summary `value` is the sum of all that was seen, `buckets` how many
    fell between two bounds; a summary has one bucket."""

    labels: tuple[str, ...]
    value: float
    buckets: tuple[int, ...] = ()


class Told(msgspec.Struct, frozen=True):
    """What one gateway process says of itself: the samples of each family. `gateway` tells it from its siblings, `pid`
    from the process that was there before."""

    gateway: str
    families: dict[str, list[Sample]]
    pid: int = 0


def counter(name: str, words: str, *labels: str) -> Family:
    return Family(name, "counter", words, labels)


def gauge(name: str, words: str, *labels: str) -> Family:
    return Family(name, "gauge", words, labels)


def seconds(name: str, words: str, *labels: str) -> Family:
    return Family(name, "histogram", words, labels, BOUNDS_S)


def numbers(name: str, words: str, *labels: str) -> Family:
    return Family(name, "histogram", words, labels, BOUNDS_N)


ANSWER = ("deployment", "version", "use", "status")
LOADED = ("deployment", "version")
REST = ("method", "path", "status_code", "app_name")

FAMILIES = (
    counter("kronkers_requests", "Answers by status; use is stable or canary, 499 is a caller who left.", *ANSWER),
    seconds("kronkers_request_seconds", "From a request's first byte to its answer.", *ANSWER),
    counter("kronkers_rows", "Rows predicted.", "deployment", "version", "use"),
    counter("kronkers_refused", "Requests no model was asked about, by the error's code.", "deployment", "reason"),
    seconds("kronkers_queue_seconds", "How long each request waited for a replica.", *LOADED),
    seconds("kronkers_host_seconds", "How long the batch of each request was with a host.", *LOADED),
    seconds("kronkers_after_seconds", "From a host's reply until its batch was answered, for each request.", *LOADED),
    counter("kronkers_batches", "Batches sent to hosts.", *LOADED),
    numbers("kronkers_batch_requests", "Requests in a batch.", *LOADED),
    numbers("kronkers_batch_rows", "Rows in a batch.", *LOADED),
    counter("kronkers_retries", "Requests that were sent to a host once more.", *LOADED),
    counter("kronkers_host_restarts", "Replicas that were replaced.", *LOADED),
    gauge("kronkers_waiting", "Requests that wait for a replica.", *LOADED),
    gauge("kronkers_replicas", "Replicas by what they are for and what they do.", *LOADED, "role", "state"),
    gauge("kronkers_replicas_wanted", "Replicas that should answer.", "deployment"),
    gauge("kronkers_replica_memory_bytes", "Memory of a replica, its share of what it shares.", *LOADED, "replica"),
    gauge("kronkers_breaker_open", "1 while a version rests because its hosts ended again and again.", *LOADED),
    gauge("kronkers_deployment_state", "1 for the state it is in.", "deployment", "state"),
    gauge("kronkers_withdrawn", "1 where a version was withdrawn by itself.", "deployment", "role"),
    gauge("kronkers_live_version", "The version that answers, 0 if none does.", "deployment", "model"),
    gauge("kronkers_canary_share", "The share of requests that the canary should get, from 0 to 1.", "deployment"),
    counter("kronkers_shadow", "Copies of requests for the shadow, by their fate.", *LOADED, "fate"),
    gauge("kronkers_open_connections", "Connections of callers."),
    seconds("kronkers_loop_lag_seconds", "How late a timer of the gateway's loop came, measured twice a second."),
    gauge("kronkers_build_info", "Always 1; the labels tell what runs.", "release", "python"),
    gauge("kronkers_gateway_processes", "Gateway processes on this port."),
    gauge("kronkers_gateway_processes_answering", "Those of them whose numbers are in this answer."),
    # MLServer
    counter("model_infer_request_success", "Answers with status 200. model: the deployment.", "model", "version"),
    counter("model_infer_request_failure", "Answers with another status; not callers who left.", "model", "version"),
    Family("model_infer_request_duration", "summary", "Seconds from first byte to answer.", ("model", "version")),
    numbers("batch_request_queue", "Requests there when a batch was taken.", "model_name", "model_version"),
    counter("rest_server_requests", "Predictions by status. path: the deployment's.", *REST),
    seconds("rest_server_request_duration_seconds", "From a prediction's first byte to its answer.", *REST),
    gauge("rest_server_requests_in_progress", "Requests under way.", "method", "app_name"),
    # KServe
    seconds("request_predict_seconds", "How long the batch of each request was with a host.", "model_name"),
    seconds("request_postprocess_seconds", "From a host's reply until the request was answered.", "model_name"),
    # Every Prometheus client
    counter("process_cpu_seconds", "User and system time of the gateway, its hosts not included."),
    gauge("process_resident_memory_bytes", "Resident memory of the gateway."),
    gauge("process_virtual_memory_bytes", "Virtual memory of the gateway."),
    gauge("process_start_time_seconds", "When the gateway was started, in seconds since 1970."),
    gauge("process_open_fds", "File descriptors the gateway has open."),
    gauge("process_max_fds", "File descriptors the gateway may have open."),
)  # fmt: skip

BY_NAME = {family.name: family for family in FAMILIES}
