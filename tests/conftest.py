"""What every room's tests may ask for: an empty data folder, its database, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from jupyter_kronkers.access import Audit, Principal
from jupyter_kronkers.store import Events, Folders, Store

# A busy machine is no fault of the code: timings are measured in tests/bench.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ANNA = Principal("anna", frozenset({"admin"}))
VERA = Principal("vera", frozenset({"read"}))


@pytest.fixture
def anna() -> Principal:
    """May do everything."""
    return ANNA


@pytest.fixture
def vera() -> Principal:
    """May only look."""
    return VERA


@pytest.fixture
def clock():
    """Stands at 3 March 2026, 12:00 UTC."""
    return lambda: datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "kronkers").prepare()


@pytest.fixture
def store(folders: Folders) -> Iterator[Store]:
    store = Store.at(folders.database)
    yield store
    store.close()


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def audit(clock) -> Audit:
    return Audit(clock)
