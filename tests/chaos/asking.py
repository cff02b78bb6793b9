"""`python -m tests.chaos.asking`: many callers in one process, each request with its own numbers, each answer checked.

standard input: a Plan in one line; its end means: finish what is under way and tell.
standard output: now and then how many were answered; at last the Tally.

Callers keep their connection and wait for the answer before they ask again. With a rate, requests are due at even
moments whatever the answers do, and wait for a free caller; a latency counts from the moment the request was due.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping

import msgspec
import uvloop

from tests.chaos.tallies import Tally, bucket

TICK_S = 0.001
TELL_S = 0.1
LEAVE_S = 15.0
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
VERSION = re.compile(rb"(?i)\r\nx-kronkers-version: *([^\r]+)")
RETRY_AFTER = re.compile(rb"(?i)\r\nretry-after: *\d+\r\n")
CLOSES = re.compile(rb"(?i)\r\nconnection: *close\r\n")


class Plan(msgspec.Struct, frozen=True):
    """What is asked of whom.

    factors: what each version multiplies x by, by "model/number"; its answer is factor * x + y.
    rows: the fewest and the most in one request. rate: requests per second, 0: as fast as answers come.
    think_s: each caller pauses up to this long before asking again. requests: stop after so many, 0: when told.
    use: the header X-Kronkers-Use.
    """

    port: int
    secret: str
    deployment: str
    factors: Mapping[str, float]
    callers: int = 16
    rows: tuple[int, int] = (1, 1)
    rate: float = 0.0
    think_s: float = 0.0
    requests: int = 0
    seed: int = 0
    timeout_s: float = 60.0
    use: str = ""


class Predictions(msgspec.Struct):
    predictions: list[float]


ANSWER = msgspec.json.Decoder(Predictions)


class Asking:
    """All callers of this process, and what they heard."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.tally = plan, Tally()
        self.random = random.Random(plan.seed)
        self.loop = asyncio.get_running_loop()
        self.idle: list[Caller] = []
        self.busy: set[Caller] = set()
        self.due: deque[float] = deque()
        self.asked = 0
        self.stopping = False
        self.done = asyncio.Event()
        self._hiring: set[asyncio.Task[None]] = set()
        self._x = float(plan.seed % 1_000) * 1e10
        use = f"X-Kronkers-Use: {plan.use}\r\n" if plan.use else ""
        self.head = (
            f"POST /{plan.deployment}/invocations HTTP/1.1\r\nHost: localhost\r\n{use}"
            f"Authorization: Bearer {plan.secret}\r\nContent-Type: application/json\r\nContent-Length: "
        ).encode()

    async def run(self) -> Tally:
        began, cpu = time.monotonic(), time.process_time()
        for _ in range(self.plan.callers):
            self.hire()
        tasks = [self.loop.create_task(work()) for work in (self._tick, self._expire, self._tell)]
        await self.done.wait()
        for task in tasks:
            task.cancel()
        self.tally.wall_s = time.monotonic() - began
        self.tally.cpu_s = time.process_time() - cpu
        return self.tally

    def rows(self) -> list[list[float]]:
        """Rows that nobody else sends."""
        fewest, most = self.plan.rows
        count = fewest if fewest == most else self.random.randint(fewest, most)
        self._x += 1.0
        return [[self._x, float(row)] for row in range(count)]

    def hire(self) -> None:
        """One more caller, who asks as soon as he is connected."""
        task = self.loop.create_task(self._connect())
        self._hiring.add(task)
        task.add_done_callback(self._hiring.discard)

    async def _connect(self) -> None:
        while not self.stopping:
            try:
                _, caller = await self.loop.create_connection(lambda: Caller(self), "127.0.0.1", self.plan.port)
            except OSError as problem:
                self.tally.refused += 1
                self.tally.example(repr(problem))
                await asyncio.sleep(0.05)
            else:
                return self.free(caller)
        return self._leave()

    def free(self, caller: Caller) -> None:
        """This caller may ask again."""
        if self.stopping:
            self._leave()
        elif self.plan.think_s:
            self.loop.call_later(self.random.random() * self.plan.think_s, self._next, caller)
        else:
            self._next(caller)

    def _next(self, caller: Caller) -> None:
        if self.plan.rate and not self.due:
            self.idle.append(caller)
        elif self.plan.requests and self.asked >= self.plan.requests:
            self.stop()
        elif not self.stopping:
            self.asked += 1
            caller.ask(self.due.popleft() if self.due else time.monotonic())

    def stop(self) -> None:
        """Ask no more; end when nobody waits."""
        self.stopping = True
        self.due.clear()
        self._leave()
        self.loop.call_later(LEAVE_S + self.plan.timeout_s, self.done.set)

    def _leave(self) -> None:
        if not self.busy:
            self.done.set()

    async def _tick(self) -> None:
        began, issued = time.monotonic(), 0
        while self.plan.rate and not self.stopping:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            fresh = int((now - began) * self.plan.rate) - issued
            issued += fresh
            self.due.extend([now] * fresh)
            while self.due and self.idle and not self.stopping:
                self._next(self.idle.pop())

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            late = time.monotonic() - self.plan.timeout_s
            for caller in [caller for caller in self.busy if caller.sent_at < late]:
                caller.give_up()

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(TELL_S)
            say({"answered": self.tally.answered, "failed": self.tally.failed})


class Caller(asyncio.Protocol):
    """One connection, one request at a time. When it has ended, another one is hired."""

    transport: asyncio.Transport

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.buffer = b""
        self.asked: list[list[float]] = []
        self.due_at = self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def ask(self, due_at: float) -> None:
        if self.transport.is_closing():
            self.asking.due.appendleft(due_at)
            self.asking.asked -= 1
            return self.asking.hire()
        self.asked, self.due_at, self.sent_at = self.asking.rows(), due_at, time.monotonic()
        self.asking.busy.add(self)
        data = {"dataframe_split": {"columns": ["x", "y"], "data": self.asked}}
        body = msgspec.json.encode(data)
        return self.transport.write(b"%s%d\r\n\r\n%s" % (self.asking.head, len(body), body))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[: end + 2]
        length = LENGTH.search(head)
        if length is None or len(self.buffer) < end + 4 + int(length[1]):
            return
        body, self.buffer = self.buffer[end + 4 : end + 4 + int(length[1])], b""
        self.heard(head, body)

    def heard(self, head: bytes, body: bytes) -> None:
        if self not in self.asking.busy:
            return None  # the server ends an idle connection in words
        self.asking.busy.discard(self)
        self.count(int(head[9:12]), head, body, time.monotonic() - self.due_at)
        if CLOSES.search(head) is None:
            return self.asking.free(self)
        self.transport.close()
        return self.asking.hire()

    def count(self, status: int, head: bytes, body: bytes, took_s: float) -> None:
        tally, at = self.asking.tally, bucket(took_s)
        if status != 200:
            tally.refusals[status] = tally.refusals.get(status, 0) + 1
            tally.refusal_latencies_us[at] = tally.refusal_latencies_us.get(at, 0) + 1
            tally.without_retry_after += RETRY_AFTER.search(head) is None
            return tally.example(f"{status} {body[:300]!r}")
        named = VERSION.search(head)
        version = named[1].decode() if named else ""
        if not self.is_right(version, body):
            tally.wrong += 1
            return tally.example(f"{self.asked} → {version} {body[:300]!r}")
        tally.answered += 1
        tally.versions[version] = tally.versions.get(version, 0) + 1
        tally.latencies_us[at] = tally.latencies_us.get(at, 0) + 1
        return None

    def is_right(self, version: str, body: bytes) -> bool:
        factor = self.asking.plan.factors.get(version)
        with contextlib.suppress(msgspec.MsgspecError):
            return factor is not None and ANSWER.decode(body).predictions == [factor * x + y for x, y in self.asked]
        return False

    def connection_lost(self, _problem: Exception | None) -> None:
        if self in self.asking.busy:
            self.asking.busy.discard(self)
            self.asking.tally.resets += 1
            self.asking.tally.example(f"reset after {time.monotonic() - self.sent_at:.3f} s")
            self.asking.hire()

    def give_up(self) -> None:
        self.asking.busy.discard(self)
        self.asking.tally.unanswered += 1
        self.asking.tally.example(f"no answer within {self.asking.plan.timeout_s} s")
        self.transport.abort()
        self.asking.hire()


def say(words: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(words) + b"\n")
    sys.stdout.buffer.flush()


async def main() -> None:
    asking = Asking(msgspec.json.decode(sys.stdin.buffer.readline(), type=Plan))

    def wait_for_the_end() -> None:
        # Not by sys.stdin: its lock, held by this thread, would abort the interpreter as it ends.
        while os.read(0, 4_096):
            pass
        asking.loop.call_soon_threadsafe(asking.stop)

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    say(await asking.run())


if __name__ == "__main__":
    uvloop.run(main())
