"""Readings: all that this gateway process can say of itself now, family by family."""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from collections.abc import Iterable, Iterator

from jupyter_kronkers.release import version as release
from jupyter_kronkers.serving.gateway.deployments.deployments import Deployment
from jupyter_kronkers.serving.gateway.deployments.descriptions import MemoryOf, described
from jupyter_kronkers.serving.gateway.metrics.families import FAMILIES, Sample
from jupyter_kronkers.serving.gateway.states import DeploymentState
from jupyter_kronkers.serving.gateway.tallies import Measures, Spread, Tallies, Tally
from jupyter_kronkers.serving.gateway.versions.versions import LoadedVersion

Reading = tuple[str, Sample]
Caller = tuple[str, int, str, Tally]
STATES = ("starting", "ready", "swapping", "degraded", "failed", "stopped", "idle")
DOING = ("idle", "busy", "starting")
ROLES = ("version", "canary", "shadow")
FATES = ("asked", "dropped", "answered", "failed", "different")
LEFT = 499
APP = "kronkers"


def read(
    tallies: Tallies, running: Iterable[Deployment], memory_of: MemoryOf, load: tuple[int, int]
) -> dict[str, list[Sample]]:
    """Every family's samples. load: how many requests are under way, on how many connections."""
    found: dict[str, list[Sample]] = {family.name: [] for family in FAMILIES}
    parts: tuple[Iterator[Reading], ...] = (
        of_callers(tallies.callers()),
        of_mlserver(tallies.callers()),
        of_hosts(tallies.versions),
        of_kserve(tallies.versions),
        (("kronkers_refused", Sample(key, number)) for key, number in tallies.refusals.items()),
        (one for deployment in running for one in of_deployment(deployment, memory_of)),
        of_gateway(tallies.lag, load),
        of_process(),
    )
    for part in parts:
        for name, sample in part:
            found[name].append(sample)
    return found


def spread(labels: tuple[str, ...], values: Spread) -> Sample:
    return Sample(labels, values.total, tuple(values.buckets))


def summed(spreads: Iterable[Spread]) -> Spread:
    """One spread of all of them, which have the same bounds."""
    found = Spread()
    for one in spreads:
        found.bounds = one.bounds
        found.buckets = [a + b for a, b in zip(found.buckets, one.buckets, strict=True)]
        found.total += one.total
    return found


def numbered(number: int) -> str:
    return str(number) if number else ""


# What callers got


def of_callers(callers: Iterable[Caller]) -> Iterator[Reading]:
    for deployment, number, use, tally in callers:
        who = (deployment, numbered(number), use)
        for status, seconds in tally.answers.items():
            labels = (*who, str(status))
            yield "kronkers_requests", Sample(labels, sum(seconds.buckets))
            yield "kronkers_request_seconds", spread(labels, seconds)
        if tally.rows:
            yield "kronkers_rows", Sample(who, tally.rows)


def of_mlserver(callers: Iterable[Caller]) -> Iterator[Reading]:
    """The same as MLServer tells it: by model and version, and by path and status."""
    versions: dict[tuple[str, str], list[tuple[int, Spread]]] = {}
    paths: dict[tuple[str, int], list[Spread]] = {}
    for deployment, number, _, tally in callers:
        for status, seconds in tally.answers.items():
            versions.setdefault((deployment, numbered(number)), []).append((status, seconds))
            paths.setdefault((deployment, status), []).append(seconds)
    for model, answers in versions.items():
        well = sum(sum(seconds.buckets) for status, seconds in answers if status == 200)
        ill = sum(sum(seconds.buckets) for status, seconds in answers if status not in (200, LEFT))
        total = sum(seconds.total for _, seconds in answers)
        yield "model_infer_request_success", Sample(model, well)
        yield "model_infer_request_failure", Sample(model, ill)
        yield "model_infer_request_duration", Sample(model, total, (sum(sum(s.buckets) for _, s in answers),))
    for (deployment, status), spreads in paths.items():
        labels = ("POST", f"/{deployment}", str(status), APP)
        together = summed(spreads)
        yield "rest_server_requests", Sample(labels, sum(together.buckets))
        yield "rest_server_request_duration_seconds", spread(labels, together)


# What hosts did


def of_hosts(versions: dict[tuple[str, int], Measures]) -> Iterator[Reading]:
    for (deployment, number), measures in versions.items():
        labels = (deployment, str(number))
        yield "kronkers_batches", Sample(labels, sum(measures.requests.buckets))
        yield "kronkers_retries", Sample(labels, sum(life.retries for life in measures.lives))
        yield "kronkers_host_restarts", Sample(labels, sum(life.restarts for life in measures.lives))
        if measures.requests.total:
            yield "kronkers_queue_seconds", spread(labels, measures.queue)
            yield "kronkers_host_seconds", spread(labels, measures.host)
            yield "kronkers_after_seconds", spread(labels, measures.after)
            yield "kronkers_batch_requests", spread(labels, measures.requests)
            yield "kronkers_batch_rows", spread(labels, measures.rows)
            yield "batch_request_queue", spread(labels, measures.found)


def of_kserve(versions: dict[tuple[str, int], Measures]) -> Iterator[Reading]:
    """The same as KServe tells it: by model alone."""
    models: dict[str, list[Measures]] = {}
    for (deployment, _), measures in versions.items():
        if measures.requests.total:
            models.setdefault(deployment, []).append(measures)
    for model, together in models.items():
        yield "request_predict_seconds", spread((model,), summed(measures.host for measures in together))
        yield "request_postprocess_seconds", spread((model,), summed(measures.after for measures in together))


def of_deployment(deployment: Deployment, memory_of: MemoryOf) -> Iterator[Reading]:
    said, route, name = described(deployment, memory_of), deployment.route, deployment.name
    for state in STATES:
        yield "kronkers_deployment_state", Sample((name, state), float(said.state == state))
    yield "kronkers_live_version", Sample((name, said.model), said.number or 0)
    yield "kronkers_replicas_wanted", Sample((name,), route.replicas if route else 0)
    yield "kronkers_canary_share", Sample((name,), said.canary.percent / 100 if said.canary else 0.0)
    for role in ROLES:
        yield "kronkers_withdrawn", Sample((name, role), float(role in said.withdrawn))
    if (shadow := said.shadow) is not None:
        fates = {fate: getattr(shadow, fate) for fate in FATES}
        for fate, number in fates.items():
            yield "kronkers_shadow", Sample((name, str(shadow.number), fate), number)
    yield from of_replicas(said)
    yield from of_versions(deployment)


def of_replicas(said: DeploymentState) -> Iterator[Reading]:
    live = str(said.number or said.wanted)
    doing = {(said.name, live, "live", state): 0 for state in DOING}
    places: dict[str, int] = {}
    for replica in said.replicas:
        number = str(replica.number)
        key = (said.name, number, replica.role, replica.state)
        doing[key] = doing.get(key, 0) + 1
        places[number] = places.get(number, 0) + 1
        if replica.memory_bytes:
            labels = (said.name, number, str(places[number]))
            yield "kronkers_replica_memory_bytes", Sample(labels, replica.memory_bytes)
    for one, count in doing.items():
        yield "kronkers_replicas", Sample(one, count)


def of_versions(deployment: Deployment) -> Iterator[Reading]:
    # One version may be loaded twice for a while: as it was wanted before, and as it is now.
    waiting: dict[tuple[str, str], int] = {}
    resting: dict[tuple[str, str], bool] = {}
    for version, _ in deployment.versions:
        labels = (deployment.name, number_of(version))
        waiting[labels] = waiting.get(labels, 0) + len(version.waiting)
        resting[labels] = resting.get(labels, False) or version.breaker.open
    for labels, number in waiting.items():
        yield "kronkers_waiting", Sample(labels, number)
        yield "kronkers_breaker_open", Sample(labels, float(resting[labels]))


def number_of(version: LoadedVersion) -> str:
    return str(version.artifact.placed.number)


# The gateway itself


def of_gateway(lag: Spread, load: tuple[int, int]) -> Iterator[Reading]:
    exchanges, connections = load
    yield "kronkers_open_connections", Sample((), connections)
    yield "rest_server_requests_in_progress", Sample(("POST", APP), exchanges)
    yield "kronkers_loop_lag_seconds", spread((), lag)
    yield "kronkers_build_info", Sample((release(), platform.python_version()), 1)


def of_process() -> Iterator[Reading]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    yield "process_cpu_seconds", Sample((), used.ru_utime + used.ru_stime)
    yield "process_max_fds", Sample((), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    if sys.platform == "linux":
        with open("/proc/self/stat", "rb") as stat:
            parts = stat.read().rpartition(b")")[2].split()
        yield "process_virtual_memory_bytes", Sample((), int(parts[20]))
        yield "process_resident_memory_bytes", Sample((), int(parts[21]) * resource.getpagesize())
        yield "process_start_time_seconds", Sample((), started_at(int(parts[19])))
        yield "process_open_fds", Sample((), len(os.listdir("/proc/self/fd")))


def started_at(ticks: int) -> float:
    """Seconds since 1970 of a moment that Linux tells in ticks since it was booted."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")
