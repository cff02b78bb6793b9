"""What differs between two versions of a model."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from jupyter_kronkers.languages import Field
from jupyter_kronkers.models.versions import Package, Param, Version

LARGEST_NOTEBOOK = 64 << 20
MOST_LINES = 2_000


@dataclass(frozen=True)
class Change:
    """One thing that differs, in words: None where it was not there before, or is not any more."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class MetricChange:
    name: str
    before: float | None
    after: float | None


@dataclass(frozen=True)
class Diff:
    """From version `before` to version `after`; what is alike is left out.

    about: class, language, loader, content, state, commit. environment: interpreter, platform, attached packages. data:
    rows, columns, digest over all rows, target. signature: columns by name, `inputs.hr` or `outputs.prediction`. code:
    the cells of the notebook as the lines of a unified diff.
    """

    model: str
    before: int
    after: int
    about: tuple[Change, ...]
    metrics: tuple[MetricChange, ...]
    params: tuple[Change, ...]
    environment: tuple[Change, ...]
    packages: tuple[Change, ...]
    data: tuple[Change, ...]
    signature: tuple[Change, ...]
    code: tuple[str, ...]


def diff(a: Version, b: Version, folder_a: Path, folder_b: Path) -> Diff:
    """What changed from version `a` to version `b`, whose artifacts lie in these folders."""
    return Diff(
        model=a.model,
        before=a.number,
        after=b.number,
        about=changes(about(a), about(b)),
        metrics=measured(a.metrics, b.metrics),
        params=changes(told(a.params), told(b.params)),
        environment=changes(environment(a), environment(b)),
        packages=changes(installed(a.packages), installed(b.packages)),
        data=changes(fitted_on(a), fitted_on(b)),
        signature=changes(fields(a), fields(b)),
        code=code_diff(cells(folder_a), cells(folder_b), f"version {a.number}", f"version {b.number}"),
    )


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Change, ...]:
    names = [*before, *(name for name in after if name not in before)]
    return tuple(Change(n, before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n))


def measured(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[MetricChange, ...]:
    names = [*before, *(name for name in after if name not in before)]
    return tuple(MetricChange(n, before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n))


def about(version: Version) -> dict[str, str]:
    git = version.git
    words = {"class": version.class_, "language": version.language, "loader": version.loader}
    words |= {"content": version.content, "state": version.state}
    return words | ({"commit": f"{git.commit}{' with changes' if git.dirty else ''}"} if git else {})


def environment(version: Version) -> dict[str, str]:
    attached = ", ".join(sorted(package.name for package in version.packages if package.attached))
    words = {"interpreter": version.runtime.version, "platform": version.runtime.platform, "attached": attached}
    return {name: word for name, word in words.items() if word}


def fitted_on(version: Version) -> dict[str, str]:
    data = version.data
    words = {"rows": f"{data.rows:,}", "columns": str(data.columns), "digest": data.digest} if data else {}
    return words | ({"target": ", ".join(version.target)} if version.target else {})


def told(params: Mapping[str, Param]) -> dict[str, str]:
    return {name: json.dumps(value, ensure_ascii=False) for name, value in params.items()}


def installed(packages: Sequence[Package]) -> dict[str, str]:
    return {package.name: package.version for package in packages}


def fields(version: Version) -> dict[str, str]:
    sides = {"inputs": version.signature.inputs, "outputs": version.signature.outputs}
    return {f"{side}.{field.name}": field_in_words(field) for side, columns in sides.items() for field in columns}


def field_in_words(field: Field) -> str:
    levels = f" of {', '.join(field.levels)}" if field.levels is not None else ""
    return f"{field.type}{levels}{', may be missing' if field.missing else ''}"


def cells(folder: Path) -> list[str]:
    """The code cells of the notebook in this artifact, as lines with a mark between cells; empty without one."""
    notebook = folder / "notebook.ipynb"
    if not notebook.is_file() or notebook.stat().st_size > LARGEST_NOTEBOOK:
        return []
    try:
        content: Any = msgspec.json.decode(notebook.read_bytes())
        code = ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return []  # what a person stored as a notebook need not be one
    return [line for at, source in enumerate(code, 1) for line in (f"# cell {at}", *source.splitlines())]


def code_diff(before: list[str], after: list[str], name: str, other: str) -> tuple[str, ...]:
    lines = difflib.unified_diff(before, after, name, other, lineterm="")
    return tuple(line for _, line in zip(range(MOST_LINES), lines, strict=False))
