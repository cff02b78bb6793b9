"""Calling: a prediction asked of the gateway by the control plane itself, over the same door as everybody's.

So whoever tries a deployment meets its limits, queue and canary as an application would. What the gateway says is
handed on as it is; nothing is asked twice.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from jupyter_kronkers.errors import Exhausted, TimedOut, Unavailable

LONGEST_S = 60.0
MOST_AT_ONCE = 4
"""Each keeps a thread of the control plane waiting, which has other work too."""

Cell = bool | int | float | str | None


@dataclass(frozen=True)
class Reply:
    """What the gateway answered. version: the number of the version that answered, None if none did."""

    status: int
    body: bytes
    version: int | None
    prediction_id: str
    elapsed_ms: float
    retry_after_s: float | None = None


class Caller:
    """Asks the gateway at `url()`, with a token that opens every deployment."""

    def __init__(self, url: Callable[[], str | None], token: str) -> None:
        self._url, self._token = url, token
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)

    def ask(
        self, deployment: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, use: str | None = None
    ) -> Reply:
        """The answer to these rows, a refusal too. use: stable or canary; None lets the deployment choose.

        Raises Unavailable while nothing serves, TimedOut after a minute, Exhausted while four others wait.
        """
        url = self._url()
        if url is None:
            raise Unavailable("Nothing serves predictions now.", remedy="Start JupyterLab, or: jupyter kronkers serve")
        body = msgspec.json.encode({"dataframe_split": {"columns": columns, "data": rows}})
        with self._place():
            return self._asked(url, deployment, body, use)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Exhausted("Others are trying a deployment just now.", retry_after_s=1.0, remedy="Try again.")
        try:
            yield
        finally:
            self._places.release()

    def _asked(self, url: str, deployment: str, body: bytes, use: str | None) -> Reply:
        parts = urlsplit(url)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        headers["X-Kronkers-Timeout-Ms"] = str(int(LONGEST_S * 1_000))
        headers |= {"X-Kronkers-Use": use} if use else {}
        began = time.perf_counter()
        # A little longer than the gateway takes to say in words that it was too long.
        with closing(http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=LONGEST_S + 2)) as connection:
            try:
                connection.request("POST", f"/{deployment}/invocations", body, headers)
                answer = connection.getresponse()
                content = answer.read()
            except TimeoutError as problem:
                raise TimedOut("The gateway", LONGEST_S) from problem
            except (OSError, http.client.HTTPException) as problem:
                raise Unavailable(f"The gateway does not answer: {problem}", remedy="Try again.") from problem
        elapsed_ms = (time.perf_counter() - began) * 1_000
        return reply_of(answer, content, elapsed_ms)


def reply_of(answer: http.client.HTTPResponse, content: bytes, elapsed_ms: float) -> Reply:
    number = answer.getheader("X-Kronkers-Version", "").rpartition("/")[2]
    after = answer.getheader("Retry-After", "")
    return Reply(
        status=answer.status,
        body=content,
        version=int(number) if number.isdecimal() else None,
        prediction_id=answer.getheader("X-Kronkers-Prediction-Id", ""),
        elapsed_ms=round(elapsed_ms, 3),
        retry_after_s=float(after) if after.isdecimal() else None,
    )
