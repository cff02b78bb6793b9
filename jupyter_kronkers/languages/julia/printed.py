"""What a Julia process prints, forwarded live and in order with what it displays and answers.

Julia writes `mark + number` into stdout and stderr before each display or answer. `Printed` cuts the marks out. The
text before mark N is shown as it comes; the text behind it waits until the kernel has seen to message N:

    print ─▶ "a" ▮1 "b" ▮2        shown: "a" · display 1 · "b" · display 2
"""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import Callable

__all__ = ["Printed"]

NUMBER = 8  # hexadecimal digits behind a mark
GATHER_S = 0.1  # Julia writes each argument of a print by itself, and compiles in between
GATHER_CHARACTERS = 1 << 16
FINISHED = 1 << 40  # stands behind every mark: the pipe is closed


class Printed:
    """Reads one pipe and hands its text to `show` in pieces of 100 ms."""

    def __init__(self, mark: bytes, show: Callable[[str], None]) -> None:
        self._mark = mark
        self._show = show
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._raw = b""
        self._held: list[str] = []  # text that may be shown
        self._behind: list[tuple[int, list[str]]] = []  # marks not yet passed, and the text behind each
        self._timer: asyncio.TimerHandle | None = None
        self._seen = 0
        self._changed = asyncio.Condition()

    async def pump(self, stream: asyncio.StreamReader) -> None:
        """Forward the pipe until it ends."""
        while chunk := await stream.read(1 << 16):
            self._raw += chunk
            await self._cut()
        self._hold(self._decoder.decode(self._raw, True))
        self.release(FINISHED)
        self.flush()
        await self._note(FINISHED)

    async def seen(self, number: int, limit_s: float = 5.0) -> bool:
        """Wait until mark `number` has come through the pipe; False if it did not come in time."""
        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(lambda: self._seen >= number), limit_s)
            except TimeoutError:
                return False
        return True

    def release(self, number: int) -> None:
        """Show all that was printed before mark `number`; let what stands behind it be shown from now on."""
        self.flush()
        while self._behind and self._behind[0][0] <= number:
            _, texts = self._behind.pop(0)
            self.flush()
            for text in texts:
                self._show_soon(text)

    def flush(self) -> None:
        """Show what is held."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        held, self._held = "".join(self._held), []
        if held:
            self._show(held)

    async def _cut(self) -> None:
        while (at := self._raw.find(self._mark)) >= 0:
            end = at + len(self._mark) + NUMBER
            if len(self._raw) < end:
                self._take(at)
                return
            number = int(self._raw[end - NUMBER : end], 16)
            self._take(at)
            self._raw = self._raw[len(self._mark) + NUMBER :]
            self._behind.append((number, []))
            await self._note(number)
        self._take(len(self._raw) - self._started_mark())

    def _started_mark(self) -> int:
        """How many bytes at the end may be the beginning of a mark that the pipe has cut in two."""
        longest = min(len(self._mark) - 1, len(self._raw))
        return next((size for size in range(longest, 0, -1) if self._raw.endswith(self._mark[:size])), 0)

    def _take(self, size: int) -> None:
        self._hold(self._decoder.decode(self._raw[:size]))
        self._raw = self._raw[size:]

    def _hold(self, text: str) -> None:
        if self._behind:
            self._behind[-1][1].append(text)
        else:
            self._show_soon(text)

    def _show_soon(self, text: str) -> None:
        if not text:
            return
        self._held.append(text)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self.flush)
        if sum(map(len, self._held)) > GATHER_CHARACTERS:
            self.flush()

    async def _note(self, number: int) -> None:
        async with self._changed:
            self._seen = number
            self._changed.notify_all()
