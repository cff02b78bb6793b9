"""The database: durable, migrated, guarded."""

from __future__ import annotations

import sqlite3
import threading

import pytest
import sqlalchemy as sa

from jupyter_kronkers.errors import Conflict, Unavailable
from jupyter_kronkers.store import Store, database
from jupyter_kronkers.store.migrations import HEAD
from jupyter_kronkers.store.tables import metadata, models

ROW = {"name": "bikes", "created_at": "2026-03-03T12:00:00.000000Z", "created_by": "anna"}


def pragma(store: Store, name: str) -> object:
    with store.reading() as tx:
        return tx.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_sqlite_keeps_a_write_ahead_log_and_syncs_every_commit(store):
    assert pragma(store, "journal_mode") == "wal"
    assert pragma(store, "synchronous") == 2  # FULL
    assert pragma(store, "foreign_keys") == 1


def test_the_database_file_is_closed_to_others(folders, store):
    assert folders.database.stat().st_mode & 0o777 == 0o600


def test_a_failed_transaction_leaves_nothing(store):
    with pytest.raises(RuntimeError), store.writing() as tx:
        tx.execute(models.insert().values(**ROW))
        raise RuntimeError
    with store.reading() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(models)) == 0


def test_a_database_of_a_newer_version_is_refused(folders, store):
    """faults: 173"""
    with store.writing() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    with pytest.raises(Conflict, match=r"newer version.*9999.*pip install --upgrade"):
        Store.at(folders.database)


def test_two_processes_that_migrate_at_once_both_find_the_tables(folders):
    """faults: 173"""
    threads = [threading.Thread(target=lambda: Store.at(folders.database).close()) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Store.at(folders.database).reading() as tx:
        assert tx.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all() == [HEAD]


def test_the_migrations_make_exactly_the_tables_we_declare(store):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with store.reading() as tx:
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []


def test_a_locked_database_is_unavailable_in_words_and_unharmed(folders, store, monkeypatch):
    """faults: 170"""
    monkeypatch.setattr(database, "PRAGMAS", ("busy_timeout=50",))
    other = sqlite3.connect(folders.database, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    impatient = Store.__new__(Store)
    with pytest.raises(Unavailable, match="locked"):
        Store.__init__(impatient, f"sqlite:///{folders.database}")
        with impatient.writing() as tx:
            tx.execute(models.insert().values(**ROW))
    other.execute("ROLLBACK")
    other.close()
    with store.writing() as tx:
        tx.execute(models.insert().values(**ROW))
