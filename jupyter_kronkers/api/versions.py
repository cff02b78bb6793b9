"""Versions: immutable, numbered, proven."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.wire import Asked, Moment, Page, PageQuery, Text, Title, Told, page, told

if TYPE_CHECKING:
    from jupyter_kronkers.api.rooms import Rooms


class Field(Told, frozen=True):
    """One column: `type` is MLflow's, `native` the language's own, `levels` those of a category."""

    name: str
    type: str
    native: str | None = None
    levels: list[str] | None = None
    missing: bool = False


class Signature(Told, frozen=True):
    inputs: list[Field]
    outputs: list[Field]


class Package(Told, frozen=True):
    """`needed`: to load the model or to predict; `attached`: in R's search path."""

    name: str
    version: str
    needed: bool
    attached: bool


class TrainingData(Told, frozen=True):
    """The rows it was registered with; `digest` is over all of them."""

    digest: str
    rows: int
    columns: int


class Commit(Told, frozen=True):
    commit: str
    branch: str | None
    dirty: bool


class Interpreter(Told, frozen=True):
    version: str
    executable: str
    platform: str


class Proof(Told, frozen=True):
    """A fresh host gave the live answers again; `max_difference` is the largest between any two numbers."""

    rows: int
    max_difference: float
    elapsed_s: float
    batch_safe: bool


class Version(Told, frozen=True, rename={"class_": "class"}):
    """`state` is ready or rejected; `reason` and `remedy` say why it was rejected and what to do.

    `digest` is that of its signed manifest; `origin` is outside if something else put it into MLflow.
    """

    model: str
    number: int
    id: str
    state: str
    reason: str
    remedy: str
    warnings: list[str]
    language: str
    class_: str
    loader: str
    size_bytes: int
    signature: Signature
    target: list[str]
    metrics: dict[str, float]
    params: dict[str, str | int | float | bool | None]
    packages: list[Package]
    definitions: list[str]
    data: TrainingData | None
    git: Commit | None
    notebook: str | None
    kernel: str | None
    runtime: Interpreter
    proof: Proof | None
    note: str
    digest: str
    source: str
    tracking_run: str | None
    captured_at: str
    created_at: Moment
    created_by: str
    origin: str


class NewVersion(Asked, frozen=True):
    """What to register: only an upload that we opened, never an address."""

    upload: Title
    title: Title = ""
    description: Text = ""
    note: Text = ""


class Change(Told, frozen=True):
    """One thing that differs; null where it was not there before, or is not any more."""

    name: str
    before: str | None
    after: str | None


class MetricChange(Told, frozen=True):
    name: str
    before: float | None
    after: float | None


class Diff(Told, frozen=True):
    """From version `before` to version `after`; what is alike is left out. `code`: lines of a unified diff of the
    notebooks' cells."""

    model: str
    before: int
    after: int
    about: list[Change]
    metrics: list[MetricChange]
    params: list[Change]
    environment: list[Change]
    packages: list[Change]
    data: list[Change]
    signature: list[Change]
    code: list[str]


def list_versions(rooms: Rooms, call: Call[PageQuery, Nothing]) -> Page[Version]:
    """Versions of a model, newest first."""
    return page(rooms.models.versions(call.path["model"], limit=call.query.limit, cursor=call.query.cursor), Version)


def register_version(rooms: Rooms, call: Call[Nothing, NewVersion]) -> Version:
    """Register an upload as the next version, after a fresh host has given the live answers again.

    A version that did not is kept too, as rejected, with the reason in words.
    """
    asked = call.body
    registered = rooms.models.register(
        call.who, call.path["model"], asked.upload, title=asked.title, description=asked.description, note=asked.note
    )
    return told(registered, Version)


def show_version(rooms: Rooms, call: Call[Nothing, Nothing]) -> Version:
    """One version, by its number or by an alias."""
    return told(rooms.models.version(call.path["model"], call.path["version"]), Version)


def show_diff(rooms: Rooms, call: Call[Nothing, Nothing]) -> Diff:
    """What differs between two versions of a model."""
    return told(rooms.models.diff(call.path["model"], call.path["version"], call.path["other"]), Diff)
