"""A Lab that does not own the data folder: it passes everything on, and its browsers hear of changes all the same."""

from __future__ import annotations

import asyncio
import json

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from jupyter_kronkers.access import local_principal
from jupyter_kronkers.app.announcing import SCHEMA, register_schema
from jupyter_kronkers.app.following import EVENTS, Lines
from jupyter_kronkers.app.seat import Seat, Wishes
from jupyter_kronkers.control import living_owner

ME = local_principal()


async def until(fact, what: str, wait_s: float = 30.0):
    async with asyncio.timeout(wait_s):
        while not (found := fact()):
            await asyncio.sleep(0.01)
    return found


def failed(problem):
    raise AssertionError(problem)


@pytest.fixture
def owner(folders, jp_asyncio_loop):
    """Another server of the same user, which was first."""
    seat = Seat(
        Wishes(folders, "lab", "127.0.0.1", 0), desk=lambda transport: None, opened=lambda seat: None, failed=failed
    )

    async def opened():
        await seat.open()
        await until(lambda: seat.owns and (plane := living_owner(folders)) and plane.url, "the owner")

    jp_asyncio_loop.run_until_complete(opened())
    yield seat
    jp_asyncio_loop.run_until_complete(seat.close())


@pytest.fixture
def jp_server_config(jp_server_config, owner):
    return jp_server_config


@pytest.fixture
def heard(jp_serverapp):
    """What the browsers of the attached Lab hear."""
    told = []

    async def listen(logger, schema_id, data):
        told.append({name: value for name, value in data.items() if not name.startswith("__")})

    register_schema(jp_serverapp.event_logger)
    jp_serverapp.event_logger.add_listener(schema_id=SCHEMA, listener=listen)
    return told


def listeners(owner: Seat) -> int:
    return len(owner.control.events._listeners)


@pytest.mark.slow
async def test_browsers_of_an_attached_lab_hear_of_what_the_owner_did(ask, owner, heard):
    before = listeners(owner)
    assert (await ask("GET", "models")).json["items"] == []
    await until(lambda: listeners(owner) > before, "the line to the owner")
    owner.control.tokens.create(ME, "app")
    owner.control.deployments.events.emit(changed := deployment_changed())
    await until(lambda: heard, "the event")
    assert heard == [{"kind": "deployment_changed", "deployment": changed.deployment, "state": "ready"}]


def deployment_changed():
    from jupyter_kronkers.store import DeploymentChanged

    return DeploymentChanged("bikes <script>\n", "ready")


@pytest.mark.slow
async def test_the_new_routes_are_passed_on_with_their_refusals(ask, owner):
    await ask("POST", "models", {"name": "churn"})
    assert (await ask("GET", "models?brief=true&limit=1000")).json["items"][0]["health"] == "quiet"
    body = {"columns": ["x"], "rows": [[1]]}
    for method, path, sent in (
        ("GET", "deployments/bikes/example", None),
        ("GET", "deployments/bikes/calls", None),
        ("GET", "deployments/bikes/traffic", None),
        ("POST", "deployments/bikes/predictions", body),
        ("GET", "models/churn/versions/1/notebook", None),
        ("GET", "models/churn/versions/1/example", None),
    ):
        answer = await ask(method, path, sent)
        assert (answer.status, answer.json["code"]) == (404, "not_found"), path


@pytest.mark.slow
async def test_nobody_without_the_owners_token_hears_anything(owner, folders, jp_serverapp):
    """faults: 113"""
    plane = living_owner(folders)
    for headers in ({}, {"Authorization": "Bearer no"}, {"Authorization": f"Bearer {plane.token}", "Host": "evil"}):
        answer = await AsyncHTTPClient().fetch(plane.url + EVENTS, headers=headers, raise_error=False)
        assert answer.code in {401, 421}


@pytest.mark.slow
async def test_who_goes_away_is_not_told_any_more(ask, owner, folders):
    alone = listeners(owner)
    await ask("GET", "me")
    await until(lambda: listeners(owner) == alone + 1, "the Lab's own line")
    plane, client = living_owner(folders), AsyncHTTPClient(force_instance=True)
    line = client.fetch(
        plane.url + EVENTS,
        headers={"Authorization": f"Bearer {plane.token}"},
        streaming_callback=lambda piece: None,
        request_timeout=2.0,
    )
    await until(lambda: listeners(owner) == alone + 2, "the listener")
    with pytest.raises(HTTPClientError):
        await line
    await until(lambda: listeners(owner) == alone + 1, "its end")


def test_changes_are_whole_however_the_stream_is_cut():
    told = []
    lines = Lines(told.append)
    text = "".join(json.dumps({"kind": "alias_moved", "model": f"m{n}"}) + "\n" for n in range(20)).encode()
    for at in range(0, len(text), 7):
        lines.take(text[at : at + 7])
    assert [change["model"] for change in told] == [f"m{n}" for n in range(20)]
