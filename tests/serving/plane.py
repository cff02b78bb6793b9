"""The rooms of one data folder, as a control plane builds them, with real versions registered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from jupyter_kronkers.access import Audit, Principal, Tokens
from jupyter_kronkers.languages.python.capture import capture
from jupyter_kronkers.models import Models, Uploads, Version
from jupyter_kronkers.models.intake import finish
from jupyter_kronkers.serving import Deployments
from jupyter_kronkers.store import Events, Folders, Store
from tests.serving.artifacts import ROWS, troublemaker

ANNA = Principal("anna", frozenset({"admin"}))


class Clock:
    """Begins on 3 March 2026; a second passes each time it is read."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 3, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class Plane:
    folders: Folders
    store: Store
    audit: Audit
    events: Events
    models: Models
    uploads: Uploads
    tokens: Tokens
    deployments: Deployments

    @classmethod
    def at(cls, root: Path) -> Plane:
        folders, events, clock = Folders(root).prepare(), Events(), Clock()
        store, audit = Store.at(folders.database), Audit(clock)
        models = Models(store, folders, audit, events, clock)
        tokens = Tokens(store, audit, events)
        deployments = Deployments(store, folders, audit, events, models, clock)
        return cls(folders, store, audit, events, models, Uploads(store, folders, clock), tokens, deployments)

    def register(self, name: str, raw: Path) -> Version:
        """The raw capture as the next version."""
        ready = raw.with_name(raw.name + "-finished")
        finish(raw, ready)
        upload = self.uploads.open(ANNA)
        for file in sorted(path for path in ready.rglob("*") if path.is_file()):
            with file.open("rb") as stream:
                self.uploads.write(ANNA, upload, str(file.relative_to(ready)), stream)
        return self.models.register(ANNA, name, upload)

    def multiplier(self, name: str, factor: float, data: pd.DataFrame = ROWS) -> Version:
        """A version that multiplies `x`, and makes trouble on request."""
        raw = self.folders.staging / f"raw-{name}-{factor}"
        raw.mkdir()
        model, predict = troublemaker(factor)
        capture(model, raw, data=data, predict=predict)
        return self.register(name, raw)
