"""Siblings: the other gateway processes on the same port, asked for what they have counted.

Which of them a scraper's connection comes to is the system's choice, so each tells for all.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import msgspec

from jupyter_kronkers.serving.gateway.metrics.families import Told

PATIENCE_S = 0.2
LARGEST = 64 << 20
QUESTION = b"GET /tallies HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def siblings_of(own: Path) -> list[Path]:
    """The admin sockets beside our own: `admin.0`, `admin.1` …; none beside one that has no number."""
    name, dot, _ = own.name.rpartition(".")
    return sorted(path for path in own.parent.glob(f"{name}.*") if path != own) if dot else []


def slot_of(own: Path | None) -> str:
    """What tells this process from its siblings; "" if it has none by its name."""
    return own.suffix.removeprefix(".") if own else ""


async def ask_all(sockets: list[Path]) -> list[Told]:
    """What those tell that answer in time. It takes no longer than one that does not."""
    answers = await asyncio.gather(*(ask(path) for path in sockets))
    return [answer for answer in answers if answer is not None]


async def ask(path: Path) -> Told | None:
    with contextlib.suppress(TimeoutError, OSError, ValueError, msgspec.MsgspecError):
        async with asyncio.timeout(PATIENCE_S):
            return msgspec.json.decode(await body_from(path), type=Told)
    return None


async def body_from(path: Path) -> bytes:
    """The body of the answer. Raises ValueError if it is none, OSError."""
    reader, writer = await asyncio.open_unix_connection(str(path), limit=1 << 20)
    try:
        writer.write(QUESTION)
        answer = await reader.read(LARGEST)
        while piece := await reader.read(LARGEST):
            answer += piece
            if len(answer) > LARGEST:
                raise ValueError("too long an answer")
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise ValueError("no answer")
    return body
