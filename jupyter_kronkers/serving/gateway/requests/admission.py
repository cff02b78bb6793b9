"""Admission: what the head of a request decides, before any body is read. Host, address, method, token, forms, limits.

A verdict depends on the bytes of the head, the routes with their grants, the expiry of the token, and nothing else:
the HTTP server may remember it for the same head until one of those changes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import math
import re
import time
from collections.abc import Mapping
from typing import NamedTuple

from jupyter_kronkers.errors import Denied, Fault, Invalid, KronkersError, NotFound, Unauthenticated
from jupyter_kronkers.serving.gateway.answers import Answer, refusal, refusal_of_http
from jupyter_kronkers.serving.gateway.deployments.deployments import Deployments
from jupyter_kronkers.serving.gateway.http import Exchange
from jupyter_kronkers.serving.gateway.protocols import codings, forms
from jupyter_kronkers.serving.gateway.requests import addresses
from jupyter_kronkers.serving.gateway.requests.replays import Key
from jupyter_kronkers.serving.gateway.routes import EVERY, Grant

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
DIGITS = re.compile(rb"[0-9]{1,9}")
MILLISECONDS = re.compile(rb"0*([1-9][0-9]*)")
IDEMPOTENCY_KEY = re.compile(rb"[!-~]{1,255}")
LONGEST_TIMEOUT_S = 3_600.0
BASIC = b'WWW-Authenticate: Basic realm="kronkers", charset="UTF-8"\r\n'


class Target(NamedTuple):
    """What a request is for, and how it wants to be served.

    what, deployment, number: of its address. use: X-Kronkers-Use. reads, writes: the forms of its body and its answer.
    json_bytes: Inference-Header-Content-Length. coding: of the body; gzip: whether the answer may have it.
    timeout_s: how long its caller waits. key: of its replays. quick: JSON in, JSON out, and none of all that.
    """

    what: str
    deployment: str = ""
    number: int | None = None
    use: bytes | None = None
    reads: str = forms.JSON
    writes: str = forms.JSON
    json_bytes: int | None = None
    coding: str = ""
    gzip: bool = False
    timeout_s: float | None = None
    key: Key | None = None
    quick: bool = False


class RefusedByHttp(Exception):
    """The request is refused for what HTTP itself says of it."""

    def __init__(self, status: int, detail: str, *, code: str = "", headers: bytes = b"") -> None:
        self.answer = refusal_of_http(status, detail, code=code, headers=headers)


class Admission:
    """Decides by heads."""

    def __init__(self, deployments: Deployments, loopback: bool) -> None:
        self._deployments, self._loopback = deployments, loopback

    def admit(self, exchange: Exchange) -> Answer | None:
        """Set `exchange.target`, or give the answer that refuses. Raises nothing."""
        try:
            exchange.target = self._target(exchange)
        except RefusedByHttp as refused:
            return refused.answer
        except KronkersError as problem:
            self._deployments.tallies.refuse("", problem.code)
            return refusal(problem)._replace(headers=challenged(problem, exchange.path))
        return None

    def _target(self, exchange: Exchange) -> Target:
        if self._loopback and not self._known_host(exchange.headers.get(b"host", b"localhost")):
            raise RefusedByHttp(421, "This gateway does not go by that name.", code="unknown_host")
        address = addresses.find(exchange.path)
        if address is not None and exchange.method != address.method:
            allow = b"Allow: " + address.method + b"\r\n"
            raise RefusedByHttp(405, f"Only {address.method.decode()} is possible here.", headers=allow)
        if address is not None and address.free:
            return Target(address.what)
        grant = self._grant(exchange.headers)
        exchange.good_until = math.inf if grant.expires_at is None else grant.expires_at
        if address is None:
            where = exchange.path.decode("latin-1")
            raise NotFound("address", where, remedy="Predictions are at /{deployment}/invocations.")
        return self._permitted(exchange, address, grant)

    def _permitted(self, exchange: Exchange, address: addresses.Address, grant: Grant) -> Target:
        if not address.deployment and address.what not in addresses.PREDICTING:
            return Target(address.what)
        name = address.deployment or the_only_one(grant)
        if not grant.opens(name):
            raise Denied("This token", name, remedy=f"It does not open the deployment {name}; ask for one that does.")
        if name not in self._deployments.running:
            raise NotFound("deployment", name)
        headers = exchange.headers
        target = Target(address.what, name, address.number, headers.get(b"x-kronkers-use"))
        return wanted(target, headers, grant) if address.what in addresses.PREDICTING else target

    def _grant(self, headers: Mapping[bytes, bytes]) -> Grant:
        """What the token opens. Raises Unauthenticated if there is none, or it is unknown or expired."""
        secret = secret_of(headers)
        if secret is None:
            raise Unauthenticated
        grant = self._deployments.grants.get(hashlib.sha256(secret).hexdigest())
        if grant is None or (grant.expires_at is not None and grant.expires_at <= time.time()):
            raise Unauthenticated("This token is not valid.")
        return grant

    def _known_host(self, header: bytes) -> bool:
        # A page of a stranger whose name was made to point here (DNS rebinding) still sends that name.
        name = header.decode("latin-1").lower()
        name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
        return name in LOCAL_NAMES or name in self._deployments.routes.hosts


# Who


def secret_of(headers: Mapping[bytes, bytes]) -> bytes | None:
    """The token: after Bearer, or as the password of Basic, which is what browsers and addresses can carry."""
    scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer":
        return given.strip()
    # A browser adds a password that it knows to requests of other sites' pages, too; those say where they come from.
    if scheme.lower() != b"basic" or headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin"):
        return None
    try:
        _, colon, password = base64.b64decode(given.strip(), validate=True).partition(b":")
    except binascii.Error:
        return None
    return password if colon else None


def challenged(problem: KronkersError, path: bytes) -> bytes:
    """The headers of a refusal. A browser asks for the token where the address is one for people."""
    headers = refusal(problem).headers
    address = addresses.find(path)
    asks = isinstance(problem, Unauthenticated) and address is not None and address.what in addresses.PAGES
    return headers + BASIC if asks else headers


def the_only_one(grant: Grant) -> str:
    """The deployment of a token that opens exactly one. Raises Invalid for others."""
    if len(grant.deployments) == 1 and EVERY not in grant.deployments:
        return grant.deployments[0]
    many = Fault("address", "/invocations serves tokens that open exactly one deployment; this one opens more")
    raise Invalid(many, remedy="Use /{deployment}/invocations.")


# How


def wanted(target: Target, headers: Mapping[bytes, bytes], grant: Grant) -> Target:
    """What the headers of a prediction say. Raises RefusedByHttp for forms and codings that are not known here."""
    target = target._replace(
        coding=coding_of(headers.get(b"content-encoding", b"identity")),
        gzip=codings.wants_gzip(headers.get(b"accept-encoding", b"")),
        timeout_s=timeout_of(headers.get(b"x-kronkers-timeout-ms")),
        key=key_of(headers.get(b"idempotency-key"), grant, target.deployment),
    )
    target = of_tensors(target, headers) if target.what == "infer" else of_scoring(target, headers)
    plain = not target.coding and target.key is None
    return target._replace(quick=plain and target.reads == target.writes == forms.JSON)


def of_scoring(target: Target, headers: Mapping[bytes, bytes]) -> Target:
    reads = forms.form_of(headers.get(b"content-type", b""))
    if reads is None:
        kinds = ", ".join(forms.CONTENT_TYPES)
        raise RefusedByHttp(415, f"The header Content-Type must be one of {kinds}; texts in UTF-8.")
    return target._replace(reads=reads, writes=forms.accepted(headers.get(b"accept")))


def of_tensors(target: Target, headers: Mapping[bytes, bytes]) -> Target:
    length = headers.get(b"inference-header-content-length")
    if length is not None and not DIGITS.fullmatch(length):
        raise RefusedByHttp(400, "Inference-Header-Content-Length must be the length of the JSON in bytes.")
    json_bytes = None if length is None else int(length)
    reads = forms.form_of_tensors(headers.get(b"content-type"), json_bytes)
    if reads is None:
        what = "The header Content-Type must be application/json, or application/octet-stream with"
        raise RefusedByHttp(415, f"{what} Inference-Header-Content-Length.")
    return target._replace(reads=reads, writes=forms.TENSORS, json_bytes=json_bytes)


def coding_of(header: bytes) -> str:
    coding = header.decode("latin-1").strip().lower()
    if coding != "identity" and coding not in codings.WINDOWS:
        only = "The body may have one Content-Encoding: gzip or deflate."
        raise RefusedByHttp(415, only, headers=b"Accept-Encoding: gzip, deflate\r\n")
    return "" if coding == "identity" else coding


def timeout_of(header: bytes | None) -> float | None:
    """Seconds; what is longer than anybody waits is an hour, and the deployment's own limit is shorter still."""
    if header is None:
        return None
    found = MILLISECONDS.fullmatch(header)
    if found is None:
        wrong = Fault("X-Kronkers-Timeout-Ms", "must be a whole number of milliseconds, 1 or more")
        raise Invalid(wrong, remedy="Leave it out to wait as long as the deployment allows.")
    return LONGEST_TIMEOUT_S if len(found[1]) > 9 else min(LONGEST_TIMEOUT_S, int(found[1]) / 1_000)


def key_of(header: bytes | None, grant: Grant, deployment: str) -> Key | None:
    if header is None:
        return None
    if not IDEMPOTENCY_KEY.fullmatch(header):
        raise Invalid(Fault("Idempotency-Key", "must be 1 to 255 printable characters without spaces"))
    return Key(grant.digest, deployment, header)


def is_loopback(host: str) -> bool:
    """Whether a socket bound to this address hears this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
