"""Describing: a version in the words of whoever will call it, and a row that it can be called with."""

from __future__ import annotations

from typing import NamedTuple

from jupyter_kronkers.languages import Field
from jupyter_kronkers.languages.conformance import read
from jupyter_kronkers.serving.examples import Row, asked
from jupyter_kronkers.serving.gateway.versions.versions import Artifact

WORDS = {
    "boolean": "true or false",
    "integer": "whole number of 32 bits",
    "long": "whole number",
    "float": "number",
    "double": "number",
    "string": "text",
    "datetime": "date or time (ISO 8601)",
}
LANGUAGES = {"python": "Python", "r": "R", "julia": "Julia"}


class Facts(NamedTuple):
    """A deployment and the version that answers for it. `row` was answered by `answer` when the version was proven."""

    deployment: str
    model: str
    number: int
    language: str
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    row: Row
    answer: Row | None


def described(deployment: str, artifact: Artifact) -> Facts:
    signature = artifact.signature
    row, answer = asked(signature.inputs, read(artifact.folder))
    return Facts(
        deployment,
        artifact.placed.model,
        artifact.placed.number,
        LANGUAGES.get(artifact.runtime.language, artifact.runtime.language),
        signature.inputs,
        signature.outputs,
        row,
        answer,
    )


def words(field: Field) -> str:
    """The type of a field for people."""
    return "one of these texts" if field.levels else WORDS[field.type]
