"""`jupyter kronkers deployments`: limits, canaries and promotion in words."""

from __future__ import annotations

import click
import msgspec
import pytest

from jupyter_kronkers.cli.deployments import LIMIT, LIMITS, WHICH
from jupyter_kronkers.serving.gateway.routes import ServingLimits
from tests.cli.test_commands import REFUSED, USAGE


def test_the_help_names_every_limit():
    assert [name for name in ServingLimits.__struct_fields__ if name not in LIMITS] == []


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ("queue=9", ("queue", 9)),
        ("request_s=0.5", ("request_s", 0.5)),
        ("memory_bytes=2GiB", ("memory_bytes", 2 << 30)),
        ("memory_bytes=512 MB", ("memory_bytes", 512_000_000)),
        ("network=yes", ("network", True)),
        ("network=no", ("network", False)),
    ],
)
def test_limits_are_said_as_people_say_them(said, limit):
    assert LIMIT.convert(said, None, None) == limit


@pytest.mark.parametrize("said", ["", "queue", "queue=", "queue=many"])
def test_what_is_no_limit_is_refused(said):
    with pytest.raises(click.UsageError):
        LIMIT.convert(said, None, None)


def test_a_version_is_a_number_or_an_alias():
    assert [WHICH.convert(said, None, None) for said in ("7", "challenger")] == [7, "challenger"]


@pytest.mark.slow
def test_a_canary_from_its_wish_to_its_promotion(kronkers, raw_capture):
    for _ in range(2):
        kronkers("models", "register", "bikes", "--capture", str(raw_capture))
    created = kronkers(
        "deployments", "create", "rides", "bikes", "--version", "1", "--spares", "1",
        "--limit", "memory_bytes=1GiB", "--limit", "idle_s=600", "--json",
    )  # fmt: skip
    assert created.code == 0, created.err
    limits = msgspec.convert(created.json["limits"], ServingLimits)
    assert (limits.memory_bytes, limits.idle_s, created.json["spares"]) == (1 << 30, 600.0, 1)
    assert kronkers("deployments", "update", "rides").code == USAGE
    changed = kronkers("deployments", "update", "rides", "--canary", "2", "--percent", "10")
    assert "2 gets 10 %" in changed.out
    assert kronkers("deployments", "update", "rides", "--shadow", "2").code == REFUSED
    promoted = kronkers("deployments", "promote", "rides", "--why", "did well", "--json").json
    assert (promoted["version"], promoted["canary"]) == (2, None)
    assert kronkers("deployments", "promote", "rides").code == REFUSED
    kronkers("deployments", "update", "rides", "--canary", "1", "--percent", "5")
    assert kronkers("deployments", "update", "rides", "--no-canary", "--json").json["canary"] is None
    assert kronkers("deployments", "update", "rides", "--limit", "unheard_of=1").code == REFUSED
