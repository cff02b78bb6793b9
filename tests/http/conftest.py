"""A Jupyter Server with the extension, and a data folder whose MLflow tables are there already."""

from __future__ import annotations

import json
import shutil

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403
from tornado.httpclient import HTTPClientError

from jupyter_kronkers.store import Folders
from tests.models.conftest import bike_capture, mlflow_template  # noqa: F401

API = "kronkers/api/v1"


@pytest.fixture
def folders(tmp_path, mlflow_template) -> Folders:  # noqa: F811
    folders = Folders(tmp_path / "kronkers").prepare()
    shutil.copy(mlflow_template, folders.mlflow_database)
    return folders


@pytest.fixture
def jp_server_config(folders):
    return {
        "ServerApp": {"jpserver_extensions": {"jupyter_kronkers": True}},
        "KronkersApp": {"data_dir": str(folders.root)},
    }


class Answer:
    """One answer, whatever its status."""

    def __init__(self, response):
        self.status, self.headers, self.body = response.code, response.headers, response.body

    @property
    def json(self):
        return json.loads(self.body)


@pytest.fixture
def ask(jp_fetch):
    """`await ask("POST", "models", {...}, **headers)`: an answer of the interface, errors too."""

    async def one(method: str, path: str, body: object = None, **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = body if isinstance(body, bytes | None) else json.dumps(body)
        if sent is not None and not isinstance(body, bytes):
            given.setdefault("Content-Type", "application/json")
        place, _, query = path.partition("?")
        params = dict(pair.split("=", 1) for pair in query.split("&")) if query else {}
        try:
            found = await jp_fetch(
                API, place, method=method, body=sent, headers=given, params=params,
                request_timeout=60, allow_nonstandard_methods=True,
            )  # fmt: skip
        except HTTPClientError as error:
            found = error.response
        return Answer(found)

    return one


@pytest.fixture
def register(ask, bike_capture):  # noqa: F811
    """`await register("bikes")`: a version, through the interface only."""

    async def one(name: str, **headers: str) -> Answer:
        upload = (await ask("POST", "uploads")).json["id"]
        for path in sorted(path for path in bike_capture.rglob("*") if path.is_file()):
            where = f"uploads/{upload}/files/{path.relative_to(bike_capture)}"
            assert (await ask("PUT", where, path.read_bytes())).status == 200
        return await ask("POST", f"models/{name}/versions", {"upload": upload}, **headers)

    return one
