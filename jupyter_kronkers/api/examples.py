"""Examples: rows that a version was proven with, for whoever wants to see what goes in and what comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.versions import Field
from jupyter_kronkers.api.wire import Told, told
from jupyter_kronkers.languages.conformance import Value

if TYPE_CHECKING:
    from jupyter_kronkers.api.rooms import Rooms


class Table(Told, frozen=True):
    columns: list[str]
    rows: list[list[Value]]


class VersionExample(Told, frozen=True):
    """The first recorded rows, five at most, and what the live model answered to them.

    A missing value is null; of numbers, what JSON cannot carry is the text NaN, Infinity or -Infinity.
    """

    columns: list[str]
    rows: list[list[Value]]
    outputs: Table


class DeploymentExample(Told, frozen=True):
    """One row that the deployment's version can be asked with, and what it knows of each column."""

    columns: list[str]
    rows: list[list[Value]]
    fields: list[Field]
    version: int


def show_version_example(rooms: Rooms, call: Call[Nothing, Nothing]) -> VersionExample:
    """Rows that a version was proven with, and its answers."""
    return told(rooms.models.example(call.path["model"], call.path["version"]), VersionExample)


def show_deployment_example(rooms: Rooms, call: Call[Nothing, Nothing]) -> DeploymentExample:
    """A row to try a deployment with, of the version that answers now, or that should."""
    return told(rooms.deployments.example(call.path["deployment"]), DeploymentExample)
