"""From the folder that a kernel wrote to the folder that is uploaded.

    capture.json  ──────────────▶ capture.json      with the data's digest and the git commit
    frames/sample, answers ─────▶ conformance.json
    frames/data, baseline_… ────▶ baseline.json
    model/ environment/  ───────▶ as they are
    the notebook's path ────────▶ notebook.ipynb

Runs where the kernel ran, so that the whole data, which frames/ holds, never travel.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from jupyter_kronkers.errors import Fault, Invalid
from jupyter_kronkers.languages import frames
from jupyter_kronkers.languages.conformance import Conformance, recorded
from jupyter_kronkers.languages.frames import BadFrame, Column, Frame
from jupyter_kronkers.languages.signatures import Field
from jupyter_kronkers.models import captures, trees
from jupyter_kronkers.models.baselines import Baseline, Baselines, baseline_of
from jupyter_kronkers.models.commits import commit_of
from jupyter_kronkers.models.versions import TrainingData

SAMPLE_ROWS, BASELINE_ROWS = 25, 1_000
LARGEST_NOTEBOOK = 50 << 20
KEPT = ("model/", "environment/")
_KINDS = {"boolean": "b", "integer": "i", "long": "i", "float": "f", "double": "f", "string": "O", "datetime": "O"}


class _Frames(NamedTuple):
    """What stands in frames/. `digest` is over the bytes of data.kf."""

    data: Frame
    digest: str
    sample: Frame
    answers: Frame
    baseline_answers: Frame


def finish(raw: Path, finished: Path) -> None:
    """Make the folder `finished`, ready for upload, of the capture `raw`, which stays as it is.

    finished: absent or empty. Raises Invalid saying what is wrong with the capture; then nothing was written.
    """
    with trees.opened(raw) as root:
        present = trees.files(root)
        if "capture.json" not in present:
            raise _bad("capture.json", "is missing: the kernel did not finish its capture")
        capture = captures.decoded(root)
        captures.refuse_model(capture, present)
        taken = _frames(root, capture)
        facts, notebook = _completed(root, capture, taken)
        baselines = _baselines(capture, taken)
        finished.mkdir(mode=0o700, parents=True, exist_ok=True)
        with trees.opened(finished) as target:
            for path in present:
                if path.startswith(KEPT):
                    _copy(root, path, target)
            _write(target, "conformance.json", _conformance(capture, taken))
            _write(target, "baseline.json", baselines)
            if notebook is not None:
                with trees.creating(target, "notebook.ipynb") as file:
                    trees.write_all(file, notebook)
            _write(target, "capture.json", facts)


# Reading


def _frames(root: int, capture: captures.Capture) -> _Frames:
    content = _content(root, "data")
    data = _decoded("data", content)
    sample, answers, baseline = (_decoded(n, _content(root, n)) for n in ("sample", "answers", "baseline_answers"))
    _refuse_other_columns("data", data, capture.inputs, frames.REQUEST)
    _refuse_other_columns("sample", sample, capture.inputs, frames.REQUEST)
    _refuse_other_columns("answers", answers, capture.outputs, frames.REPLY)
    _refuse_other_columns("baseline_answers", baseline, capture.outputs, frames.REPLY)
    _refuse_rows("data", data.rows, 1, 2**32)
    _refuse_rows("sample", sample.rows, 1, min(SAMPLE_ROWS, data.rows))
    _refuse_rows("answers", answers.rows, sample.rows, sample.rows)
    _refuse_rows("baseline_answers", baseline.rows, 1, min(BASELINE_ROWS, data.rows))
    return _Frames(data, f"sha256:{hashlib.sha256(content).hexdigest()}", sample, answers, baseline)


def _content(root: int, name: str) -> bytes:
    path = f"frames/{name}.kf"
    try:
        if trees.size(root, path) > frames.LARGEST_BODY + 4:
            raise _bad(path, "is longer than a frame can be")
        with trees.reading(root, path) as file:
            return file.read()
    except FileNotFoundError:
        raise _bad(path, "is missing") from None


def _decoded(name: str, content: bytes) -> Frame:
    try:
        if len(content) < 4 or frames.body_length(content[:4]) != len(content) - 4:
            raise BadFrame("the file is not one whole frame")
        return frames.decode(memoryview(content)[4:])
    except (BadFrame, ValueError, OverflowError) as problem:
        raise _bad(f"frames/{name}.kf", str(problem)) from problem


def _refuse_other_columns(name: str, frame: Frame, fields: Sequence[Field], kind: int) -> None:
    there = [(column.name, column.values.dtype.kind) for column in frame.columns]
    wanted = [(field.name, _KINDS.get(field.type, "?")) for field in fields]
    if there != wanted or frame.kind != kind:
        raise _bad(f"frames/{name}.kf", "does not hold the columns that capture.json lists, in their types and order")


def _refuse_rows(name: str, rows: int, least: int, most: int) -> None:
    if not least <= rows <= most:
        raise _bad(f"frames/{name}.kf", f"has {rows} rows; {least} to {most} are possible")


def _bad(field: str, problem: str) -> Invalid:
    return Invalid(Fault(field, problem), code="bad_capture", remedy=captures.AGAIN)


# Making


def _completed(root: int, capture: captures.Capture, taken: _Frames) -> tuple[dict[str, Any], bytes | None]:
    """capture.json as it will be uploaded, and the notebook."""
    with trees.reading(root, "capture.json") as file:
        facts: dict[str, Any] = msgspec.json.decode(file.read(captures.LARGEST))
    facts["data"] = TrainingData(taken.digest, taken.data.rows, len(taken.data.columns))
    facts["git"] = commit_of(Path(facts["cwd"])) if isinstance(facts.get("cwd"), str) else None
    notebook = _notebook(capture.notebook)
    if notebook is None and (capture.notebook or "").endswith(".ipynb"):
        facts["warnings"] = [*(capture.warnings or ()), "The notebook could not be read, so the version has no copy."]
    return facts, notebook


def _notebook(path: str | None) -> bytes | None:
    """The notebook's content; None for anything that is no readable notebook of a reasonable size."""
    if path is None or not path.endswith(".ipynb"):
        return None
    try:
        about = Path(path).stat()
        if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST_NOTEBOOK:
            return None
        return Path(path).read_bytes()
    except (OSError, ValueError):
        return None


def _conformance(capture: captures.Capture, taken: _Frames) -> Conformance:
    return Conformance(recorded(capture.inputs, taken.sample.columns), recorded(capture.outputs, taken.answers.columns))


def _baselines(capture: captures.Capture, taken: _Frames) -> Baselines:
    def each(fields: Sequence[Field], columns: Sequence[Column]) -> list[Baseline]:
        return [baseline_of(field, column) for field, column in zip(fields, columns, strict=True)]

    try:
        outputs = each(capture.outputs, taken.baseline_answers.columns)
        return Baselines(each(capture.inputs, taken.data.columns), outputs)
    except ValueError as problem:
        raise _bad("frames/data.kf", f"holds a time that is not in ISO 8601: {problem}") from problem


def _copy(root: int, path: str, target: int) -> None:
    with trees.reading(root, path) as source, trees.creating(target, path) as copy:
        trees.copied(source, copy)


def _write(target: int, path: str, content: object) -> None:
    with trees.creating(target, path) as file:
        trees.write_all(file, msgspec.json.format(msgspec.json.encode(content), indent=1))
