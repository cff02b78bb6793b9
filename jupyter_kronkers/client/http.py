"""Requests to the owner of the data folder, over HTTP on loopback with connections kept open."""

from __future__ import annotations

import http.client
import queue
from contextlib import suppress
from urllib.parse import urlsplit

from jupyter_kronkers.api import Request, Response
from jupyter_kronkers.control import Plane

BLOCK = 1 << 18
LONGEST_S = 900.0
"""A registration may wait for others and then for its proof; nothing here takes longer."""

PASSED_ON = ("content-type", "content-length", "if-match", "if-none-match", "idempotency-key")


class HttpTransport:
    """Speaks to one living owner with the token that only the folder's own user can read. Safe for many threads."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        parts = urlsplit(plane.url)
        self._host, self._port, self._prefix = str(parts.hostname), parts.port, parts.path
        self._idle: queue.LifoQueue[http.client.HTTPConnection] = queue.LifoQueue()

    def answer(self, request: Request) -> Response:
        """The owner's answer. Raises ConnectionError if it is gone."""
        kept, connection = self._connection()
        try:
            response = self._exchange(connection, request)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            connection.close()
            # The owner closes connections that were idle for long; only then was the request not seen.
            if not kept or request.stream is not None:
                raise
            return self.answer(request)
        except (OSError, http.client.HTTPException) as problem:
            connection.close()
            raise ConnectionError(f"{self.plane} does not answer: {problem}") from problem
        self._idle.put(connection)
        return response

    def close(self) -> None:
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def _connection(self) -> tuple[bool, http.client.HTTPConnection]:
        with suppress(queue.Empty):
            return True, self._idle.get_nowait()
        return False, http.client.HTTPConnection(self._host, self._port, timeout=LONGEST_S, blocksize=BLOCK)

    def _exchange(self, connection: http.client.HTTPConnection, request: Request) -> Response:
        target = self._prefix + request.path + (f"?{request.query}" if request.query else "")
        body = request.stream if request.stream is not None else request.body
        connection.request(request.method, target, body=body, headers=self._headers(request))
        found = connection.getresponse()
        return Response(found.status, dict(found.getheaders()), found.read())

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        headers["Authorization"] = f"Bearer {self.plane.token}"
        headers["X-Kronkers-Principal"] = request.who.name.encode("ascii", "backslashreplace").decode()
        headers["X-Kronkers-Scopes"] = " ".join(sorted(request.who.scopes))
        return headers
