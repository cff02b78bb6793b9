"""Aliases: every move is kept, MLflow agrees, and what changed there behind our back is seen."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from jupyter_kronkers.errors import Conflict, Invalid, NotFound, Stale, Unavailable
from jupyter_kronkers.models import Models, rows
from jupyter_kronkers.store import AliasMoved
from jupyter_kronkers.store.database import Store

MARCH = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def three(register, proven):
    """Versions 1, 2 and 3 of bikes."""
    return [register() for _ in range(3)]


@pytest.fixture
def told(events) -> list:
    heard: list = []
    events.subscribe(lambda event: heard.append(event) if isinstance(event, AliasMoved) else None)
    return heard


def moves(models, **asked) -> list[tuple]:
    return [(m.alias, m.before, m.after, m.by, m.origin) for m in models.history("bikes", **asked).items]


def in_mlflow(models) -> dict:
    return models._registry.aliases()


def test_a_move_is_kept_told_and_in_mlflow(models, anna, three, told):
    moved = models.move(anna, "bikes", "champion", 2, why="better in the rain")
    assert (moved.before, moved.after, moved.by, moved.why) == (None, 2, "anna", "better in the rain")
    assert models.show("bikes").aliases == {"champion": 2}
    assert in_mlflow(models) == {("bikes", "champion"): 2}
    assert told == [AliasMoved("bikes", "champion", None, 2)]


def test_the_ledger_keeps_every_move_newest_first(models, anna, three):
    for number in (1, 3, 2):
        models.move(anna, "bikes", "champion", number)
    models.move(anna, "bikes", "challenger", 3)
    models.unset(anna, "bikes", "champion")
    assert moves(models) == [
        ("champion", 2, None, "anna", "kronkers"),
        ("challenger", None, 3, "anna", "kronkers"),
        ("champion", 3, 2, "anna", "kronkers"),
        ("champion", 1, 3, "anna", "kronkers"),
        ("champion", None, 1, "anna", "kronkers"),
    ]
    assert in_mlflow(models) == {("bikes", "challenger"): 3}


def test_the_history_comes_by_alias_and_some_at_a_time(models, anna, three):
    for number in (1, 2, 3):
        models.move(anna, "bikes", "champion", number)
        models.move(anna, "bikes", "other", number)
    first = models.history("bikes", alias="champion", limit=2)
    rest = models.history("bikes", alias="champion", limit=2, cursor=first.cursor)
    assert [move.after for move in (*first.items, *rest.items)] == [3, 2, 1]
    assert rest.cursor is None


def test_what_was_live_on_a_day_can_be_told(store, folders, audit, events, anna, three):
    days = iter(MARCH + timedelta(days=day) for day in (0, 1, 2))
    models = Models(store, folders, audit, events, lambda: next(days))
    models.move(anna, "bikes", "champion", 1)
    models.move(anna, "bikes", "champion", 3)
    models.unset(anna, "bikes", "champion")
    at = {
        hours: models.live_at("bikes", "champion", MARCH + timedelta(hours=hours)) for hours in (-1, 0, 23, 24, 47, 48)
    }
    assert at == {-1: None, 0: 1, 23: 1, 24: 3, 47: 3, 48: None}


def test_repeating_a_move_changes_nothing(models, anna, three, told):
    first = models.move(anna, "bikes", "champion", 2)
    assert models.move(anna, "bikes", "champion", 2) == first
    assert len(told) == 1


def test_of_two_people_who_move_at_once_one_is_told_that_he_came_late(models, anna, three):
    """faults: 12"""
    models.move(anna, "bikes", "champion", 1)
    (alias,) = models.aliases("bikes")
    outcomes: list[object] = []

    def move(number: int) -> None:
        try:
            outcomes.append(models.move(anna, "bikes", "champion", number, revision=alias.revision).after)
        except Stale as late:
            outcomes.append(late.code)

    threads = [threading.Thread(target=move, args=(number,)) for number in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) in (["2", "stale"], ["3", "stale"])
    assert len(moves(models)) == 2


def test_revision_0_means_that_the_alias_is_not_set_yet(models, anna, three):
    models.move(anna, "bikes", "champion", 1, revision=0)
    with pytest.raises(Stale):
        models.move(anna, "bikes", "champion", 2, revision=0)


@pytest.mark.parametrize("alias", ["latest", "3", "v3", "Champion", "../x", ""])
def test_what_is_no_alias_is_refused(models, anna, three, alias):
    with pytest.raises(Invalid):
        models.move(anna, "bikes", alias, 1)


def test_an_alias_cannot_point_at_nothing(models, anna, three):
    with pytest.raises(NotFound, match="version 'bikes 9'"):
        models.move(anna, "bikes", "champion", 9)
    with pytest.raises(NotFound, match="model 'churn'"):
        models.move(anna, "churn", "champion", 1)
    with pytest.raises(NotFound, match="alias 'bikes@champion'"):
        models.unset(anna, "bikes", "champion")
    assert models.history("bikes").items == ()


def test_a_rejected_version_gets_no_alias(models, anna, three, store):
    with store.writing() as tx:
        tx.exec_driver_sql("UPDATE versions SET state = 'rejected', reason = 'It needs splines.' WHERE number = 2")
    with pytest.raises(Conflict, match=r"bikes 2 was rejected.*It needs splines"):
        models.move(anna, "bikes", "champion", 2)
    assert in_mlflow(models) == {}


def test_a_change_in_mlflow_is_noticed_and_kept_as_from_outside(models, anna, three, told):
    models.move(anna, "bikes", "champion", 1)
    models._registry.point("bikes", "champion", 3)
    models._registry.point("bikes", "stranger", 2)
    found = models.look_outside()
    assert [(m.alias, m.before, m.after, m.origin) for m in found] == [
        ("champion", 1, 3, "outside"),
        ("stranger", None, 2, "outside"),
    ]
    assert models.show("bikes").aliases == {"champion": 3, "stranger": 2}
    assert AliasMoved("bikes", "champion", 1, 3) in told
    assert models.look_outside() == ()


def test_an_alias_removed_in_mlflow_is_noticed(models, anna, three):
    models.move(anna, "bikes", "champion", 1)
    models._registry.point("bikes", "champion", None)
    models.look_outside()
    assert moves(models)[0] == ("champion", 1, None, "outside", "outside")
    assert models.show("bikes").aliases == {}


def test_a_move_never_overwrites_a_change_from_outside_in_silence(models, anna, three):
    models.move(anna, "bikes", "champion", 1)
    models._registry.point("bikes", "champion", 2)
    models.move(anna, "bikes", "champion", 3)
    assert [(before, after, origin) for _, before, after, _, origin in moves(models)] == [
        (2, 3, "kronkers"),
        (1, 2, "outside"),
        (None, 1, "kronkers"),
    ]


def test_a_change_from_outside_makes_a_revision_stale(models, anna, three):
    models.move(anna, "bikes", "champion", 1)
    (alias,) = models.aliases("bikes")
    models._registry.point("bikes", "champion", 2)
    with pytest.raises(Stale):
        models.move(anna, "bikes", "champion", 3, revision=alias.revision)
    assert models.show("bikes").aliases == {"champion": 2}


def test_a_move_that_mlflow_missed_is_told_later_and_is_no_change_from_outside(models, anna, three, monkeypatch):
    models.move(anna, "bikes", "champion", 1)

    def away(*_: object) -> None:
        raise Unavailable("MLflow's database did not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(models._registry, "point", away)
        models.move(anna, "bikes", "champion", 2)
        assert in_mlflow(models) == {("bikes", "champion"): 1}
    models.recover()
    assert in_mlflow(models) == {("bikes", "champion"): 2}
    assert models.look_outside() == ()


def test_another_process_sees_the_same_aliases(models, anna, three, folders, audit, events, clock):
    models.move(anna, "bikes", "champion", 2)
    other = Models(Store.at(folders.database), folders, audit, events, clock)
    assert other.look_outside() == ()
    assert other.version("bikes", "champion").number == 2
    with other._store.reading() as tx:
        assert rows.not_in_mlflow(tx) == []
