"""A finished capture: the folder that somebody uploads to become a version.

    capture.json model/… conformance.json baseline.json environment/… [notebook.ipynb]

What it says is claimed by a client, so only what stands here is read, and none of it decides a state, an owner or a
hash. Nothing is deserialised: which loader it needs is decided by its language, never by a file's name or looks.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from jupyter_kronkers.errors import Fault, Invalid, TooLarge
from jupyter_kronkers.languages.signatures import Field, Signature
from jupyter_kronkers.models import trees
from jupyter_kronkers.models.versions import Commit, Facts, Interpreter, Package, Param, TrainingData

LOADERS = {"python": ("cloudpickle", "pickle"), "r": ("rds",), "julia": ("jls",)}
NEEDED = ("capture.json", "conformance.json", "baseline.json")
LARGEST = 32 << 20
MOST_WORDS = 200
LONGEST_WORD = 2_000
AGAIN = "Register it again with the kronkers package of its language."


class Saved(msgspec.Struct, frozen=True):
    """The saved object: its class, what loads it, and the file below the capture."""

    class_: str = msgspec.field(name="class")
    loader: str
    file: str
    size_bytes: int = 0
    variable: str | None = None


class Capture(msgspec.Struct, frozen=True):
    """capture.json."""

    format: Literal[1]
    language: Literal["python", "r", "julia"]
    model: Saved
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    runtime: Interpreter
    metrics: dict[str, float | str | None] | None = None
    params: dict[str, msgspec.Raw] | None = None
    packages: tuple[Package, ...] | None = None
    target: tuple[str, ...] | None = None
    definitions: tuple[str, ...] | None = None
    warnings: tuple[str, ...] | None = None
    data: TrainingData | None = None
    git: Commit | None = None
    notebook: str | None = None
    kernel: str | None = None
    captured_at: str = ""

    def facts(self, *, note: str = "") -> Facts:
        """What a version keeps of it."""
        return Facts(
            language=self.language,
            class_=self.model.class_[:LONGEST_WORD],
            loader=self.model.loader,
            size_bytes=self.model.size_bytes,
            signature=Signature(self.inputs, self.outputs),
            metrics=numbers(self.metrics or {}),
            params=plain(self.params or {}),
            packages=(self.packages or ())[:2_000],
            target=words(self.target),
            definitions=words(self.definitions),
            warnings=words(self.warnings),
            note=note,
            data=self.data,
            git=self.git,
            notebook=self.notebook,
            kernel=self.kernel,
            runtime=self.runtime,
            captured_at=self.captured_at,
        )


def read(upload: Path) -> Capture:
    """The capture in this folder. Raises Invalid listing what is missing or cannot be so."""
    with trees.opened(upload) as root:
        present = trees.files(root)
        refuse_missing(present)
        capture = decoded(root)
        refuse_model(capture, present)
        size_bytes = trees.size(root, capture.model.file)
    return msgspec.structs.replace(capture, model=msgspec.structs.replace(capture.model, size_bytes=size_bytes))


def content_of(upload: Path, data: TrainingData | None) -> str:
    """The SHA-256 over what the version predicts with: its model files, its sample answers, its data's digest."""
    digest = hashlib.sha256()
    with trees.opened(upload) as root:
        for path in trees.files(root):
            if path.startswith("model/") or path == "conformance.json":
                with trees.reading(root, path) as file:
                    digest.update(f"{path}\n{trees.copied(file, None).sha256}\n".encode())
    digest.update((data.digest if data else "").encode())
    return digest.hexdigest()


def refuse_missing(present: list[str]) -> None:
    faults = [Fault(path, "is missing") for path in NEEDED if path not in present]
    if faults:
        raise Invalid(*faults, code="incomplete_capture", remedy=AGAIN)


def decoded(root: int) -> Capture:
    size = trees.size(root, "capture.json")
    if size > LARGEST:
        raise TooLarge("capture.json", size, LARGEST)
    with trees.reading(root, "capture.json") as file:
        content = file.read(LARGEST)
    try:
        capture = msgspec.json.decode(content, type=Capture)
        Signature.of_capture(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise Invalid(Fault("capture.json", str(problem)), code="bad_capture", remedy=AGAIN) from problem
    return capture


def refuse_model(capture: Capture, present: list[str]) -> None:
    """Raises Invalid unless the language has this loader and the saved file is one of the upload's model files."""
    loaders = LOADERS[capture.language]
    if capture.model.loader not in loaders:
        problem = f"{capture.model.loader[:100]!r} does not load {capture.language}; known are {', '.join(loaders)}"
        raise Invalid(Fault("model.loader", problem), code="bad_capture", remedy=AGAIN)
    if not capture.model.file.startswith("model/") or capture.model.file not in present:
        problem = f"{capture.model.file[:200]!a} is no model file of this upload"
        raise Invalid(Fault("model.file", problem), code="bad_capture", remedy=AGAIN)


def numbers(metrics: Mapping[str, float | str | None]) -> dict[str, float]:
    """The metrics that are numbers; what is missing or infinite is nothing to compare."""
    kept = {name: value for name, value in metrics.items() if isinstance(value, float) and math.isfinite(value)}
    return dict(list(kept.items())[:MOST_WORDS])


def plain(params: Mapping[str, msgspec.Raw]) -> dict[str, Param]:
    """Single values as they are, anything larger as the JSON text it came as."""
    return {name: plain_value(raw) for name, raw in list(params.items())[:MOST_WORDS]}


def plain_value(raw: msgspec.Raw) -> Param:
    try:
        value = msgspec.json.decode(bytes(raw))
    except msgspec.DecodeError:  # a number beyond 64 bits
        value = None if bytes(raw) == b"null" else raw
    if isinstance(value, str):
        return value[:LONGEST_WORD]
    if value is None or isinstance(value, bool | int | float):
        return value
    return bytes(raw).decode()[:LONGEST_WORD]


def words(said: tuple[str, ...] | None) -> tuple[str, ...]:
    return tuple(word[:LONGEST_WORD] for word in (said or ())[:MOST_WORDS])
