"""Traffic: what a deployment was asked lately, and how fast it answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.wire import Asked, Moment, Told, told

if TYPE_CHECKING:
    from jupyter_kronkers.api.rooms import Rooms

Use = Literal["stable", "canary"]


class TrafficPoint(Told, frozen=True):
    """What one version was asked in the `seconds` before `at`.

    `version` is null for requests that no version answered. `errors`: answers with a status of 400 or more. The
    milliseconds are null where nobody was answered; they are read off a histogram, so they are near, not exact.
    """

    at: Moment
    seconds: float
    version: int | None
    use: Use
    requests: int
    errors: int
    p50_ms: float | None
    p99_ms: float | None


class TrafficTotal(Told, frozen=True):
    """All that was asked since the gateways were started."""

    version: int | None
    use: Use
    requests: int
    errors: int


class Traffic(Told, frozen=True):
    """`at`: when it was looked at last, to be sent as `since` next time; null before the first look. `step_s`: the time
    from one look to the next while somebody asks."""

    at: Moment | None
    step_s: float
    points: list[TrafficPoint]
    totals: list[TrafficTotal]


class TrafficQuery(Asked, frozen=True):
    since: Moment | None = None


def show_traffic(rooms: Rooms, call: Call[TrafficQuery, Nothing]) -> Traffic:
    """Requests, errors and times of the last ten minutes, for each version that answered, oldest first."""
    found = rooms.deployments.show(call.path["deployment"])
    if rooms.traffic is None:
        return Traffic(at=None, step_s=0.0, points=[], totals=[])
    return told(rooms.traffic.seen(found.name, since=call.query.since, live=found.live), Traffic)
