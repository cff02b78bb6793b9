"""Decides in processes of their own, each killed at one point; run by test_deciding_killed.

    python decide_in_children.py <jobs.json>

Everything is imported once, here; each child is a fork that opens the data folder by itself.
A job is {"folder": …, "action": created | promoted | rolled_back | deleted, "kill_at": point}.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow.store.model_registry.sqlalchemy_store
import mlflow.store.tracking.sqlalchemy_store  # noqa: F401

from jupyter_kronkers.access import Audit, Principal
from jupyter_kronkers.models import rows as model_rows
from jupyter_kronkers.models.mlflow_registry import MlflowRegistry
from jupyter_kronkers.serving import rows
from jupyter_kronkers.store import Events
from tests.serving.plane import Plane

ANNA = Principal("anna", frozenset({"admin"}))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dies_after(place: Any, name: str) -> None:
    original: Callable[..., Any] = getattr(place, name)

    def killed(*words: Any, **more: Any) -> None:
        original(*words, **more)
        die()

    setattr(place, name, killed)


def arm(point: str) -> None:
    """What the process does last."""
    if point == "committed":
        Events.emit = lambda *_: die()  # type: ignore[method-assign,assignment,return-value]
        return
    where = {
        "wish": [(rows, "add"), (rows, "replace"), (rows, "remove")],
        "history": [(rows, "add_move")],
        "audit": [(Audit, "record")],
        "moved": [(model_rows, "add_move")],
        "in-mlflow": [(MlflowRegistry, "point")],
    }
    for place, name in where[point]:
        dies_after(place, name)


def child(job: dict[str, str]) -> None:
    plane = Plane.at(Path(job["folder"]))
    plane.models.warm()
    arm(job["kill_at"])
    room = plane.deployments
    actions: dict[str, Callable[[], object]] = {
        "created": lambda: room.create(ANNA, "second", "mult", version=1, replicas=3),
        "promoted": lambda: room.promote(ANNA, "first"),
        "rolled_back": lambda: room.rollback(ANNA, "first"),
        "deleted": lambda: room.delete(ANNA, "first"),
    }
    actions[job["action"]]()


for job in json.loads(Path(sys.argv[1]).read_text()):
    pid = os.fork()
    if not pid:
        child(job)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, job
