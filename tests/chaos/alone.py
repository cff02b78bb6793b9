"""A gateway alone, without a control plane, with lines placed before it: for what needs limits or load of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pandas as pd
import psutil

from jupyter_kronkers.serving.gateway.routes import Placed, ServingLimits
from jupyter_kronkers.store import Folders
from tests.chaos.asking import Plan
from tests.chaos.lines import ROWS, fresh, python_line
from tests.serving.artifacts import Makes
from tests.serving.conftest import SECRET, Gateway


class Alone:
    """What can be asked of a gateway by itself."""

    def __init__(self, place: Path) -> None:
        self.makes = Makes(Folders(place / "data").prepare())
        self.gateway = Gateway(self.makes.folders, place)
        self.factors: dict[str, float] = {}

    def fitted(self, name: str, factor: float) -> Placed:
        """Version 1 of a line that scikit-learn answers."""
        raw = fresh(self.makes.folders.staging, name)
        raw.mkdir()
        return self.known(self.makes.placed(name, 1, python_line(raw, factor), "python"), factor)

    def own(self, name: str, factor: float, predict: Callable[[object, pd.DataFrame], object]) -> Placed:
        """Version 1 of a line that this function answers."""
        return self.known(self.makes.python(name, 1, {}, ROWS, predict), factor)

    def known(self, placed: Placed, factor: float) -> Placed:
        self.factors[f"{placed.model}/{placed.number}"] = factor
        return placed

    def serve(
        self, placed: Placed, limits: ServingLimits | None = None, *, batched: bool = True, **more: object
    ) -> None:
        """Deployed under the model's name, and ready."""
        placed = msgspec.structs.replace(placed, batched=batched)
        self.gateway.serve(placed.model, placed, limits=limits or ServingLimits(), **more)

    def plan(self, name: str, **more: object) -> Plan:
        return Plan(self.gateway.port, SECRET, name, self.factors, **more)

    def process(self) -> psutil.Process:
        return psutil.Process(self.gateway.process.pid)


@contextmanager
def alone() -> Iterator[Alone]:
    place = Path(tempfile.mkdtemp(prefix="krk"))
    found = Alone(place)
    found.gateway.start()
    try:
        yield found
    finally:
        found.gateway.stop()
        found.gateway.socket.close()
        for file in place.rglob("*"):
            if file.is_dir() and not file.is_symlink():
                file.chmod(0o700)
        shutil.rmtree(place, ignore_errors=True)
