"""Kernels: what a running notebook holds that can be registered, and registering it from outside.

Answered by the user's own Jupyter Server, which has the kernels; the finished capture goes to whoever owns the
data folder.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.versions import NewVersion, Version
from jupyter_kronkers.api.wire import Asked, Name, Text, Title
from jupyter_kronkers.errors import NotFound
from jupyter_kronkers.languages import kernels
from jupyter_kronkers.languages.dialects import CaptureRequest
from jupyter_kronkers.languages.kernels import Candidates

if TYPE_CHECKING:
    from jupyter_kronkers.api.rooms import Desk

__all__ = ["Candidates", "NewCapture", "capture", "list_candidates"]

Word = Annotated[str, Meta(max_length=1_000)]


class NewCapture(Asked, frozen=True):
    """Register `variable` of the notebook as the next version of `model`.

    `data`, `target` and `predict` are names in the notebook; `target` may be a column of the data.
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


async def list_candidates(desk: Desk, call: Call[Nothing, Nothing]) -> Candidates:
    """Fitted models and data that the kernel holds, and which of them the person most likely means."""
    manager = kernel_of(desk, call.path["kernel"])
    return await kernels.candidates(manager, kernels.language_of(manager))


async def capture(desk: Desk, call: Call[Nothing, NewCapture]) -> Version:
    """Capture a model in the running kernel and register it. The kernel's names and outputs stay as they are."""
    from jupyter_kronkers.models import intake

    asked, manager = call.body, kernel_of(desk, call.path["kernel"])
    notebook = await notebook_of(desk, call.path["kernel"])
    wish = NewVersion(upload="", title=asked.title, description=asked.description, note=asked.note)
    with tempfile.TemporaryDirectory(prefix="kronkers-") as folder:
        raw, finished = Path(folder) / "raw", Path(folder) / "finished"
        raw.mkdir()
        await kernels.capture(manager, kernels.language_of(manager), wanted(asked, notebook), raw)
        await asyncio.to_thread(intake.finish, raw, finished)
        return await asyncio.to_thread(desk.register, call.who, asked.model, finished, wish)


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
