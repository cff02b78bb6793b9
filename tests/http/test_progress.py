"""How far a capture is, as the browser that asked for it hears."""

from __future__ import annotations

import pytest

from jupyter_kronkers.app.announcing import SCHEMA, register_schema
from tests.http.test_kernels import started


@pytest.fixture
def heard(jp_serverapp):
    told = []

    async def listen(logger, schema_id, data):
        told.append({name: value for name, value in data.items() if not name.startswith("__")})

    register_schema(jp_serverapp.event_logger)
    jp_serverapp.event_logger.add_listener(schema_id=SCHEMA, listener=listen)
    return told


async def steps(heard, jp_serverapp, capture: str) -> list[str]:
    await jp_serverapp.event_logger.gather_listeners()
    return [told["step"] for told in heard if told["kind"] == "capture_progressed" and told["capture"] == capture]


@pytest.mark.slow
async def test_each_step_is_told_under_the_id_that_the_browser_gave(ask, jp_fetch, jp_serverapp, heard):
    kernel = await started(jp_fetch, jp_serverapp)
    wish = {"model": "line", "variable": "model", "data": "X", "capture": "mine-1"}
    assert (await ask("POST", f"kernels/{kernel}/captures", wish)).status == 201
    assert await steps(heard, jp_serverapp, "mine-1") == ["capture", "upload", "proof", "done"]
    assert (await ask("POST", f"kernels/{kernel}/captures", {**wish, "variable": "no", "capture": "two"})).status == 422
    assert await steps(heard, jp_serverapp, "two") == ["capture", "failed"]
    del wish["capture"]
    before = len(heard)
    assert (await ask("POST", f"kernels/{kernel}/captures", {**wish, "variable": "no"})).status == 422
    await jp_serverapp.event_logger.gather_listeners()
    assert len(heard) == before


@pytest.mark.parametrize("id", ["", "A", "a b", "a" * 65, "<script>"])
async def test_an_id_is_a_plain_word(ask, id):
    body = {"model": "line", "variable": "model", "data": "X", "capture": id}
    assert (await ask("POST", "kernels/none/captures", body)).status == 422
