"""Kernels: what a running notebook holds that can be registered, and registering it from outside.

Answered by the user's own Jupyter Server, which has the kernels; the finished capture goes to whoever owns the
data folder.
"""

from __future__ import annotations

import asyncio
import functools
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.versions import Field, NewVersion, Version
from jupyter_kronkers.api.wire import Asked, Name, Text, Title, Told, told
from jupyter_kronkers.errors import NotFound
from jupyter_kronkers.languages import kernels
from jupyter_kronkers.languages.dialects import CaptureRequest
from jupyter_kronkers.languages.kernels import Candidates

if TYPE_CHECKING:
    from jupyter_kronkers.api.rooms import Desk, Step

__all__ = ["Candidates", "NewCapture", "NewPreview", "Preview", "capture", "list_candidates", "preview"]

Word = Annotated[str, Meta(max_length=1_000)]


class NewCapture(Asked, frozen=True):
    """Register `variable` of the notebook as the next version of `model`.

    `data`, `target` and `predict` are names in the notebook; `target` may be a column of the data. `capture` names this
    capture in the events that tell how far it is.
    """

    model: Name
    variable: Word
    data: Word
    target: Word | None = None
    predict: Word | None = None
    metrics: dict[Title, float] = msgspec.field(default_factory=dict)
    params: dict[Title, str | int | float | bool | None] = msgspec.field(default_factory=dict)
    needs: Annotated[list[Word], Meta(max_length=200)] = msgspec.field(default_factory=list)
    title: Title = ""
    description: Text = ""
    note: Text = ""
    capture: Annotated[str, Meta(pattern="^[a-z0-9-]{1,64}$")] | None = None


class NewPreview(Asked, frozen=True):
    """What would be registered, as in NewCapture."""

    variable: Word
    data: Word
    target: Word | None = None
    predict: Word | None = None


class Preview(Told, frozen=True):
    """The signature that a version would have, as far as the data tell; `notes` say what they do not."""

    inputs: list[Field]
    outputs: list[Field]
    notes: list[str]


async def list_candidates(desk: Desk, call: Call[Nothing, Nothing]) -> Candidates:
    """Fitted models and data that the kernel holds, and which of them the person most likely means."""
    manager = kernel_of(desk, call.path["kernel"])
    return await kernels.candidates(manager, kernels.language_of(manager))


async def preview(desk: Desk, call: Call[Nothing, NewPreview]) -> Preview:
    """The signature of what could be registered, read off the data: the model is not asked."""
    manager = kernel_of(desk, call.path["kernel"])
    asked = call.body
    wish = CaptureRequest(model=asked.variable, data=asked.data, target=asked.target, predict=asked.predict)
    return told(await kernels.preview(manager, kernels.language_of(manager), wish), Preview)


async def capture(desk: Desk, call: Call[Nothing, NewCapture]) -> Version:
    """Capture a model in the running kernel and register it. The kernel's names and outputs stay as they are."""
    asked, manager = call.body, kernel_of(desk, call.path["kernel"])
    try:
        registered = await captured(desk, call, manager)
    except BaseException:
        desk.progressed(asked.capture, "failed")
        raise
    desk.progressed(asked.capture, "done")
    return registered


async def captured(desk: Desk, call: Call[Nothing, NewCapture], manager: Any) -> Version:
    """Step by step, each told as it begins."""
    from jupyter_kronkers.models import intake

    asked = call.body
    notebook = await notebook_of(desk, call.path["kernel"])
    wish = NewVersion(upload="", title=asked.title, description=asked.description, note=asked.note)
    begins: Callable[[Step], None] = functools.partial(desk.progressed, asked.capture)
    with tempfile.TemporaryDirectory(prefix="kronkers-") as folder:
        raw, finished = Path(folder) / "raw", Path(folder) / "finished"
        raw.mkdir()
        begins("capture")
        await kernels.capture(manager, kernels.language_of(manager), wanted(asked, notebook), raw)
        begins("upload")
        await asyncio.to_thread(intake.finish, raw, finished)
        return await asyncio.to_thread(desk.register, call.who, asked.model, finished, wish, lambda: begins("proof"))


def wanted(asked: NewCapture, notebook: str | None) -> CaptureRequest:
    return CaptureRequest(
        model=asked.variable,
        data=asked.data,
        target=asked.target,
        predict=asked.predict,
        metrics=asked.metrics,
        params=asked.params,
        needs=tuple(asked.needs),
        notebook=notebook,
    )


def kernel_of(desk: Desk, id: str) -> Any:
    """The manager of a running kernel. Raises NotFound."""
    if id not in desk.kernels:
        raise NotFound("kernel", id, remedy="Start the notebook's kernel and run its cells.")
    return desk.kernels.get_kernel(id)


async def notebook_of(desk: Desk, kernel: str) -> str | None:
    """The notebook whose session has this kernel, as a path on this machine; None for a console."""
    sessions = await desk.sessions.list_sessions()
    paths = [session["path"] for session in sessions if session["kernel"] and session["kernel"]["id"] == kernel]
    found = [os.path.join(desk.root, path) for path in paths if path.endswith(".ipynb")]
    return next((path for path in found if Path(path).is_file()), None)
