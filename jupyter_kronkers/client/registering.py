"""`kronkers.register(model, "name", …)`: from an object in a notebook to a proven version."""

from __future__ import annotations

import html
import os
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from jupyter_kronkers.api.versions import Version
from jupyter_kronkers.client.client import Client


class Captured(msgspec.Struct, frozen=True):
    """What went along with the model."""

    rows: int
    columns: int
    packages: int
    definitions: list[str]
    notebook: str | None
    git: str | None


class RegisteredVersion(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    """A version as its author sees it. `state` is ready, or rejected with `reason` and `remedy`."""

    name: str
    version: int
    state: str
    reason: str
    remedy: str
    warnings: list[str]
    language: str
    class_: str
    metrics: dict[str, float]
    captured: Captured

    def told(self) -> dict[str, object]:
        """As `--json` prints it, for the packages of R and Julia."""
        found: dict[str, object] = msgspec.to_builtins(self)
        return found

    @property
    def with_it(self) -> str:
        """What was captured, in words."""
        kept = self.captured
        parts = [f"{kept.rows:,} rows of {kept.columns} columns", f"{kept.packages} packages"]
        parts += [f"your own {', '.join(kept.definitions)}"] if kept.definitions else []
        parts += ["the notebook"] if kept.notebook else []
        parts += [f"commit {kept.git}"] if kept.git else []
        return ", ".join(parts)

    def __str__(self) -> str:
        lines = [f"{self.name} {self.version} is {self.state} ({self.language} {self.class_})."]
        lines += [f"With it: {self.with_it}."]
        lines += [f"Why: {self.reason}", f"What to do: {self.remedy}"] if self.state == "rejected" else []
        return "\n".join([*lines, *(f"Note: {warning}" for warning in self.warnings)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """For a notebook: the same words, the verdict first."""
        head, *rest = (html.escape(line) for line in str(self).splitlines())
        return f"<strong>{head}</strong>" + "".join(f"<br>{line}" for line in rest)


def register(
    model: Any,
    name: str,
    *,
    data: Any = None,
    target: Any = None,
    predict: Any = None,
    metrics: Mapping[str, float] | None = None,
    params: Mapping[str, Any] | None = None,
    needs: Sequence[str] = (),
    title: str = "",
    description: str = "",
    note: str = "",
    notebook: str | None = None,
) -> RegisteredVersion:
    """Register a fitted model as the next version of `name`, with everything that is needed to run it elsewhere.

    model: the fitted object. data: the rows it was fitted on, features only. target: what it was fitted to.
    predict: a function `(model, data)`, where the model has no `predict` of its own. metrics: name and number.
    needs: names of your own functions or packages that it uses and that were not found by themselves.
    notebook: path of the notebook; found by itself in Jupyter.

    A fresh process must give the answers of the live object again. If it does not, the version is kept as rejected
    and a warning says why and what to do. Raises CaptureError, in words, for what cannot be captured.
    """
    from jupyter_kronkers.languages.python.capture import capture
    from jupyter_kronkers.models import intake

    with tempfile.TemporaryDirectory(prefix="kronkers-") as folder:
        raw, finished = Path(folder) / "raw", Path(folder) / "finished"
        raw.mkdir()
        capture(
            model,
            raw,
            data=data,
            target=target,
            predict=predict,
            metrics=dict(metrics or {}),
            params=dict(params or {}),
            needs=tuple(needs),
            variable=variable_of(model),
            notebook=notebook,
        )
        intake.finish(raw, finished)
        with Client.connect(say=lambda words: print(words, file=sys.stderr)) as client:
            version = client.register(name, finished, title=title, description=description, note=note)
    found = registered_of(version)
    if found.state == "rejected":
        warnings.warn(f"{name} {found.version} was rejected: {found.reason} {found.remedy}".strip(), stacklevel=2)
    return found


def variable_of(model: object) -> str | None:
    """The name the model has in the notebook, for people who read the version later."""
    names = vars(sys.modules["__main__"])
    return next((name for name, value in names.items() if value is model and not name.startswith("_")), None)


def registered_of(version: Version) -> RegisteredVersion:
    """A version in the words for its author."""
    captured = Captured(
        rows=version.data.rows if version.data else 0,
        columns=version.data.columns if version.data else 0,
        packages=len(version.packages),
        definitions=version.definitions,
        notebook=os.path.basename(version.notebook) if version.notebook else None,
        git=version.git.commit[:10] + (" (dirty)" if version.git.dirty else "") if version.git else None,
    )
    return RegisteredVersion(
        name=version.model,
        version=version.number,
        state=version.state,
        reason=version.reason,
        remedy=version.remedy,
        warnings=version.warnings,
        language=version.language,
        class_=version.class_,
        metrics=version.metrics,
        captured=captured,
    )
