"""Endpoints: the application behind the gateway's HTTP server. `addresses` lists them, `admission` lets in.

Predictions go their own way (`predictions`); here are the short answers: is it alive, is it ready, what is it?
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

import msgspec

from jupyter_kronkers.errors import KronkersError, NotFound
from jupyter_kronkers.serving.gateway import pages
from jupyter_kronkers.serving.gateway.answers import TEXT, Answer, refusal
from jupyter_kronkers.serving.gateway.deployments.deployments import Deployment, Deployments
from jupyter_kronkers.serving.gateway.http import Exchange
from jupyter_kronkers.serving.gateway.metrics import Metrics
from jupyter_kronkers.serving.gateway.protocols import inference
from jupyter_kronkers.serving.gateway.protocols.shape import About
from jupyter_kronkers.serving.gateway.requests import addresses
from jupyter_kronkers.serving.gateway.requests.admission import Admission, Target, is_loopback
from jupyter_kronkers.serving.gateway.requests.predictions import Desk, Prediction, unforeseen
from jupyter_kronkers.serving.gateway.requests.turns import Turns
from jupyter_kronkers.serving.gateway.versions.versions import LoadedVersion

__all__ = ["Endpoints", "Target", "is_loopback"]

EXTENSIONS = ["binary_tensor_data"]
STABLE, CANARY = b"stable", b"canary"


class Endpoints:
    """The application behind the gateway's HTTP server."""

    def __init__(self, deployments: Deployments, metrics: Metrics, loopback: bool) -> None:
        self.deployments = deployments
        self.metrics, self.tallies = metrics, deployments.tallies
        self.admission = Admission(deployments, loopback)
        self.desk = Desk(deployments.tallies)
        self.admit = self.admission.admit
        self._turns = Turns(self._begin)
        self._own: dict[str, Callable[[], Answer]] = {
            "ping": lambda: Answer(200, b"\n", TEXT),
            "health": self._health,
            "version": lambda: Answer(200, release().encode(), TEXT),
            "server": self._server,
            "live": lambda: Answer(200, b'{"live":true}'),
            "ready": self._ready,
        }
        self._facts: dict[str, Callable[[Deployment, LoadedVersion], Answer]] = {
            "metadata": metadata,
            "model ready": lambda deployment, _: said({"name": deployment.name, "ready": True}),
            "docs": pages.docs,
            "openapi.json": pages.openapi,
        }

    @property
    def edition(self) -> object:
        """Verdicts of `admit` hold until other routes come, or the token expires."""
        return self.deployments.routes

    def serve(self, exchange: Exchange) -> None:
        """Answer it: what is asked of a deployment in that deployment's turn, all else at once."""
        target = exchange.target
        if isinstance(target, Target) and target.deployment:
            self._turns.take(target.deployment, exchange)
        else:
            self._begin(exchange)

    def _begin(self, exchange: Exchange) -> None:
        target = exchange.target
        if not isinstance(target, Target) or exchange.lost:
            return
        try:
            self._serve(exchange, target)
        except KronkersError as problem:
            self._refuse(exchange, target.deployment, problem)
        except Exception:  # noqa: BLE001 - a door: it is logged with the id that the caller gets
            exchange.answer(unforeseen(self.desk.next_id().decode()))

    def _serve(self, exchange: Exchange, target: Target) -> None:
        if not target.deployment:
            return self._scraped(exchange) if target.what == "metrics" else exchange.answer(self._own[target.what]())
        deployment = self.deployments.running.get(target.deployment)
        if deployment is None:
            raise NotFound("deployment", target.deployment)
        predicts = target.what in addresses.PREDICTING
        # A stampede on a version that is just being loaded, or after the gateway was killed, waits instead of failing.
        if predicts and deployment.park(lambda: self.serve(exchange)):
            return None
        live = deployment.choose(target.use) if target.number is None else numbered(deployment, target.number)
        if predicts:
            return Prediction(self.desk, exchange, target, deployment, live).begin()
        answer = self._facts.get(target.what, brief)(deployment, live)
        return exchange.answer(answer._replace(headers=answer.headers + live.header))

    def _refuse(self, exchange: Exchange, name: str, problem: KronkersError) -> None:
        answer = refusal(problem)
        self.tallies.refuse(name, problem.code)
        self.tallies.of(name).count(answer.status, self.desk.now() - exchange.started, 0)
        exchange.gone = None
        exchange.answer(answer)

    def _scraped(self, exchange: Exchange) -> None:
        accept = exchange.headers.get(b"accept", b"").decode("latin-1")
        scrape = asyncio.get_running_loop().create_task(self.metrics.text(accept))
        scrape.add_done_callback(lambda done: exchange.answer(Answer(200, *done.result())))

    # Of the gateway itself

    def _health(self) -> Answer:
        if unready := self._unready():
            return Answer(503, b"%d deployments cannot answer\n" % unready, TEXT, b"Retry-After: 2\r\n")
        return Answer(200, b"ok\n", TEXT)

    def _ready(self) -> Answer:
        ready = not self._unready()
        return said({"ready": ready})._replace(status=200 if ready else 503)

    def _unready(self) -> int:
        return sum(deployment.live is None for deployment in self.deployments.running.values())

    def _server(self) -> Answer:
        return said({"name": "jupyter_kronkers", "version": release(), "extensions": EXTENSIONS})


# Of a deployment


def numbered(deployment: Deployment, number: int) -> LoadedVersion:
    """The version that an address insists on. Raises NotFound if it does not answer now."""
    for use in (STABLE, CANARY):
        live = deployment.choose(use)
        if live.artifact.placed.number == number:
            return live
    raise NotFound("version", f"{deployment.name} {number}", remedy=f"{live.artifact.placed.words} answers now.")


def brief(_deployment: Deployment, live: LoadedVersion) -> Answer:
    return Answer(200, live.artifact.placed.words.encode() + b"\n", TEXT)


def metadata(deployment: Deployment, live: LoadedVersion) -> Answer:
    artifact = live.artifact
    about = About(deployment.name, artifact.placed.number)
    return Answer(200, inference.metadata(artifact.signature, about, artifact.runtime.language))


def said(facts: dict[str, str | bool | list[str]]) -> Answer:
    return Answer(200, msgspec.json.encode(facts))


def release() -> str:
    try:
        return version("jupyter_kronkers")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "0"
