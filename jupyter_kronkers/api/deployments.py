"""Deployments: the decision to serve an alias or a version under a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.wire import Asked, Moment, Name, Number, Text, Title, Told, told
from jupyter_kronkers.errors import Fault, Invalid
from jupyter_kronkers.serving.gateway.routes import ServingLimits
from jupyter_kronkers.serving.gateway.states import CanaryState, ShadowState

if TYPE_CHECKING:
    from jupyter_kronkers.api.rooms import Rooms
    from jupyter_kronkers.serving import Deployment as RoomDeployment

ReplicaCount = Annotated[int, Meta(ge=1, le=64)]
SpareCount = Annotated[int, Meta(ge=0, le=8)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Limits = dict[Title, float | bool]
Fact = str | int | float | None


class Deployment(Told, frozen=True):
    """It follows `alias`, or serves `version` for good. `follows` is the version that should answer, `live` the one
    that does.

    `canary` (a version or an alias of the same model) gets `percent` of the requests, `shadow` copies of all of them;
    `canary_state` and `shadow_state` tell what they did, while they do it. `spares` are processes that stand by.
    `state` is starting, ready, swapping, degraded, idle, failed or stopped; `reason` and `remedy` tell it in words.
    `url` is where predictions are asked for, null while nothing serves.
    """

    name: str
    model: str
    alias: str | None
    version: int | None
    follows: int | None
    live: int | None
    replicas: int
    spares: int
    canary: int | str | None
    percent: float
    shadow: int | str | None
    limits: ServingLimits
    wanted: str
    state: str
    reason: str
    remedy: str
    note: str
    revision: int
    created_at: Moment
    created_by: str
    memory_bytes: int
    canary_state: CanaryState | None
    shadow_state: ShadowState | None
    url: str | None = None


class DeploymentList(Told, frozen=True):
    items: list[Deployment]


class NewDeployment(Asked, frozen=True):
    """Serve what `alias` names and follow it, or one `version` for good. Without either: the alias champion."""

    name: Name
    model: Name
    alias: Name | None = None
    version: Number | None = None
    replicas: ReplicaCount = 1
    spares: SpareCount = 0
    canary: Number | Name | None = None
    percent: Percent = 0.0
    shadow: Number | Name | None = None
    limits: Limits | None = None
    note: Text = ""


class DeploymentChange(Asked, frozen=True):
    """What is not sent stays. `wanted` starts or stops it; `canary` or `shadow` null ends it."""

    alias: Name | None = None
    version: Number | None = None
    replicas: ReplicaCount | None = None
    spares: SpareCount | None = None
    canary: Number | Name | UnsetType | None = UNSET
    percent: Percent | None = None
    shadow: Number | Name | UnsetType | None = UNSET
    limits: Limits | None = None
    note: Text | None = None
    wanted: Literal["serving", "stopped"] | None = None


class Why(Asked, frozen=True):
    why: Text = ""


class LogQuery(Asked, frozen=True):
    tail: Annotated[int, Meta(ge=1, le=10_000)] = 200


class Log(Told, frozen=True):
    """What the hosts of a deployment printed, oldest line first."""

    lines: list[str]


class Replica(Told, frozen=True):
    """One living process. `warm`: it is loaded, and gets no requests yet or any more.

    role: live, canary, shadow or warm. memory_bytes: its share of what it and all it started use; 0 if not known.
    """

    pid: int | None
    version: int
    state: str
    started_at: Moment
    answered: int
    warm: bool
    role: str
    memory_bytes: int


class ReplicaList(Told, frozen=True):
    items: list[Replica]


class DeploymentMove(Told, frozen=True):
    """One line of a deployment's history."""

    seq: int
    deployment: str
    action: str
    before: dict[str, Fact]
    after: dict[str, Fact]
    at: Moment
    by: str
    why: str


class DeploymentHistory(Told, frozen=True):
    items: list[DeploymentMove]


def list_deployments(rooms: Rooms, _call: Call[Nothing, Nothing]) -> DeploymentList:
    """All deployments, by name."""
    return DeploymentList(items=[shown(rooms, found) for found in rooms.deployments.list()])


def create_deployment(rooms: Rooms, call: Call[Nothing, NewDeployment]) -> Deployment:
    """Serve a model under a name. Answers at once; `state` tells when it is ready."""
    asked = call.body
    refuse_both(asked.alias, asked.version)
    alias = asked.alias or (None if asked.version else "champion")
    created = rooms.deployments.create(
        call.who,
        asked.name,
        asked.model,
        alias=alias,
        version=asked.version,
        replicas=asked.replicas,
        spares=asked.spares,
        canary=asked.canary,
        percent=asked.percent,
        shadow=asked.shadow,
        limits=asked.limits,
        note=asked.note,
    )
    return shown(rooms, created)


def show_deployment(rooms: Rooms, call: Call[Nothing, Nothing]) -> Deployment:
    """One deployment and how it is."""
    return shown(rooms, rooms.deployments.show(call.path["deployment"]))


def change_deployment(rooms: Rooms, call: Call[Nothing, DeploymentChange]) -> Deployment:
    """Follow another alias, pin another version, change replicas, shares or limits, stop or start; all in one step."""
    asked, name = call.body, call.path["deployment"]
    refuse_both(asked.alias, asked.version)
    changed = {field: getattr(asked, field) for field in asked.__struct_fields__}
    return shown(rooms, rooms.deployments.update(call.who, name, **changed, revision=call.revision))


def delete_deployment(rooms: Rooms, call: Call[Nothing, Nothing]) -> None:
    """End a deployment and forget its name. Its history stays."""
    rooms.deployments.delete(call.who, call.path["deployment"], revision=call.revision)


def promote(rooms: Rooms, call: Call[Nothing, Why]) -> Deployment:
    """Make the canary the live version: the alias moves to it, or it is pinned. No request fails."""
    decided = rooms.deployments.promote(call.who, call.path["deployment"], call.body.why, revision=call.revision)
    return shown(rooms, decided)


def roll_back(rooms: Rooms, call: Call[Nothing, Why]) -> Deployment:
    """Bring the version before back, the same way as a new one comes: no request fails."""
    decided = rooms.deployments.rollback(call.who, call.path["deployment"], call.body.why, revision=call.revision)
    return shown(rooms, decided)


def list_replicas(rooms: Rooms, call: Call[Nothing, Nothing]) -> ReplicaList:
    """The living processes of a deployment."""
    return ReplicaList(items=[told(found, Replica) for found in rooms.deployments.replicas(call.path["deployment"])])


def show_log(rooms: Rooms, call: Call[LogQuery, Nothing]) -> Log:
    """The last lines that the hosts of a deployment printed."""
    return Log(lines=list(rooms.deployments.log(call.path["deployment"], tail=call.query.tail)))


def show_decisions(rooms: Rooms, call: Call[Nothing, Nothing]) -> DeploymentHistory:
    """Everything that was decided about a deployment, newest first."""
    moves = rooms.deployments.history(call.path["deployment"])
    return DeploymentHistory(items=[told(move, DeploymentMove) for move in moves])


def shown(rooms: Rooms, found: RoomDeployment) -> Deployment:
    url = rooms.gateway.url if rooms.gateway else None
    wire = told(found, Deployment)
    return msgspec.structs.replace(wire, url=f"{url}/{wire.name}/invocations" if url else None)


def refuse_both(alias: str | None, version: int | None) -> None:
    if alias is not None and version is not None:
        raise Invalid(Fault("version", "an alias and a version cannot both be served; send one of them"))
