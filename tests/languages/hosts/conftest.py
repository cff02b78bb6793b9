"""Models of each language in folders, as captures write them, and hosts on them that are stopped afterwards."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from jupyter_kronkers.languages import Column, Host, Limits, find

HERE = Path(__file__).parent


def built(folder: Path, *command: str) -> Path:
    subprocess.run([*command, str(folder)], check=True, capture_output=True, timeout=120)
    return folder


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder with all models of a language; they are made when first asked for."""
    made: dict[str, Path] = {}
    makers = {
        "python": (sys.executable, str(HERE / "models.py")),
        "r": ("Rscript", str(HERE / "models.R")),
        "julia": ("julia", "--startup-file=no", str(HERE / "models.jl")),
    }

    def of(language: str) -> Path:
        if language not in made:
            made[language] = built(tmp_path_factory.mktemp(language), *makers[language])
        return made[language]

    return of


@pytest.fixture
def host(models, tmp_path, monkeypatch) -> Iterator[Callable[..., Host]]:
    """host(language, model, **limits) starts a host with its private folder in tmp_path; all are stopped at the end."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with ExitStack() as hosts:

        def start(language: str, model: str | Path, *, log: Path | None = None, **limits: float) -> Host:
            allowed = Limits(**{"memory_bytes": 1 << 30, **limits})
            log = log or tmp_path / f"{language}-{Path(model).name}.log"
            return hosts.enter_context(Host.start(models(language) / model, find(language), allowed, log))

        yield start


@pytest.fixture
def ones() -> list[Column]:
    """Two rows of one column."""
    return [Column("x", np.array([1.0, 2.0]))]
