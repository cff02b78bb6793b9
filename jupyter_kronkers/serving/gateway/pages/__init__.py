"""Pages: what a deployment says of itself, to people (`docs`) and to programs (`openapi.json`).

Both are made once for each loaded version, of its signature and the first of its conformance rows.
"""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

from jupyter_kronkers.serving.gateway.answers import Answer
from jupyter_kronkers.serving.gateway.deployments.deployments import Deployment
from jupyter_kronkers.serving.gateway.pages.describing import described
from jupyter_kronkers.serving.gateway.pages.openapi import document
from jupyter_kronkers.serving.gateway.pages.page import HEADERS, page
from jupyter_kronkers.serving.gateway.versions.versions import LoadedVersion

HTML = b"text/html; charset=utf-8"


class Pages(NamedTuple):
    docs: Answer
    openapi: Answer


_made: WeakKeyDictionary[LoadedVersion, Pages] = WeakKeyDictionary()


def docs(deployment: Deployment, live: LoadedVersion) -> Answer:
    """The page for people."""
    return pages_of(deployment, live).docs


def openapi(deployment: Deployment, live: LoadedVersion) -> Answer:
    """The OpenAPI document."""
    return pages_of(deployment, live).openapi


def pages_of(deployment: Deployment, live: LoadedVersion) -> Pages:
    if live not in _made:
        facts = described(deployment.name, live.artifact)
        _made[live] = Pages(Answer(200, page(facts), HTML, HEADERS), Answer(200, document(facts)))
    return _made[live]
