"""The control plane is killed at every step of a decision: afterwards it was made, or it was not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_kronkers.errors import NotFound
from tests.serving.plane import ANNA, Plane

CHILDREN = Path(__file__).with_name("decide_in_children.py")
ROOT = Path(__file__).parents[2]
BY_ALIAS = ("promoted", "rolled_back")
POINTS = [
    (action, point)
    for action in ("created", *BY_ALIAS, "deleted")
    for point in ("wish", "history", "audit", "committed")
]
POINTS += [(action, point) for action in BY_ALIAS for point in ("moved", "in-mlflow")]
MADE = {"committed", "in-mlflow"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """For each point a data folder in which a process was killed there."""
    root = tmp_path_factory.mktemp("decided")
    plane = Plane.at(root / "whole")
    for factor in (2.0, 3.0, 4.0):
        plane.multiplier("mult", factor)
    plane.models.move(ANNA, "mult", "champion", 1)
    plane.models.move(ANNA, "mult", "champion", 2)
    plane.deployments.create(ANNA, "first", "mult", alias="champion", canary=3, percent=10.0)
    plane.store.close()
    jobs = []
    for action, point in POINTS:
        folder = shutil.copytree(root / "whole", root / f"{action}-{point}")
        jobs.append({"folder": str(folder), "action": action, "kill_at": point})
    (root / "jobs.json").write_text(json.dumps(jobs))
    quiet = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, CHILDREN, root / "jobs.json"], check=True, timeout=240, env=quiet)
    return root


def standing(plane: Plane) -> dict[str, object]:
    """All that a decision touches."""
    found: dict[str, object] = {"champion": plane.models.version("mult", "champion").number}
    for name in ("first", "second"):
        try:
            shown = plane.deployments.show(name)
            found[name] = (shown.follows, shown.canary, shown.percent, shown.replicas)
        except NotFound:
            found[name] = None
    with plane.store.reading() as tx:
        audited = [row.action for row in plane.audit.rows(tx) if row.action.startswith("deployment.")]
        assert plane.audit.verify(tx) > 0
    found["audited"] = audited[-1].removeprefix("deployment.")
    for name in ("second", "first"):
        if found[name] is not None or name == "first":
            found["history"] = plane.deployments.history(name)[0].action
            break
    return found


OLD = {"champion": 2, "first": (2, 3, 10.0, 1), "second": None, "audited": "created", "history": "created"}
NEW = {
    "created": {"second": (1, None, 0.0, 3)},
    "promoted": {"champion": 3, "first": (3, None, 0.0, 1)},
    "rolled_back": {"champion": 1, "first": (1, 3, 10.0, 1)},
    "deleted": {"first": None},
}


@pytest.mark.slow
@pytest.mark.parametrize(("action", "point"), POINTS, ids=["-".join(point) for point in POINTS])
def test_a_decision_is_made_or_not(folders, action, point):
    """faults: 163"""
    plane = Plane.at(folders / f"{action}-{point}")
    plane.models.recover()
    made = {**OLD, **NEW[action], "audited": action, "history": action}
    assert standing(plane) == (made if point in MADE else OLD)
    assert plane.models.look_outside() == ()
    plane.store.close()
