"""Addresses: every one the gateway knows, the one method it has, and whether it needs a token.

POST /{deployment}/invocations                      a prediction, in MLflow's protocol, Arrow or Parquet
POST /invocations                                   the same for a token that opens exactly one deployment
POST /v2/models/{deployment}[/versions/{n}]/infer   a prediction, in the Open Inference Protocol
GET  /v2/models/{deployment}[/versions/{n}][/ready] what it takes and gives; is it ready?
GET  /{deployment}/{ping,health}                    is it ready?
GET  /{deployment}/version                          which version answers?
GET  /{deployment}/{docs,openapi.json}              a page for people, and its description for programs
GET  /metrics                                       Prometheus
GET  /ping /health /version /v2 /v2/health/{live,ready}    of the gateway itself, without a token

There is one spelling of each: no trailing slash, no second slash, nothing escaped.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Address(NamedTuple):
    """`deployment` is "" for the gateway's own. `number` is the version that the address insists on."""

    what: str
    method: bytes = b"GET"
    deployment: str = ""
    number: int | None = None
    free: bool = False


OWN = {
    b"/ping": Address("ping", free=True),
    b"/health": Address("health", free=True),
    b"/version": Address("version", free=True),
    b"/v2": Address("server", free=True),
    b"/v2/health/live": Address("live", free=True),
    b"/v2/health/ready": Address("ready", free=True),
    b"/metrics": Address("metrics"),
    b"/invocations": Address("invocations", b"POST"),
}

_NAME = rb"([a-z0-9][a-z0-9._-]{0,62})"
_OF_DEPLOYMENT = re.compile(rb"/" + _NAME + rb"/(invocations|ping|health|version|docs|openapi\.json)")
_OF_MODEL = re.compile(rb"/v2/models/" + _NAME + rb"(?:/versions/([1-9][0-9]{0,8}))?(?:/(infer|ready))?")
_WHAT = {b"infer": "infer", b"ready": "model ready", None: "metadata"}

PREDICTING = frozenset({"invocations", "infer"})
PAGES = frozenset({"docs", "openapi.json"})


def find(path: bytes) -> Address | None:
    """What is at this path, if anything is."""
    if found := _OF_DEPLOYMENT.fullmatch(path):
        what = found[2].decode()
        return Address(what, b"POST" if what in PREDICTING else b"GET", found[1].decode())
    if found := _OF_MODEL.fullmatch(path):
        what, number = _WHAT[found[3]], int(found[2]) if found[2] else None
        return Address(what, b"POST" if what in PREDICTING else b"GET", found[1].decode(), number)
    return OWN.get(path)
