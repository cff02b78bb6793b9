"""The small form of `make chaos`: every part once, quickly. Durations are told there, not judged here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence

import psutil
import pytest

from tests.chaos import gateway_kills, host_kills, mixing, neighbours, overload, swaps
from tests.chaos.findings import Finding
from tests.chaos.serving import Serving, serving

pytestmark = pytest.mark.slow

SEED = 1
PROGRAMS = {"python": "python3", "r": "Rscript", "julia": "julia"}


@pytest.fixture(scope="module")
def languages() -> list[str]:
    """Those whose interpreter is here."""
    return [language for language, program in PROGRAMS.items() if shutil.which(program)]


@pytest.fixture(scope="module")
def served(languages) -> Iterator[Serving]:
    """`jupyter kronkers serve` with a line of two versions, and one in each language."""
    lines = {(swaps.MODEL, "python"): (2.0, 3.0)}
    lines |= {(language, language): (host_kills.FACTORS[language],) for language in languages}
    with serving(lines) as served:
        served.client.move(swaps.MODEL, "champion", 1)
        served.deploy(swaps.MODEL, swaps.MODEL)
        everything = served.processes()
        yield served
        everything += served.processes()
    assert gateway_kills.nothing_is_left(everything, SEED).sound


def sound(findings: Sequence[Finding]) -> None:
    assert findings
    assert [found.broken for found in findings if not found.sound] == []


def test_versions_shares_and_replicas_change_under_load_and_no_request_fails(served):
    """faults: 185, 186"""
    sound([swaps.under_load(served, swaps.SMALL, SEED)])


def test_hosts_are_killed_in_every_language_and_no_request_fails(served, languages):
    """faults: 159"""
    for language in languages:
        served.deploy(language, language, replicas=host_kills.REPLICAS)
    size = host_kills.Size({language: host_kills.SMALL.kills[language] for language in languages})
    sound(host_kills.kills(served, size, SEED))
    for language in languages:
        served.client.delete_deployment(language)


def test_the_gateway_is_killed_and_nobody_is_refused(served):
    """faults: 160"""
    sound(gateway_kills.kills(served, gateway_kills.SMALL, SEED))


def test_ten_times_the_capacity_is_turned_away_in_words():
    """faults: 62"""
    sound(overload.run(overload.SMALL, SEED))


def test_callers_who_are_answered_together_get_their_own_numbers():
    """faults: 69"""
    sound(mixing.run(mixing.SMALL, SEED))


def test_what_is_done_to_one_deployment_costs_another_no_answer():
    """faults: 52, 65, 181"""
    sound(neighbours.run(neighbours.SMALL, SEED))


def test_no_caller_was_left_behind():
    living = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    assert [child for child in living if "tests.chaos.asking" in " ".join(child.cmdline())] == []
