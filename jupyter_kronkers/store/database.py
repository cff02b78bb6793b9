"""One database: SQLite for a person, PostgreSQL for a company, the same words for both."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from jupyter_kronkers.errors import Unavailable
from jupyter_kronkers.store.migrations import migrate

BUSY_TIMEOUT_S = 10.0
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={int(BUSY_TIMEOUT_S * 1000)}")


class Store:
    """Short transactions on our tables.

    url: an SQLAlchemy address (`Store.at(path)` for a file). Tables are made or brought up to date on opening.
    Raises Conflict if the database was written by a newer version of the product, Unavailable if it stays locked.
    """

    def __init__(self, url: str) -> None:
        self.engine = sa.create_engine(url)
        self._writer = threading.Lock()
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", prepare_connection)
            sa.event.listen(self.engine, "begin", begin)
        with as_unavailable():
            migrate(self.engine)

    @classmethod
    def at(cls, path: Path) -> Store:
        """The SQLite database in this file, made (mode 0600) if it is not there."""
        path.touch(mode=0o600, exist_ok=True)
        return cls(f"sqlite:///{path}")

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A view of the database as it stands now."""
        with as_unavailable(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction: all of it is kept, or none. Writers of this process take turns and never meet in SQLite."""
        with as_unavailable(), self._writer, self.engine.connect() as connection:
            connection.execution_options(kronkers_writes=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        self.engine.dispose()


def prepare_connection(connection: Any, _record: object) -> None:
    # Python's own transaction handling would begin late and never IMMEDIATE: we say BEGIN ourselves.
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("kronkers_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def as_unavailable() -> Iterator[None]:
    """Turns a database that is locked, full or away into Unavailable; what was not committed did not happen."""
    try:
        yield
    except OperationalError as problem:
        raise Unavailable(
            f"The database did not answer: {problem.orig}.", remedy="Nothing was changed; try again in a moment."
        ) from problem
