"""What a model and a version are.

Model      bike-demand            a named line of versions
Version    bike-demand 3          immutable; numbered by MLflow
  ready       a fresh host gave the live answers again: it can get an alias and be deployed
  rejected    it did not, or nobody proved it; kept with the reason and the remedy, for reading only
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from jupyter_kronkers.languages.signatures import Signature

READY, REJECTED = "ready", "rejected"
KRONKERS, OUTSIDE = "kronkers", "outside"

Item = TypeVar("Item")
Param = str | int | float | bool | None


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some items, and the `cursor` that gives the next ones; None at the end."""

    items: tuple[Item, ...]
    cursor: str | None


@dataclass(frozen=True)
class Package:
    """A package of the model's language. `needed`: to load it or to predict; `attached`: in R's search path."""

    name: str
    version: str
    needed: bool = False
    attached: bool = False


@dataclass(frozen=True)
class TrainingData:
    """The rows the model was registered with. `digest` is over all of them, `columns` counts the inputs."""

    digest: str
    rows: int
    columns: int


@dataclass(frozen=True)
class Commit:
    """Where git stood in the notebook's folder. `dirty`: there were changes that are not in the commit."""

    commit: str
    branch: str | None = None
    dirty: bool = False


@dataclass(frozen=True)
class Interpreter:
    """What ran the kernel the model was captured from."""

    version: str
    executable: str = ""
    library_paths: tuple[str, ...] = ()
    platform: str = ""


@dataclass(frozen=True)
class Proof:
    """A fresh host gave the live answers again.

    max_difference: the largest between any two numbers. batch_safe: each row alone was answered as it was among the
    others, so requests of different callers may be predicted together.
    """

    rows: int
    max_difference: float
    elapsed_s: float
    batch_safe: bool


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was captured and proven; kept as JSON beside the columns that are searched.

    source: where MLflow finds the artifact.
    """

    language: str
    class_: str
    loader: str
    size_bytes: int
    signature: Signature
    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, Param] = field(default_factory=dict)
    packages: tuple[Package, ...] = ()
    target: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    note: str = ""
    data: TrainingData | None = None
    git: Commit | None = None
    notebook: str | None = None
    kernel: str | None = None
    runtime: Interpreter = Interpreter("")
    proof: Proof | None = None
    captured_at: str = ""
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Version(Facts):
    """One registered version. `digest` is the SHA-256 of its signed manifest, `content` of what it predicts with.

    id: the registration's, and the name of its folder. tracking_run: MLflow's run.
    origin: "outside" if something else than Kronkers put it into MLflow.
    """

    model: str
    number: int
    id: str
    state: str
    reason: str = ""
    remedy: str = ""
    digest: str = ""
    content: str = ""
    tracking_run: str | None = None
    created_at: datetime
    created_by: str
    origin: str = KRONKERS

    @property
    def name(self) -> str:
        return f"{self.model} {self.number}"


@dataclass(frozen=True, kw_only=True)
class Model:
    """A named line of versions. `revision` grows with each change of title, description or archive.

    language, owner, trained_at: of the latest version, if there is one; without one the owner is who made the model.
    latest: left out of brief lists, which still tell its number and state.
    """

    name: str
    title: str
    description: str
    created_at: datetime
    created_by: str
    archived_at: datetime | None
    revision: int
    language: str | None
    owner: str
    trained_at: datetime | None
    latest_number: int | None
    latest_state: str | None
    latest: Version | None
    version_count: int
    aliases: Mapping[str, int]
