"""The audit shows tampering."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from jupyter_kronkers.access import Principal
from jupyter_kronkers.errors import Tampered
from jupyter_kronkers.store.tables import audit as table


@pytest.fixture
def chain(store, audit, anna):
    with store.writing() as tx:
        for number in range(1, 6):
            audit.record(tx, anna, "alias.moved", "bikes@champion", after=number)
    return store


def verify(store, audit):
    with store.reading() as tx:
        return audit.verify(tx)


def test_an_untouched_chain_verifies(chain, audit):
    assert verify(chain, audit) == 5


@pytest.mark.parametrize("seq", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("column", ["at", "actor", "action", "object", "result", "details", "previous", "hash"])
def test_an_edited_row_is_named(chain, audit, seq, column):
    """faults: 149"""
    with chain.writing() as tx:
        tx.execute(table.update().where(table.c.seq == seq).values({column: "forged"}))
    with pytest.raises(Tampered, match=f"row {seq} "):
        verify(chain, audit)


@pytest.mark.parametrize("seq", [1, 2, 3, 4])
def test_a_removed_row_is_named(chain, audit, seq):
    """faults: 149 (a cut tail needs checkpoints kept elsewhere)"""
    with chain.writing() as tx:
        tx.execute(table.delete().where(table.c.seq == seq))
    with pytest.raises(Tampered, match=f"row {seq} "):
        verify(chain, audit)


def test_two_rows_that_changed_places_are_found(chain, audit):
    """faults: 149"""
    with chain.writing() as tx:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            tx.execute(table.update().where(table.c.seq == old).values(seq=new))
    with pytest.raises(Tampered, match="row 2 "):
        verify(chain, audit)


def test_a_name_with_line_breaks_stays_on_one_line(store, audit):
    """faults: 153"""
    with store.writing() as tx:
        row = audit.record(tx, Principal("eve\r\nadmin\u202e", frozenset()), "token.created", "x" * 10_000)
    assert "\n" not in row.actor
    assert row.actor == "eve\\u000d\\u000aadmin\\u202e"
    assert len(row.object) <= 500


def test_a_row_is_lost_with_the_change_it_tells_of(store, audit, anna):
    with pytest.raises(RuntimeError), store.writing() as tx:
        audit.record(tx, anna, "alias.moved", "bikes@champion")
        raise RuntimeError
    with store.reading() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(table)) == 0
