"""Deployments: the decision to serve an alias or a version under a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.wire import Asked, Moment, Name, Number, Text, Title, Told, told
from jupyter_kronkers.errors import Fault, Invalid
from jupyter_kronkers.serving.gateway.routes import ServingLimits

if TYPE_CHECKING:
    from jupyter_kronkers.api.rooms import Rooms
    from jupyter_kronkers.serving import Deployment as RoomDeployment

ReplicaCount = Annotated[int, Meta(ge=1, le=64)]


class Deployment(Told, frozen=True):
    """It follows `alias`, or serves `version` for good. `follows` is the version that should answer, `live` the one
    that does.

    `state` is starting, ready, swapping, degraded, failed or stopped; `reason` and `remedy` tell it in words.
    `url` is where predictions are asked for, null while nothing serves.
    """

    name: str
    model: str
    alias: str | None
    version: int | None
    follows: int | None
    live: int | None
    replicas: int
    limits: ServingLimits
    wanted: str
    state: str
    reason: str
    remedy: str
    note: str
    revision: int
    created_at: Moment
    created_by: str
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
    limits: dict[Title, float] | None = None
    note: Text = ""


class DeploymentChange(Asked, frozen=True):
    """What is not sent stays. `wanted` starts or stops it."""

    alias: Name | None = None
    version: Number | None = None
    replicas: ReplicaCount | None = None
    limits: dict[Title, float] | None = None
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
    """One living process. `warm`: it is loaded, and gets no requests yet or any more."""

    pid: int | None
    version: int
    state: str
    started_at: Moment
    answered: int
    warm: bool


class ReplicaList(Told, frozen=True):
    items: list[Replica]


class DeploymentMove(Told, frozen=True):
    """One line of a deployment's history."""

    seq: int
    deployment: str
    action: str
    before: dict[str, str | int | None]
    after: dict[str, str | int | None]
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
        limits=asked.limits,
        note=asked.note,
    )
    return shown(rooms, created)


def show_deployment(rooms: Rooms, call: Call[Nothing, Nothing]) -> Deployment:
    """One deployment and how it is."""
    return shown(rooms, rooms.deployments.show(call.path["deployment"]))


def change_deployment(rooms: Rooms, call: Call[Nothing, DeploymentChange]) -> Deployment:
    """Follow another alias, pin another version, change the number of replicas, stop or start."""
    asked, name = call.body, call.path["deployment"]
    refuse_both(asked.alias, asked.version)
    decided = {field: getattr(asked, field) for field in ("alias", "version", "replicas", "limits", "note")}
    if any(value is not None for value in decided.values()) or asked.wanted is None:
        rooms.deployments.update(call.who, name, **decided, revision=call.revision)
    if asked.wanted == "serving":
        rooms.deployments.start(call.who, name)
    if asked.wanted == "stopped":
        rooms.deployments.stop(call.who, name)
    return shown(rooms, rooms.deployments.show(name))


def delete_deployment(rooms: Rooms, call: Call[Nothing, Nothing]) -> None:
    """End a deployment and forget its name. Its history stays."""
    rooms.deployments.delete(call.who, call.path["deployment"])


def roll_back(rooms: Rooms, call: Call[Nothing, Why]) -> Deployment:
    """Bring the version before back, the same way as a new one comes: no request fails."""
    return shown(rooms, rooms.deployments.rollback(call.who, call.path["deployment"], why=call.body.why))


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
