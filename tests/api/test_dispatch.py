"""The dispatcher on a real folder, without a web server."""

from __future__ import annotations

import json
import pickle

import pytest

from jupyter_kronkers.api import Request
from jupyter_kronkers.api.dispatch import Dispatcher
from jupyter_kronkers.api.routes import Route
from jupyter_kronkers.control.plane import ControlPlane


@pytest.fixture
def control(folders, clock):
    control = ControlPlane(folders, clock=clock)
    yield control
    control.stop()


def test_an_attempt_at_what_one_may_not_do_is_in_the_audit(control, vera, store, audit):
    answer = control.dispatcher.answer(
        Request("POST", "/models", vera, headers={"content-type": "application/json"}, body=b'{"name": "churn"}')
    )
    assert (answer.status, json.loads(answer.body)["scope"]) == (403, "custom:kronkers:write")
    with store.reading() as tx:
        row = audit.rows(tx)[-1]
    assert (row.actor, row.action, row.object, row.result) == ("vera", "request.denied", "POST /models", "denied")


def test_work_that_a_killed_owner_left_unanswered_may_be_done_again(control, anna, folders):
    """faults: 163"""
    asked = Request("POST", "/models", anna, headers={"content-type": "application/json", "idempotency-key": "k"},
                    body=b'{"name": "churn"}')  # fmt: skip
    from jupyter_kronkers.api.idempotency import digest_of, name_of

    control.dispatcher._idempotency._begin(name_of(asked), digest_of(asked))
    assert control.dispatcher.answer(asked).status == 409
    control.recover()
    assert control.dispatcher.answer(asked).status == 201


def test_a_database_that_stays_locked_is_told_and_predictions_need_none_of_it(control, anna, monkeypatch):
    """faults: 170"""
    import sqlite3

    monkeypatch.setattr("jupyter_kronkers.store.database.PRAGMAS", ("busy_timeout=50",))
    control.dispatcher._rooms.store.engine.dispose()
    blocking = sqlite3.connect(control.folders.database, isolation_level=None)
    blocking.execute("BEGIN EXCLUSIVE")
    answer = control.dispatcher.answer(
        Request("POST", "/models", anna, headers={"content-type": "application/json"}, body=b'{"name": "churn"}')
    )
    blocking.close()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


class Stowaway:
    """Unpickling it would call `print`."""

    def __reduce__(self):
        return print, ("loaded",)


def test_an_operation_that_unpickles_is_refused(control, anna, capsys):
    """faults: 31, rule 17"""
    route = Route("GET", "/trojan", "read", lambda rooms, call: pickle.loads(pickle.dumps(Stowaway())))
    answer = Dispatcher(control.dispatcher._rooms, (route,)).answer(Request("GET", "/trojan", anna))
    assert answer.status == 500
    assert "loaded" not in capsys.readouterr().out
