"""Routes and states of an older or a newer release: what is not known is passed over, what is missing has a default."""

from __future__ import annotations

import json

import msgspec
import pytest

from jupyter_kronkers.serving.gateway import routes
from jupyter_kronkers.serving.gateway.routes import Placed, Route, Routes, ServingLimits
from jupyter_kronkers.serving.gateway.states import State
from jupyter_kronkers.serving.supervising.orders import Order, Report, Stop, lines
from jupyter_kronkers.serving.supervising.whereabouts import Whereabouts

OLD_ROUTES = """{"routes": [{"deployment": "live",
    "version": {"model": "churn", "number": 4, "folder": "/a", "digest": "ab"}, "replicas": 2,
    "limits": {"memory_bytes": 1, "start_s": 1.0, "request_s": 2.0, "wait_s": 3.0, "file_bytes": 4, "open_files": 5,
    "queue": 6, "rows": 7}, "previous": null, "upcoming": null}],
    "grants": [{"digest": "cd", "deployments": ["*"], "expires_at": null}], "public_key": "PEM"}"""
"""As release 0.1.0 wrote `gateway/routes.json`: without spares, canary, shadow, queue_s, idle_s, network, memory."""


def with_more(value: object) -> object:
    """The same JSON with a field in every object that nobody here knows."""
    if isinstance(value, dict) and value:  # `withdrawn` is a map of names, which stays as it is
        return {"of_a_later_release": {"x": [1]}} | {name: with_more(one) for name, one in value.items()}
    return [with_more(one) for one in value] if isinstance(value, list) else value


def test_the_routes_of_an_older_release_are_served(tmp_path):
    """faults: 187"""
    (tmp_path / "routes.json").write_text(OLD_ROUTES)
    (route,) = routes.load(tmp_path / "routes.json").routes
    assert route.version == Placed("churn", 4, "/a", "ab")
    assert route.limits.request_s == 2.0
    assert (route.limits.queue_s, route.spares) == (ServingLimits().queue_s, 0)


def test_the_routes_of_a_newer_release_are_served(tmp_path):
    """faults: 187"""
    wanted = Routes((Route("live", Placed("churn", 4, "/a", "ab"), limits=ServingLimits(queue=7)),), public_key="PEM")
    newer = with_more(json.loads(msgspec.json.encode(wanted)))
    (tmp_path / "routes.json").write_text(json.dumps(newer))
    assert routes.load(tmp_path / "routes.json") == wanted


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (
            '{"pid": 1, "revision": 2, "deployments": [{"name": "a", "state": "ready", "model": "m", "wanted": 1}]}',
            State,
        ),
        ('{"pid": 1, "place": "/a", "nonce": "n", "pids": [3]}', Report),
        ('{"type": "stop", "nonce": "n"}', Order),
        ('{"pid": 1, "started_at": 2, "nonce": "n", "place": "/a", "url": "http://127.0.0.1:1"}', Whereabouts),
    ],
)
def test_what_processes_tell_each_other_may_have_more_fields_and_lack_the_later_ones(said, kind):
    """faults: 187"""
    plain = msgspec.json.decode(said, type=kind)
    assert msgspec.json.decode(json.dumps(with_more(json.loads(said))), type=kind) == plain


def test_orders_come_in_lines_however_they_are_cut():
    buffer = bytearray(b'{"type":"stop",')
    assert lines(buffer) == []
    buffer += b'"nonce":"n"}\n{"ty'
    assert [msgspec.json.decode(line, type=Order) for line in lines(buffer)] == [Stop("n")]
    assert bytes(buffer) == b'{"ty'
    with pytest.raises(ValueError, match="end"):
        lines(bytearray(b"x" * 100_000))
