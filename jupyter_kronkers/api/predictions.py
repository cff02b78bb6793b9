"""Predictions: a deployment tried from the panel, through the gateway that everybody asks."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.problems import FaultFound, PassedOn, Problem
from jupyter_kronkers.api.wire import Asked, Told
from jupyter_kronkers.errors import Conflict, Unavailable
from jupyter_kronkers.languages.conformance import Value

if TYPE_CHECKING:
    from jupyter_kronkers.api.rooms import Rooms
    from jupyter_kronkers.serving.calling import Reply

Column = Annotated[str, Meta(max_length=1_000)]
MOST_COLUMNS, MOST_ROWS = 10_000, 1_000


class NewPrediction(Asked, frozen=True):
    """Rows to predict for, each with a value for every column. `version`: which of the two that share the requests;
    without it the deployment chooses, as for everybody."""

    columns: Annotated[list[Column], Meta(min_length=1, max_length=MOST_COLUMNS)]
    rows: Annotated[list[list[Value]], Meta(max_length=MOST_ROWS)]
    version: Literal["stable", "canary"] | None = None


class Tried(Told, frozen=True):
    """The answer, row by row; `elapsed_ms` is how long the gateway took."""

    columns: list[str]
    rows: list[list[Value]]
    version: int
    prediction_id: str
    elapsed_ms: float


class Predictions(msgspec.Struct):
    """What the gateway answers."""

    predictions: list[Value | dict[str, Value]]


class Said(msgspec.Struct):
    """What the gateway says when it refuses."""

    title: str
    detail: str
    code: str
    remedy: str = ""
    faults: list[FaultFound] = []
    model_error: dict[str, str] = {}


def try_out(rooms: Rooms, call: Call[Nothing, NewPrediction]) -> Tried:
    """Ask a deployment for predictions, as any caller would; what its gateway refuses is refused here in its words."""
    name, asked = call.path["deployment"], call.body
    found = rooms.deployments.show(name)
    if rooms.caller is None:
        raise Unavailable("Nothing serves predictions now.", remedy="Start JupyterLab, or: jupyter kronkers serve")
    if found.state == "stopped":
        raise Conflict(f"{name} is stopped.", remedy="Start it, then try again.", code="stopped")
    reply = rooms.caller.ask(name, asked.columns, asked.rows, use=asked.version)
    if reply.status != HTTPStatus.OK or reply.version is None:
        raise refused(reply)
    return tried(rooms, found.model, reply)


def tried(rooms: Rooms, model: str, reply: Reply) -> Tried:
    """The gateway gives a list of values where a version has one output, and else a record for each row."""
    version = reply.version or 0
    columns = [field.name for field in rooms.models.version(model, version).signature.outputs]
    rows = [
        [row[name] for name in columns] if isinstance(row, dict) else [row]
        for row in msgspec.json.decode(reply.body, type=Predictions).predictions
    ]
    return Tried(
        columns=columns,
        rows=rows,
        version=version,
        prediction_id=reply.prediction_id,
        elapsed_ms=reply.elapsed_ms,
    )


def refused(reply: Reply) -> Exception:
    """What the gateway said, with its status; save that it did not know us, which is no matter of the caller."""
    if reply.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Unavailable("The gateway does not know this server yet.", remedy="Try again in a second.")
    try:
        said = msgspec.json.decode(reply.body, type=Said)
    except msgspec.MsgspecError:
        return Unavailable(f"The gateway answered {reply.status} without saying why.", remedy="Look at its log.")
    return PassedOn(
        Problem(
            status=reply.status,
            code=said.code,
            title=said.title,
            message=said.detail,
            detail=said.detail,
            remedy=said.remedy,
            faults=said.faults,
            class_=said.model_error.get("class", ""),
            language=said.model_error.get("language", ""),
            retry_after_s=reply.retry_after_s,
        )
    )
