"""Serving: the model over HTTP, with the standard library alone.

POST /invocations                      rows as JSON or CSV                    MLflow, SageMaker
POST /v1/models/{model}:predict        {"instances": […]}                     KServe
GET  /ping /health /v1/models/{model}  200 as soon as predictions can be made
GET  /version                          which version this is

Made for a container behind something that bears the load: a thread per connection, one prediction at a time.
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .scoring import CSV, JSON, Failed, Model
from .tables import Unfit

LARGEST_BODY = 64 << 20
PATIENCE_S = 30


class Server(ThreadingHTTPServer):
    """One model on one address."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], model: Model, about: dict[str, Any]) -> None:
        super().__init__(address, Handler)
        self.model, self.version = model, f"{about['model']}/{about['number']}"
        kserve = f"/v1/models/{about['model']}"
        self.asked = ("/invocations", kserve + ":predict")
        self.looked = ("/ping", "/health", "/version", kserve)
        self.leaving = False
        self._under_way = 0
        self._changed = threading.Condition()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Around a request that is answered before the process ends."""
        with self._changed:
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def drain(self) -> None:
        """Wait for what is under way; what comes on these connections still is the last of each."""
        self.leaving = True
        with self._changed:
            self._changed.wait_for(lambda: not self._under_way, PATIENCE_S)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE_S
    server_version, sys_version = "kronkers-run", ""
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet

    def handle_expect_100(self) -> bool:
        """curl waits for this before it sends a large body."""
        told = super().handle_expect_100()
        self.wfile.flush()
        return told

    def do_GET(self) -> None:
        if self.path not in self.server.looked:
            return self._refuse(404 if self.path not in self.server.asked else 405, "Predictions are at /invocations.")
        if self.path.startswith("/v1/"):
            return self._answer(200, json.dumps({"name": self.path[11:], "ready": True}).encode(), JSON)
        return self._answer(200, f"{self.server.version}\n".encode(), "text/plain; charset=utf-8")

    def do_POST(self) -> None:
        with self.server.answering():
            self.close_connection |= self.server.leaving
            self._predict()
            self.wfile.flush()

    def _predict(self) -> None:
        if self.path not in self.server.asked:
            return self._refuse(404, "Predictions are at /invocations.")
        body = self._body()
        if body is None:
            return None
        kind = (self.headers.get("Content-Type") or JSON).partition(";")[0].strip().lower()
        if kind not in (JSON, CSV):
            return self._refuse(415, f"The header Content-Type must be {JSON} or {CSV}.")
        try:
            return self._answer(200, self.server.model.score(body, kind, JSON), JSON)
        except Unfit as problem:
            return self._refuse(400, str(problem))
        except Failed as problem:
            return self._refuse(500, str(problem))

    def _body(self) -> Any:
        """The body, or None if it was refused."""
        length = self.headers.get("Content-Length") or ""
        if self.headers.get("Transfer-Encoding") or not length.isascii() or not length.isdigit():
            return self._refuse(411, "Send the header Content-Length.")
        if int(length) > LARGEST_BODY:
            return self._refuse(413, f"A body may have {LARGEST_BODY:,} bytes.")
        return self.rfile.read(int(length))

    def _refuse(self, status: int, message: str) -> None:
        self.close_connection = True  # what is left of the body is not read
        code = {404: "NOT_FOUND", 500: "INTERNAL_ERROR"}.get(status, "BAD_REQUEST")
        self._answer(status, json.dumps({"error_code": code, "message": message}).encode(), JSON)

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Kronkers-Version", self.server.version)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: who wants a log has one in front of this."""


def serve(model: Model, about: dict[str, Any], host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; then finish what is under way."""
    server = Server((host, port), model, about)
    for number in (signal.SIGTERM, signal.SIGINT):
        # From another thread: `shutdown` waits for the loop that this one is in.
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"{server.version} at http://{host}:{server.server_address[1]}/invocations", flush=True)
    server.serve_forever()
    server.server_close()
    server.drain()
