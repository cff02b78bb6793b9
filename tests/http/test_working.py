"""Models, versions, aliases and tokens through the interface of a real server."""

from __future__ import annotations

import asyncio
import hashlib
import json

import pytest

from jupyter_kronkers.app.announcing import SCHEMA


@pytest.mark.slow
async def test_from_upload_to_alias_to_history(ask, register, folders):
    version = await register("bikes")
    assert (version.status, version.json["number"], version.json["state"]) == (201, 1, "ready"), version.body
    moved = await ask("PUT", "models/bikes/aliases/champion", {"version": 1, "why": "first"})
    assert (moved.status, moved.json["number"]) == (200, 1)
    assert (await ask("GET", "models/bikes/versions/champion")).json["number"] == 1
    assert (await ask("GET", "models/bikes")).json["aliases"] == {"champion": 1}
    moves = (await ask("GET", "models/bikes/history")).json["items"]
    assert [(move["before"], move["after"], move["why"]) for move in moves] == [(None, 1, "first")]
    now = (await ask("GET", "models/bikes/aliases/champion/at/2100-01-01T00:00:00Z")).json
    assert now["number"] == 1
    assert (await ask("DELETE", "models/bikes/aliases/champion?why=over")).status == 204
    assert (await ask("GET", "models/bikes/aliases/champion")).status == 404


@pytest.mark.slow
async def test_the_same_key_registers_once(ask, register, bike_capture):
    """faults: 59"""
    first = await register("bikes", Idempotency_Key="k1")
    body = {"upload": "another"}
    assert (await ask("POST", "models/bikes/versions", body, Idempotency_Key="k1")).status == 422
    assert first.json["number"] == 1
    assert len((await ask("GET", "models/bikes/versions")).json["items"]) == 1


async def test_a_repeated_key_is_answered_from_memory(ask):
    """faults: 59"""
    first = await ask("POST", "models", {"name": "churn"}, Idempotency_Key="k1")
    again = await ask("POST", "models", {"name": "churn"}, Idempotency_Key="k1")
    other = await ask("POST", "models", {"name": "other"}, Idempotency_Key="k1")
    without = await ask("POST", "models", {"name": "churn"})
    assert (first.status, first.body) == (again.status, again.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")
    assert without.status == 409


async def test_one_of_two_at_once_works_and_the_other_is_told(ask):
    """faults: 59"""
    both = await asyncio.gather(*(ask("POST", "models", {"name": "churn"}, Idempotency_Key="k") for _ in range(2)))
    assert {answer.status for answer in both} <= {201, 409}
    assert 201 in {answer.status for answer in both}


async def test_a_refused_request_may_be_repeated_with_its_key(ask):
    assert (await ask("POST", "models", {"name": "A"}, Idempotency_Key="k")).status == 422
    assert (await ask("POST", "models", {"name": "a"}, Idempotency_Key="k")).status == 201


async def test_whoever_read_an_old_state_cannot_overwrite_a_new_one(ask):
    """faults: 12"""
    created = await ask("POST", "models", {"name": "churn"})
    tag = created.headers["ETag"]
    assert (await ask("GET", "models/churn", If_None_Match=tag)).status == 304
    assert (await ask("PATCH", "models/churn", {"title": "Churn"}, If_Match=tag)).status == 200
    stale = await ask("PATCH", "models/churn", {"title": "Other"}, If_Match=tag)
    assert (stale.status, stale.json["code"]) == (412, "stale")
    assert (await ask("GET", "models/churn")).json["title"] == "Churn"


async def test_long_lists_come_in_pages(ask):
    for name in ("a", "b", "c"):
        await ask("POST", "models", {"name": name})
    first = (await ask("GET", "models?limit=2")).json
    second = (await ask("GET", f"models?limit=2&cursor={first['cursor']}")).json
    assert [model["name"] for model in first["items"] + second["items"]] == ["a", "b", "c"]
    assert second["cursor"] is None


async def test_what_looks_like_sql_is_searched_as_it_stands(ask):
    """faults: 9"""
    await ask("POST", "models", {"name": "a", "title": "100%_'; DROP TABLE models"})
    await ask("POST", "models", {"name": "b", "title": "100 percent"})
    found = (await ask("GET", "models?search=%_'; DROP")).json["items"]
    assert [model["name"] for model in found] == ["a"]


async def test_a_large_file_goes_to_disk_whole(ask, folders):
    upload = (await ask("POST", "uploads")).json["id"]
    content = bytes(range(256)) * 4096 * 16
    answer = await ask("PUT", f"uploads/{upload}/files/model/model.pkl", content)
    assert answer.json == {
        "path": "model/model.pkl",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": 16 << 20,
    }
    assert (folders.uploads / upload / "files" / "model" / "model.pkl").stat().st_size == 16 << 20


async def test_a_file_that_is_not_what_was_announced_is_refused(ask):
    """faults: 25"""
    upload = (await ask("POST", "uploads")).json["id"]
    where = f"uploads/{upload}/files/model/model.pkl?sha256={'0' * 64}"
    assert (await ask("PUT", where, b"abc")).status == 422


@pytest.mark.parametrize("path", ["model/../../x", "../x", "/etc/passwd", "else/x"])
async def test_no_file_leaves_its_upload(ask, path, folders):
    """faults: 17"""
    upload = (await ask("POST", "uploads")).json["id"]
    answer = await ask("PUT", f"uploads/{upload}/files/{path}", b"x")
    assert answer.status in {404, 422}, answer.body
    assert [found for found in folders.uploads.rglob("*") if found.is_file()] == []
    assert [found for found in folders.root.parent.rglob("x") if found.is_file()] == []


async def test_a_tokens_secret_is_shown_once(ask):
    created = await ask("POST", "tokens", {"name": "app", "deployments": ["bikes"]}, Idempotency_Key="k")
    listed = await ask("GET", "tokens")
    assert created.json["secret"].startswith("krk_")
    assert created.json["secret"].encode() not in listed.body
    assert [token["id"] for token in listed.json["items"]] == [created.json["token"]["id"]]
    assert (await ask("DELETE", f"tokens/{created.json['token']['id']}")).status == 204


async def test_looking_changes_nothing(ask, folders):
    """faults: 119"""
    await ask("POST", "models", {"name": "churn"})
    before = dump(folders)
    for path in (
        "models",
        "models/churn",
        "models/churn/versions",
        "models/churn/history",
        "deployments",
        "tokens",
        "me",
    ):
        assert (await ask("GET", path)).status == 200
    assert dump(folders) == before


def dump(folders) -> list[str]:
    import sqlite3

    with sqlite3.connect(folders.database) as connection:
        return list(connection.iterdump())


async def test_panels_hear_of_changes(ask, register, jp_serverapp):
    heard = []

    async def listen(logger, schema_id, data):
        heard.append(data)

    await ask("GET", "me")
    from jupyter_kronkers.app.announcing import register_schema

    register_schema(jp_serverapp.event_logger)
    jp_serverapp.event_logger.add_listener(schema_id=SCHEMA, listener=listen)
    await register("bikes")
    await ask("PUT", "models/bikes/aliases/champion", {"version": 1})
    await jp_serverapp.event_logger.gather_listeners()
    kinds = [told["kind"] for told in heard]
    assert kinds[:2] == ["version_registered", "alias_moved"]
    assert "rmse" not in json.dumps(heard)
