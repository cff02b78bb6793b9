"""A Jupyter kernel for Julia that needs no Julia package: `python -m jupyter_kronkers.languages.julia.kernel -f …`.

It speaks Jupyter's protocol through ipykernel and has a plain `julia` run the cells (`process.py`, kernel_server.jl).
Used where IJulia is not installed. It has no comms, and cells cannot ask for input.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from types import FrameType
from typing import Any

from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

from .process import JuliaProcess
from .wire import JuliaEnded

__all__ = ["JuliaKernel", "main"]

REPLY_LEAVES_S = 0.5  # ZeroMQ sends from threads of its own; the last reply must be out before the process ends
HISTORY = 1_000  # cells kept for history requests


class JuliaKernel(Kernel):  # type: ignore[misc]  # ipykernel is not typed
    """One Julia session. A dead Julia is a dead kernel, so that Jupyter notices and restarts it."""

    implementation = "kronkers_julia"
    implementation_version = "1"
    banner = "Julia, by Kronkers' kernel"
    language_info = {  # noqa: RUF012  ipykernel reads it as an attribute
        "name": "julia",
        "version": "",
        "mimetype": "application/julia",
        "file_extension": ".jl",
        "codemirror_mode": "julia",
        "pygments_lexer": "julia",
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._parent: dict[str, Any] = {}
        self._cells: list[tuple[int, str]] = []
        self._asides = 0
        self._stopping = False
        self._julia: JuliaProcess | None = None
        self._starting: asyncio.Task[JuliaProcess] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Called by ipykernel in the main thread; Julia warms up while the client still shakes hands."""
        super().start()
        self._loop = asyncio.get_event_loop()
        self._starting = self._loop.create_task(self._start_julia())
        signal.signal(signal.SIGINT, self._on_interrupt)

    # ipykernel would turn SIGINT into a KeyboardInterrupt inside our event loop while a request is handled.
    def pre_handler_hook(self) -> None:
        pass

    def post_handler_hook(self) -> None:
        pass

    def _on_interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self._julia is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._julia.interrupt)

    # ---- Julia's life

    async def _start_julia(self) -> JuliaProcess:
        julia = JuliaProcess(self._stream)
        await julia.start()
        self.language_info = {**self.language_info, "version": julia.version}
        self._julia = julia
        if julia.ended is not None:
            julia.ended.add_done_callback(self._end)
        return julia

    def _end(self, _ended: object) -> None:
        """End the kernel's process after Julia's, once a last reply is out."""
        if self._stopping:
            return
        asyncio.get_running_loop().call_later(REPLY_LEAVES_S, os._exit, 1)

    async def _ready(self) -> JuliaProcess:
        if self._starting is None:
            raise JuliaEnded(None)
        return await asyncio.shield(self._starting)

    # ---- running

    def _stream(self, name: str, text: str) -> None:
        # ipykernel keeps the parent of a request in a ContextVar, which background tasks lack: name it.
        content = {"name": name, "text": text}
        self.session.send(self.iopub_socket, "stream", content, parent=self._parent, ident=self._topic("stream"))

    async def do_execute(
        self,
        code: str,
        silent: bool,
        store_history: bool = True,
        user_expressions: dict[str, str] | None = None,
        allow_stdin: bool = False,
    ) -> dict[str, Any]:
        self._parent = self.get_parent("shell")
        reply: dict[str, Any] = {"execution_count": self.execution_count, "payload": [], "user_expressions": {}}
        try:
            failed = await self._run(code, self._file(code, silent, store_history), silent)
            if failed is None:
                reply["user_expressions"] = await self._values(user_expressions or {})
        except (JuliaEnded, FileNotFoundError) as ended:
            failed = self._dead(ended)
        if failed is None:
            return {"status": "ok", **reply}
        if not silent:
            self.send_response(self.iopub_socket, "error", failed)
        return {"status": "error", **reply, **failed}

    def _file(self, code: str, silent: bool, store_history: bool) -> str:
        """What stack traces call the cell. Only counted cells are numbered as the notebook numbers them."""
        if not silent and store_history:
            self._cells = [*self._cells[1 - HISTORY :], (self.execution_count, code)]
            return f"In[{self.execution_count}]"
        self._asides += 1
        if not silent:  # kernelbase counts what is not silent; the protocol counts what is stored
            self.execution_count -= 1
        return f"Aside[{self._asides}]"

    async def _run(self, code: str, file: str, silent: bool) -> dict[str, Any] | None:
        """Run a cell and show what it shows; gives its error, if it failed."""
        julia = await self._ready()
        if not code.strip():
            return None
        async for what, fields in julia.run(code, file, silent=silent):
            if what == "failed":
                return _error(fields)
            if what == "display" and not silent:
                self._show("display_data", fields, transient={})
            if what == "result" and not silent:
                self._show("execute_result", fields, execution_count=self.execution_count)
        return None

    def _show(self, message: str, fields: list[str], **more: Any) -> None:
        self.send_response(self.iopub_socket, message, {"data": _bundle(fields), "metadata": {}, **more})

    async def _values(self, expressions: dict[str, str]) -> dict[str, Any]:
        julia = await self._ready()
        return {name: _value(await julia.value(code)) for name, code in expressions.items()}

    def _dead(self, ended: Exception) -> dict[str, Any]:
        if isinstance(ended, FileNotFoundError):
            message = "Julia is not installed on this machine. Run: jupyter kronkers languages setup julia"
        else:
            message = str(ended)
        asyncio.get_running_loop().call_later(REPLY_LEAVES_S, os._exit, 1)
        return {"ename": "JuliaEnded", "evalue": message, "traceback": [message]}

    # ---- an editor's questions

    async def do_complete(self, code: str, cursor_pos: int | None) -> dict[str, Any]:
        at = len(code) if cursor_pos is None else cursor_pos
        start, stop, *matches = await (await self._ready()).ask("complete", code, str(at))
        return {"status": "ok", "matches": matches, "cursor_start": int(start), "cursor_end": int(stop), "metadata": {}}

    async def do_inspect(
        self, code: str, cursor_pos: int, detail_level: int = 0, omit_sections: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        found, *docs = await (await self._ready()).ask("inspect", code, str(cursor_pos))
        data = {"text/plain": docs[0], "text/markdown": docs[1]} if found == "ok" else {}
        return {"status": "ok", "found": found == "ok", "data": data, "metadata": {}}

    async def do_is_complete(self, code: str) -> dict[str, Any]:
        (status,) = await (await self._ready()).ask("is_complete", code)
        return {"status": status, "indent": "    "} if status == "incomplete" else {"status": status}

    async def do_history(
        self, hist_access_type: str, output: bool, raw: bool, n: int | None = None, **_: Any
    ) -> dict[str, Any]:
        cells = self._cells[-n:] if n else self._cells
        return {"status": "ok", "history": [(0, number, code) for number, code in cells]}

    async def do_shutdown(self, restart: bool) -> dict[str, Any]:
        self._stopping = True
        # ipykernel calls this in its control thread; Julia belongs to the main one.
        if self._julia is not None and self._loop is not None:
            stopping = asyncio.run_coroutine_threadsafe(self._julia.stop(), self._loop)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.wrap_future(stopping), 5)
        return {"status": "ok", "restart": restart}


def _bundle(fields: list[str]) -> dict[str, Any]:
    """Alternating MIME types and texts as Jupyter wants them: JSON parsed, the rest as text."""
    data: dict[str, Any] = {}
    for mime, text in zip(fields[0::2], fields[1::2], strict=True):
        if mime == "application/json" or mime.endswith("+json"):
            with contextlib.suppress(ValueError):
                data[mime] = json.loads(text)
        else:
            data[mime] = text
    return data


def _error(fields: list[str]) -> dict[str, Any]:
    name, message, trace = fields
    return {"ename": name, "evalue": message, "traceback": trace.split("\n")}


def _value(fields: list[str]) -> dict[str, Any]:
    state, *rest = fields
    if state == "ok":
        return {"status": "ok", "data": _bundle(rest), "metadata": {}}
    return {"status": "error", **_error(rest)}


def main() -> None:
    """Run the kernel; Jupyter gives the connection file as `-f`."""
    IPKernelApp.launch_instance(kernel_class=JuliaKernel)


if __name__ == "__main__":
    main()
