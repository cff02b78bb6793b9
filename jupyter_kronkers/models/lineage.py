"""lineage.json: where a version comes from, beside its bytes for whoever holds the artifact alone."""

from __future__ import annotations

from pathlib import Path

import msgspec

from jupyter_kronkers.models.signing import replace_file
from jupyter_kronkers.models.versions import Commit, Interpreter, Proof, TrainingData, Version
from jupyter_kronkers.store import as_text


class Lineage(msgspec.Struct, frozen=True):
    """What stands in lineage.json. `run` is MLflow's tracking run; git, data and notebook are the capture's."""

    model: str
    number: int
    registration: str
    registered_at: str
    registered_by: str
    captured_at: str
    note: str
    run: str | None
    git: Commit | None
    data: TrainingData | None
    notebook: str | None
    kernel: str | None
    runtime: Interpreter
    state: str
    reason: str
    proof: Proof | None


def lineage_of(version: Version) -> Lineage:
    return Lineage(
        model=version.model,
        number=version.number,
        registration=version.id,
        registered_at=as_text(version.created_at),
        registered_by=version.created_by,
        captured_at=version.captured_at,
        note=version.note,
        run=version.tracking_run,
        git=version.git,
        data=version.data,
        notebook=version.notebook,
        kernel=version.kernel,
        runtime=version.runtime,
        state=version.state,
        reason=version.reason,
        proof=version.proof,
    )


def write(artifact: Path, version: Version) -> None:
    """Puts lineage.json into the artifact, in place of one that was there."""
    replace_file(artifact / "lineage.json", msgspec.json.format(msgspec.json.encode(lineage_of(version)), indent=1))
