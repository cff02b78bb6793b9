"""Ours: `jupyter kronkers serve`, the models registered, proven and deployed as everybody's; tokens and metrics on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from peers.models import Saved
from peers.targets import Target

from jupyter_kronkers.models.intake import finish
from tests.chaos.serving import Serving, serving


@contextmanager
def up() -> Iterator[Serving]:
    with serving({}) as served:
        yield served


def deployed(served: Serving, saved: Saved, replicas: int = 1) -> Target:
    """Registered, deployed under its name, ready; every process of the product is counted."""
    ready = saved.capture.with_name(f"{saved.name}-ready")
    finish(saved.capture, ready)
    version = served.client.register(saved.name, ready)
    if version.state != "ready":
        raise RuntimeError(version)
    served.deploy(saved.name, saved.name, version=version.number, replicas=replicas)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {served.secret}"}
    url = f"http://127.0.0.1:{served.port}/{saved.name}/invocations"
    return Target("ours", url, served.process.pid, headers=headers)
