"""Callers who ask a deployment all the while, and remember every answer."""

from __future__ import annotations

import http.client
import json
import threading

from tests.serving.conftest import SECRET, until

FACTORS = {"double/1": 2.0, "double/2": 3.0, "double-r/1": 2.0, "double-julia/1": 2.0}


class Bystanders:
    """Each asks with numbers of his own, on one connection, and checks value and version of every answer."""

    def __init__(self, port: int, name: str = "double", callers: int = 4) -> None:
        self.port, self.name = port, name
        self.done = threading.Event()
        self.right: list[str] = []
        self.wrong: list[object] = []
        self.threads = [threading.Thread(target=self.ask, args=(n,)) for n in range(callers)]

    def ask(self, caller: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
        number = 0
        while not self.done.is_set():
            number += 1
            x = caller * 1_000_000.0 + number
            try:
                connection.request(
                    "POST", f"/{self.name}/invocations", json.dumps({"inputs": [[x, "answer"]]}), headers
                )
                answer = connection.getresponse()
                self.check(x, answer, answer.read())
            except (OSError, http.client.HTTPException) as problem:
                self.wrong.append(repr(problem))
                connection.close()
        connection.close()

    def check(self, x: float, answer: http.client.HTTPResponse, body: bytes) -> None:
        version = answer.headers["X-Kronkers-Version"] or ""
        if answer.status == 200 and json.loads(body) == {"predictions": [FACTORS[version] * x]}:
            self.right.append(version)
        else:
            self.wrong.append((answer.status, body))

    def more(self, answers: int) -> None:
        """Wait until that many more were right."""
        goal = len(self.right) + answers
        until(lambda: len(self.right) >= goal, "more answers")

    def stop(self) -> None:
        self.done.set()
        for thread in self.threads:
            thread.join()

    def __enter__(self) -> Bystanders:
        for thread in self.threads:
            thread.start()
        self.more(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
