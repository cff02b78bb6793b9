"""The Python host: keeps one model alive and answers frames. Started by `launch`, never imported.

python -I host.py FOLDER FD_IN FD_OUT
"""

from __future__ import annotations

import gc
import importlib.util
import os
import platform
import sys
import time
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

PROTOCOL = 1
"""Which form of `hosts.md` this program speaks."""


def neighbour(name: str) -> ModuleType:
    """A module or package that lies beside this file or one folder up, under a name that no model can want."""
    here = Path(__file__).resolve().parent
    places = [folder / file for folder in (here, here.parent) for file in (f"{name}.py", f"{name}/__init__.py")]
    path = next(place for place in places if place.exists())
    spec = importlib.util.spec_from_file_location(f"_kronkers_{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def main(folder: Path, requests: BinaryIO, answers: BinaryIO) -> None:
    frames = neighbour("frames")
    warm_up = os.environ.pop("KRONKERS_WARM_UP", "")
    os.environ.pop("KRONKERS_ANSWERS", None)  # capture.json says it too
    sys.path += [
        path for path in os.environ.pop("KRONKERS_LIBRARY_PATHS", "").split(os.pathsep) if path not in sys.path
    ]
    seed = os.environ.pop("KRONKERS_SEED", "")
    started = time.perf_counter()
    try:
        model = neighbour("fast").faster(neighbour("loaded").Loaded.from_folder(folder), folder)
    except BaseException as error:  # noqa: BLE001 - a door: what hinders a model must reach its owner in words
        frames.write(answers, frames.ERROR, 0, in_words(frames, error))
        return
    host = Host(frames, model, warm_up, (time.perf_counter() - started) * 1e3)
    if seed:
        host.sow(Path(seed), requests, answers)
    else:
        host.begin(requests, answers)


class Host:
    """A loaded model. It answers in this process, or in those that this one forks."""

    def __init__(self, frames: Any, model: Any, warm_up: str, load_ms: float) -> None:
        self._frames, self._model, self._warm_up, self._load_ms = frames, model, warm_up, load_ms

    def begin(self, requests: BinaryIO, answers: BinaryIO) -> None:
        """Predict once, say ready, and answer until the owner hangs up."""
        frames, started = self._frames, time.perf_counter()
        try:
            if self._warm_up:
                answer(frames, self._model, frames.decode(bytes.fromhex(self._warm_up)))
        except BaseException as error:  # noqa: BLE001 - a door, as above
            frames.write(answers, frames.ERROR, 0, in_words(frames, error))
            return
        warm_ms = (time.perf_counter() - started) * 1e3
        frames.write(answers, frames.READY, 0, about_me(frames, self._model.path, self._load_ms, warm_ms))
        # What was loaded stays: the search for circles among so many objects takes as long as many predictions.
        gc.freeze()
        serve(frames, self._model, requests, answers)

    def sow(self, folder: Path, requests: BinaryIO, answers: BinaryIO) -> None:
        """Say ready, and fork hosts until the owner hangs up. One that cannot be forked says so and ends."""
        seeds, frames = neighbour("seed"), self._frames
        forks = seeds.can_fork()
        said = [*about_me(frames, self._model.path, self._load_ms, 0.0), *row(frames, {"forks": forks})]
        frames.write(answers, frames.READY, 0, said)
        if forks:
            seeds.Seed(folder, requests.fileno(), answers.fileno(), self.begin).serve()


def serve(frames: Any, model: Any, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the owner hangs up."""
    while (request := frames.read(requests)) is not None:
        try:
            reply = frames.encode(frames.REPLY, request.id, answer(frames, model, request))
        except BaseException as error:  # noqa: BLE001 - a door: sys.exit() in a model costs one request, not the host
            reply = frames.encode(frames.ERROR, request.id, in_words(frames, error))
        answers.write(reply)
        answers.flush()


def answer(frames: Any, model: Any, request: Any) -> list[Any]:
    return [frames.Column(*parts) for parts in model.predict(request.columns, request.rows)]


def about_me(frames: Any, path: str, load_ms: float, warm_ms: float) -> list[Any]:
    said = {
        "language": "python",
        "version": platform.python_version(),
        "pid": os.getpid(),
        "protocol": PROTOCOL,
        "load_ms": load_ms,
        "warm_ms": warm_ms,
        "path": path,
    }
    return row(frames, said)


def in_words(frames: Any, error: BaseException) -> list[Any]:
    traceback.print_exception(error)  # goes to the log
    message = f"the model called sys.exit({error.code!r})" if isinstance(error, SystemExit) else str(error)
    said = {
        "class": type(error).__name__,
        "message": message[:10_000].encode("utf-8", "replace").decode(),
        "language": "python",
        "remedy": "",
    }
    return row(frames, said)


def row(frames: Any, said: dict[str, Any]) -> list[Any]:
    import numpy as np

    return [
        frames.Column(name, np.array([value], object if isinstance(value, str) else None))
        for name, value in said.items()
    ]


if __name__ == "__main__":
    # The model's own child processes must not hold the protocol open.
    for number in sys.argv[2:]:
        os.set_inheritable(int(number), False)
    with open(int(sys.argv[2]), "rb") as requests, open(int(sys.argv[3]), "wb") as answers:
        main(Path(sys.argv[1]), requests, answers)
