"""The interface inside a real Jupyter Server: who may ask, and how answers look."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from jupyter_server.auth import Authorizer

HEAVY = ("sqlalchemy", "mlflow", "pandas", "numpy", "cryptography", "alembic", "pyarrow", "msgspec")

LOAD = """
import sys
import jupyter_server.serverapp
from jupyter_kronkers import _jupyter_server_extension_points
_jupyter_server_extension_points()
print(*sys.modules)
"""


def test_loading_the_extension_imports_nothing_heavy():
    printed = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True)
    assert not set(HEAVY) & {name.partition(".")[0] for name in printed.stdout.split()}


async def test_the_first_request_waits_for_the_rooms(ask):
    answer = await ask("GET", "models")
    assert (answer.status, answer.json) == (200, {"items": [], "cursor": None})


async def test_every_answer_is_private_and_typed(ask):
    headers = (await ask("GET", "me")).headers
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"


async def test_the_principal_is_the_user_of_the_machine(ask):
    answer = (await ask("GET", "me")).json
    assert answer["scopes"] == ["admin", "approve", "deploy", "read", "write"]
    assert answer["name"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_nobody_is_told_to_log_in(ask, method):
    """faults: 113, 117"""
    answer = await ask(method, "models/churn/aliases/a", b"{}" if method != "GET" else None, Authorization="token no")
    assert (answer.status, answer.headers["Content-Type"]) == (401, "application/problem+json")
    assert answer.json["message"]


async def test_nobody_may_upload(ask):
    answer = await ask("PUT", "uploads/x/files/model/m.pkl", b"x" * 100_000, Authorization="token no")
    assert answer.status == 401


async def test_a_cookie_alone_changes_nothing(ask, jp_serverapp, jp_fetch, jp_base_url):
    """faults: 119"""
    cookie = f"{jp_serverapp.identity_provider.token}"
    response = await jp_fetch("api", "status", params={"token": cookie}, headers={"Authorization": "x"})
    jar = "; ".join(found.partition(";")[0] for found in response.headers.get_list("Set-Cookie"))
    answer = await ask("POST", "models", {"name": "churn"}, Authorization="x", Cookie=jar)
    assert jar
    assert answer.status == 403
    assert (await ask("GET", "models")).json["items"] == []


async def test_a_strange_host_is_refused(ask):
    """faults: 125"""
    assert (await ask("GET", "models", Host="evil.example")).status == 403


class Recorder(Authorizer):
    asked: list[tuple[str, str]] = []  # noqa: RUF012

    def is_authorized(self, handler, user, action, resource):
        if resource == "kronkers":
            self.asked.append((action, resource))
        return action == "read"


class TestWithAnAuthorizer:
    @pytest.fixture
    def jp_server_config(self, jp_server_config):
        Recorder.asked.clear()
        jp_server_config["ServerApp"]["authorizer_class"] = Recorder
        return jp_server_config

    async def test_jupyters_authorizer_has_the_last_word(self, ask):
        answers = [
            await ask("GET", "models"),
            await ask("POST", "models", {"name": "churn"}),
            await ask("PUT", "uploads/x/files/model/m.pkl", b"x"),
            await ask("POST", "deployments", {"name": "churn", "model": "churn"}),
        ]
        assert [answer.status for answer in answers] == [200, 403, 403, 403]
        assert [action for action, _ in Recorder.asked] == ["read", "write", "write", "execute"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "models/nothing", None, 404, "not_found"),
        ("GET", "nothing", None, 403, "undeclared"),
        ("GET", "models/", None, 404, "not_found"),
        ("HEAD", "models", None, 405, None),
        ("TRACE", "models", None, 405, "method_not_allowed"),
        ("OPTIONS", "models", None, 405, "method_not_allowed"),
        ("PUT", "models", b"{}", 405, "method_not_allowed"),
        ("POST", "models", {"name": "../etc"}, 422, "invalid_name"),
        ("POST", "models", {"name": "churn", "owner": "eve"}, 422, "invalid"),
        ("POST", "models", b"{", 415, "unsupported_media_type"),
        ("GET", "models?limit=0", None, 422, "invalid"),
        ("GET", "kernels/none/candidates", None, 404, "not_found"),
        ("POST", "models/churn/versions", {"upload": "file:///etc/passwd"}, 404, "not_found"),
    ],
)
async def test_refusals(ask, method, path, body, status, code):
    """faults: 1, 14, 16, 57, 58"""
    answer = await ask(method, path, body)
    assert answer.status == status, answer.body
    if code:
        assert answer.json["code"] == code
    if status == 405:
        assert "GET" in answer.headers["Allow"]


async def test_a_token_in_the_address_gives_no_more_than_jupyter_does(ask):
    """faults: 118"""
    assert (await ask("GET", "me?token=wrong", Authorization="x")).status == 401


async def test_kernels_learn_whom_to_ask(ask, folders):
    await ask("GET", "me")
    assert os.environ["KRONKERS_DATA_DIR"] == str(folders.root)
    assert os.environ["KRONKERS_COMMAND"].endswith("jupyter-kronkers")
    assert os.environ["KRONKERS_GATEWAY_URL"] == (await ask("GET", "health/ready")).json["gateway_url"]
