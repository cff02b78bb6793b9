"""HTTP ⇄ words. One file per noun: decode, call one method of one room, encode.

    Request ─▶ routes (which operation, which scope) ─▶ decoding ─▶ operation(rooms, call) ─▶ Response
                                                                          └─ an error ─▶ problems ─▶ Response

Nothing here knows of Tornado or of sockets: whoever has a `Request` gets a `Response`, whether it came over HTTP or
from a program that works on the data folder itself. The route table is also the policy and the OpenAPI document.
"""

from __future__ import annotations

from jupyter_kronkers.api.exchange import Call, Readable, Request, Response, Transport

PREFIX = "/kronkers/api/v1"

__all__ = ["PREFIX", "Call", "Readable", "Request", "Response", "Transport"]
