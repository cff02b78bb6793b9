"""Endpoints: who may call what, and the way of a prediction from request to answer.

POST /{deployment}/invocations     a prediction                        a token that opens the deployment
GET  /{deployment}/{ping,health}   is it ready?                        "
GET  /{deployment}/version         which version answers?              "
GET  /metrics                      Prometheus                          any token
GET  /ping /health /version        does the gateway live? is it all ready? which release is it?
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import re
import secrets
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from jupyter_kronkers.errors import Denied, KronkersError, NotFound, Unauthenticated
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.serving.gateway import metrics
from jupyter_kronkers.serving.gateway.answers import TEXT, Answer, refusal, refusal_of_http
from jupyter_kronkers.serving.gateway.batching import Ask
from jupyter_kronkers.serving.gateway.deployments import Deployment, Deployments
from jupyter_kronkers.serving.gateway.http import Exchange
from jupyter_kronkers.serving.gateway.protocols import scoring
from jupyter_kronkers.serving.gateway.routes import Grant
from jupyter_kronkers.serving.gateway.versions import LoadedVersion

NAME = re.compile(rb"/([a-z0-9][a-z0-9._-]{0,62})/(invocations|ping|health|version)")
OWN = {b"/ping": b"GET", b"/health": b"GET", b"/version": b"GET", b"/metrics": b"GET"}
OPEN = frozenset({b"/ping", b"/health", b"/version"})
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Target(NamedTuple):
    """What a request is for: something of a deployment, or of the gateway itself (`deployment` is "")."""

    what: bytes
    deployment: str = ""
    content: str = ""


class Endpoints:
    """The application behind the gateway's HTTP server."""

    def __init__(self, deployments: Deployments, loopback: bool) -> None:
        self.deployments = deployments
        self.metrics = metrics.Metrics(deployments)
        self._loopback = loopback
        self._now = time.monotonic
        self._origin = secrets.token_hex(5).encode()
        self._predictions = 0
        self._own: dict[bytes, Callable[[], Answer]] = {
            b"/ping": lambda: Answer(200, b"\n", TEXT),
            b"/health": self._health,
            b"/version": lambda: Answer(200, release().encode(), TEXT),
            b"/metrics": lambda: Answer(200, self.metrics.text(), metrics.TYPE),
        }

    # Who may

    @property
    def edition(self) -> object:
        """Verdicts of `admit` hold until other routes come, or the token expires."""
        return self.deployments.routes

    def admit(self, exchange: Exchange) -> Answer | None:
        """What the head alone decides: host, address, method, token, type of the body."""
        if self._loopback and not self._known_host(exchange.headers.get(b"host", b"localhost")):
            return refusal_of_http(421, "This gateway does not go by that name.", code="unknown_host")
        try:
            return self._admitted(exchange)
        except KronkersError as problem:
            return refusal(problem)

    def _admitted(self, exchange: Exchange) -> Answer | None:
        path = exchange.path
        found = NAME.fullmatch(path)
        method = OWN.get(path) or (b"POST" if found and found[2] == b"invocations" else b"GET")
        if (found or path in OWN) and exchange.method != method:
            allow = b"Allow: " + method + b"\r\n"
            return refusal_of_http(405, f"Only {method.decode()} is possible here.", headers=allow)
        if path in OPEN:
            exchange.target = Target(path)
            return None
        grant = self._grant(exchange.headers.get(b"authorization"))
        exchange.good_until = math.inf if grant.expires_at is None else grant.expires_at
        if path in OWN:
            exchange.target = Target(path)
            return None
        if not found:
            raise NotFound("address", path.decode("latin-1"), remedy="Predictions are at /{deployment}/invocations.")
        name = found[1].decode()
        if not grant.opens(name):
            raise Denied("This token", name, remedy=f"It does not open the deployment {name}; ask for one that does.")
        if name not in self.deployments.running:
            raise NotFound("deployment", name)
        return self._admitted_body(exchange, name, found[2])

    def _admitted_body(self, exchange: Exchange, name: str, what: bytes) -> Answer | None:
        content = ""
        if what == b"invocations":
            content = scoring.content_type(exchange.headers.get(b"content-type", b"")) or ""
            if not content:
                types = " or ".join(scoring.TYPES)
                return refusal_of_http(415, f"The header Content-Type must be {types}, in UTF-8.")
            if exchange.headers.get(b"content-encoding", b"identity").lower() != b"identity":
                return refusal_of_http(415, "Send the body without Content-Encoding.")
        exchange.target = Target(what, name, content)
        return None

    def _grant(self, header: bytes | None) -> Grant:
        """What the token opens. Raises Unauthenticated if there is none, or it is unknown or expired."""
        if header is None or header[:7].lower() != b"bearer ":
            raise Unauthenticated
        grant = self.deployments.grants.get(hashlib.sha256(header[7:].strip()).hexdigest())
        if grant is None or (grant.expires_at is not None and grant.expires_at <= time.time()):
            raise Unauthenticated("This token is not valid.")
        return grant

    def _known_host(self, header: bytes) -> bool:
        # A page of a stranger whose name was made to point here (DNS rebinding) still sends that name.
        name = header.decode("latin-1").lower()
        name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
        return name in LOCAL_NAMES or name in self.deployments.routes.hosts

    # What

    def serve(self, exchange: Exchange) -> None:
        target = exchange.target
        if not isinstance(target, Target) or exchange.lost:
            return
        if not target.deployment:
            return exchange.answer(self._own[target.what]())
        deployment = self.deployments.running.get(target.deployment)
        if deployment is None:
            return exchange.answer(refusal(NotFound("deployment", target.deployment)))
        # A stampede on a version that is just being loaded, or after the gateway was killed, waits instead of failing.
        if target.what == b"invocations" and deployment.park(lambda: self.serve(exchange)):
            return
        try:
            live = deployment.choose()
            if target.what == b"invocations":
                Prediction(self, exchange, deployment, live).begin(target.content)
            else:
                exchange.answer(Answer(200, live.artifact.placed.words.encode() + b"\n", TEXT, live.header))
        except KronkersError as problem:
            self._refuse(exchange, target.deployment, problem)

    def _refuse(self, exchange: Exchange, name: str, problem: KronkersError) -> None:
        answer = refusal(problem)
        self.metrics.of(name).count(answer.status, self._now() - exchange.started, 0)
        exchange.answer(answer)

    def _health(self) -> Answer:
        unready = sum(deployment.live is None for deployment in self.deployments.running.values())
        if unready:
            return Answer(503, b"%d deployments cannot answer\n" % unready, TEXT, b"Retry-After: 2\r\n")
        return Answer(200, b"ok\n", TEXT)

    def next_id(self) -> bytes:
        """The id of one prediction, unique among all gateways."""
        self._predictions += 1
        return b"%s%010x" % (self._origin, self._predictions)


class Prediction:
    """One prediction under way."""

    __slots__ = ("_ask", "_endpoints", "_exchange", "_live", "_tally")

    def __init__(self, endpoints: Endpoints, exchange: Exchange, deployment: Deployment, live: LoadedVersion) -> None:
        self._endpoints, self._exchange, self._live = endpoints, exchange, live
        self._tally = endpoints.metrics.of(deployment.name)

    def begin(self, content: str) -> None:
        """Decode, fit, ask. Raises Invalid with every fault."""
        live, exchange = self._live, self._exchange
        columns, rows = scoring.fitted(live.artifact.signature, content, exchange.body, live.limits.rows)
        exchange.body = b""
        deadline = exchange.started + live.limits.wait_s
        self._ask = Ask(columns, rows, deadline, self._done)
        if not rows:
            return self._answer(200, b'{"predictions":[]}')
        exchange.gone = self._left
        return live.ask(self._ask)

    def _done(self, answer: list[Column] | KronkersError) -> None:
        live = self._live
        body = answer if isinstance(answer, KronkersError) else scoring.predictions(live.artifact.signature, answer)
        if isinstance(body, bytes):
            return self._answer(200, body)
        refused = refusal(body)
        self._count(refused.status)
        return self._exchange.answer(refused._replace(headers=refused.headers + self._headers()))

    def _answer(self, status: int, body: bytes) -> None:
        self._count(status)
        self._exchange.answer(Answer(status, body, headers=self._headers()))

    def _headers(self) -> bytes:
        return b"%sX-Kronkers-Prediction-Id: %s\r\n" % (self._live.header, self._endpoints.next_id())

    def _left(self) -> None:
        self._ask.left = True
        self._count(499)

    def _count(self, status: int) -> None:
        rows = self._ask.rows if status == 200 else 0
        self._tally.count(status, time.monotonic() - self._exchange.started, rows)


def release() -> str:
    try:
        return version("jupyter_kronkers")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "0"


def is_loopback(host: str) -> bool:
    """Whether a socket bound to this address hears this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
