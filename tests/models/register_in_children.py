"""Registers in processes of their own, some of which are killed; run by test_registering.

    python register_in_children.py <job.json>

MLflow is imported once, here; each child is a fork that opens the data folder by itself.
A job is {"folders": […], "upload": […], "kill_at": point | null, "kill_after_s": number | null, "number": int | null,
"times": int}; each element of the list in the file is one child. Without `kill_…` proofs are real.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

# Imported here once, opened by each child.
import mlflow.store.model_registry.sqlalchemy_store
import mlflow.store.tracking.sqlalchemy_store  # noqa: F401

from jupyter_kronkers.access import Audit, Principal
from jupyter_kronkers.models import Models, proof
from jupyter_kronkers.models.mlflow_registry import MlflowRegistry
from jupyter_kronkers.models.versions import READY, Proof
from jupyter_kronkers.store import Events, Folders, Store

ANNA = Principal("anna", frozenset({"admin"}))


def child(job: dict) -> None:
    def passed(point: str) -> None:
        if point == job.get("kill_at"):
            os.kill(os.getpid(), signal.SIGKILL)

    if job.get("number"):  # what another tool does by taking a number meanwhile
        MlflowRegistry.next_number = lambda *_: job["number"]
    if not job.get("prove"):
        proof.prove = lambda *_: proof.Verdict(READY, proof=Proof(20, 0.0, 0.1, batch_safe=True))
    folders = Folders(Path(job["folder"]))
    models = Models(Store.at(folders.database), folders, Audit(), Events(), passed=passed)
    if job.get("kill_after_s") is not None:
        models.warm()
        kill = threading.Timer(job["kill_after_s"], os.kill, (os.getpid(), signal.SIGKILL))
        kill.daemon = True
        kill.start()
    for upload in job["uploads"]:
        models.register(ANNA, "bikes", upload)


def main(jobs: list[dict]) -> None:
    running = []
    for job in jobs:
        pid = os.fork()
        if not pid:
            child(job)
            os._exit(0)
        running.append(pid)
        if not job.get("at_once"):
            os.waitpid(running.pop(), 0)
    for pid in running:
        os.waitpid(pid, 0)


main(json.loads(Path(sys.argv[1]).read_text()))
