"""Ask a kernel that someone works in: what could be registered there, and to capture it.

    idle kernel          one execute request, 20 to 80 ms
    Python in a cell     the same in a subshell of our own, while the cell runs on
    R, Julia in a cell   Conflict `kernel_busy`

Nothing of it shows in the notebook: the question has its own session, no name is left, `_` and `ans` stay what they
were and cells keep their numbers. The kernel needs no package of ours: the code is sent with the question.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec

from jupyter_kronkers.errors import Conflict, Fault, Invalid
from jupyter_kronkers.languages.dialects import DIALECTS, CaptureRequest, Dialect, Question
from jupyter_kronkers.languages.signatures import Field

if TYPE_CHECKING:
    from jupyter_client.asynchronous.client import AsyncKernelClient
    from jupyter_client.manager import AsyncKernelManager

__all__ = [
    "Candidates",
    "CaptureRequest",
    "DataFound",
    "Likely",
    "ModelFound",
    "Preview",
    "candidates",
    "capture",
    "language_of",
    "preview",
]

LOOK_S, CAPTURE_S, SUBSHELL_S = 10.0, 300.0, 2.0
# An idle kernel says so within this.
AT_ONCE_S = 0.4
_SLICE_S = 0.5


class ModelFound(msgspec.Struct, frozen=True, kw_only=True):
    """A fitted model among the names of a notebook. `size_bytes` is rough; `features` are those it tells, if any.

    `defined` says in words where it was made, as far as the kernel knows: "cell 3", or the call that fitted it.
    """

    name: str
    class_: str = msgspec.field(name="class")
    size_bytes: int | None = None
    features: list[str] | None = None
    module: str | None = None
    defined: str | None = None


class DataFound(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that a model could have been fitted on.

    `types`: one per column, as a signature would name it; "" for what cannot be captured.
    """

    name: str
    class_: str = msgspec.field(name="class")
    rows: int
    columns: list[str]
    types: list[str]


class Likely(msgspec.Struct, frozen=True, kw_only=True):
    """What the person will most likely choose."""

    model: str
    data: str | None = None
    target: str | None = None


class Candidates(msgspec.Struct, frozen=True, kw_only=True):
    """What a live kernel holds that can be registered. `busy`: it was running a cell when it was asked."""

    language: str
    models: list[ModelFound]
    data: list[DataFound]
    metrics: dict[str, float]
    likely: Likely | None = None
    busy: bool = False


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """The signature that a capture would have, as far as the data tell; `notes` say what they do not."""

    inputs: list[Field]
    outputs: list[Field]
    notes: list[str]


def language_of(km: AsyncKernelManager) -> str:
    """The kernel's language as we call it. Raises Invalid for one we do not speak."""
    language = str(km.kernel_spec.language).lower() if km.kernel_spec is not None else "unknown"
    if language not in DIALECTS:
        raise Invalid(Fault("kernel", f"its language is {language}; models of Python, R and Julia can be registered"))
    return language


async def candidates(km: AsyncKernelManager, language: str, *, limit_s: float = LOOK_S) -> Candidates:
    """What could be registered. Raises Conflict if the kernel is busy or dead."""
    dialect = DIALECTS[language]
    told, busy = await _ask(km, dialect, dialect.candidates(), limit_s)
    return msgspec.convert({"language": language, "busy": busy, **told}, Candidates)


async def preview(
    km: AsyncKernelManager, language: str, request: CaptureRequest, *, limit_s: float = LOOK_S
) -> Preview:
    """The signature of what could be registered. The model is not asked. Raises as `capture`."""
    dialect = DIALECTS[language]
    told, _ = await _ask(km, dialect, dialect.preview(request), limit_s)
    return msgspec.convert(told, Preview)


async def capture(
    km: AsyncKernelManager, language: str, request: CaptureRequest, folder: Path, *, limit_s: float = CAPTURE_S
) -> Path:
    """Have the kernel write a capture into the empty `folder`, and give that folder.

    Raises Invalid for what cannot be captured, ModelFailed for an error of the kernel, Conflict if it is busy or dead.
    """
    dialect = DIALECTS[language]
    await _ask(km, dialect, dialect.capture(request, folder), limit_s)
    facts = folder / "capture.json"
    if not facts.is_file():
        raise Conflict(
            "The kernel wrote its capture where this server cannot read it.",
            code="kernel_elsewhere",
            remedy="Register from the notebook instead, with the package of its language.",
        )
    _name_kernel(facts, str(km.kernel_name))
    return folder


def _name_kernel(path: Path, name: str) -> None:
    facts = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(facts | {"kernel": facts.get("kernel") or name}, indent=1), encoding="utf-8")


async def _ask(km: AsyncKernelManager, dialect: Dialect, question: Question, limit_s: float) -> tuple[Any, bool]:
    """The answer, and whether the kernel was running a cell."""
    async with _line(km, question) as line:
        asked_at = time.monotonic()
        if await line.is_idle(dialect.patience_s):
            busy = time.monotonic() - asked_at > AT_ONCE_S
            return dialect.answer(*await line.ask(question, limit_s)), busy
        if not dialect.has_subshells:
            raise _busy()
        async with line.subshell() as subshell:
            return dialect.answer(*await line.ask(question, limit_s, subshell)), True


@asynccontextmanager
async def _line(km: AsyncKernelManager, question: Question) -> AsyncIterator[_Line]:
    await _refuse_dead(km)
    client: AsyncKernelClient = km.client()
    # With the session of another client, that one would be cut off.
    client.session = client.session.clone()
    client.session.session = uuid4().hex
    client.start_channels(iopub=question.printed, stdin=False, hb=False)
    try:
        yield _Line(km, client, printed=question.printed)
    finally:
        client.stop_channels()


async def _refuse_dead(km: AsyncKernelManager) -> None:
    if not await km.is_alive():
        raise Conflict(
            "The kernel is not running.", code="kernel_dead", remedy="Start it and run the notebook again, then repeat."
        )


def _busy() -> Conflict:
    remedy = "Wait for its cell to end, or stop it; then repeat."
    return Conflict("The kernel is busy.", code="kernel_busy", remedy=remedy)


class _Line:
    """A connection to one kernel."""

    def __init__(self, km: AsyncKernelManager, client: AsyncKernelClient, *, printed: bool) -> None:
        self._km, self._client, self._hears = km, client, printed

    async def is_idle(self, patience_s: float) -> bool:
        """True once the kernel has answered on the channel where cells run, and its output is heard."""
        ends = time.monotonic() + patience_s
        while True:
            asked = self._send("shell", "kernel_info_request", {})
            if await self._reply("shell", asked, max(0.0, ends - time.monotonic())) is None:
                return False
            # Only what is published after the connection stands arrives; so ask until something did.
            if not self._hears or await self._published(asked, 0.2) is not None:
                return True

    @asynccontextmanager
    async def subshell(self) -> AsyncIterator[str]:
        """A subshell of the busy kernel, for as long as it is needed. Raises Conflict where there is none."""
        made = self._send("control", "create_subshell_request", {})
        reply = await self._reply("control", made, SUBSHELL_S)
        if reply is None or reply.get("status") != "ok":
            raise _busy()
        subshell = str(reply["subshell_id"])
        try:
            yield subshell
        finally:
            self._send("control", "delete_subshell_request", {"subshell_id": subshell})

    async def ask(self, question: Question, limit_s: float, subshell: str | None = None) -> tuple[dict[str, Any], str]:
        """The reply, and what was printed."""
        ends = time.monotonic() + limit_s
        asked = self._send("shell", "execute_request", question.content, subshell)
        reply = await self._reply("shell", asked, limit_s)
        if reply is None or reply.get("status") == "aborted":
            raise _busy()
        printed = await self._printed(asked, ends) if self._hears else ""
        return reply, printed

    def _send(self, channel: str, type_: str, content: dict[str, Any], subshell: str | None = None) -> str:
        message = self._client.session.msg(type_, content)
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        (self._client.shell_channel if channel == "shell" else self._client.control_channel).send(message)
        return str(message["header"]["msg_id"])

    async def _reply(self, channel: str, asked: str, limit_s: float) -> dict[str, Any] | None:
        """The content of the reply to `asked`, or None if it does not come in time."""
        get = self._client.get_shell_msg if channel == "shell" else self._client.get_control_msg
        message = await self._answering(get, asked, limit_s)
        return None if message is None else dict(message["content"])

    async def _published(self, asked: str, limit_s: float) -> dict[str, Any] | None:
        return await self._answering(self._client.get_iopub_msg, asked, limit_s)

    async def _printed(self, asked: str, ends: float) -> str:
        texts: list[str] = []
        while (message := await self._published(asked, ends - time.monotonic())) is not None:
            if message["msg_type"] == "stream":
                texts.append(message["content"]["text"])
            elif message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
        return "".join(texts)

    async def _answering(self, get: Callable[..., Any], asked: str, limit_s: float) -> dict[str, Any] | None:
        """The next message that answers `asked`; None at the end of the time. Raises Conflict if the kernel dies."""
        ends = time.monotonic() + limit_s
        while (left := ends - time.monotonic()) > 0:
            try:
                message = await get(timeout=min(left, _SLICE_S))
            except Empty:
                await _refuse_dead(self._km)
                continue
            if message["parent_header"].get("msg_id") == asked:
                return dict(message)
        return None
