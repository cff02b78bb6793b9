"""Setting up: steps run side by side, in the right order, and only when they must."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from scripts import steps
from scripts.machine import Trouble
from scripts.steps import Step, run_all


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for stamps, logs and inputs."""
    monkeypatch.setattr(steps, "STAMPS", tmp_path / "stamps")
    monkeypatch.setattr(steps, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(steps, "ROOT", tmp_path)
    return tmp_path


def nothing(log: Path) -> None:
    pass


def fail(log: Path) -> None:
    raise Trouble("no network", "plug it in")


def never() -> bool:
    return False


def test_a_step_waits_for_those_it_needs():
    order: list[str] = []
    first = Step("first", lambda log: order.append("first"), never)
    second = Step("second", lambda log: order.append("second"), never, needs=("first",))
    run_all([second, first])
    assert order == ["first", "second"]


def test_steps_that_need_nothing_of_each_other_run_at_the_same_time():
    both = threading.Barrier(2, timeout=10)
    outcome = run_all([Step(name, lambda log: both.wait() and None, never) for name in ("left", "right")])
    assert outcome.done == {"left", "right"}


def test_a_step_is_not_repeated_while_its_inputs_are_the_same(place: Path):
    recipe = place / "recipe"
    recipe.write_text("eggs")
    step = Step("cake", nothing, lambda: True, inputs=(recipe,))
    assert run_all([step]).made == {"cake"}
    assert run_all([step]).made == set()


def test_a_changed_input_repeats_the_step(place: Path):
    recipe = place / "recipe"
    recipe.write_text("eggs")
    step = Step("cake", nothing, lambda: True, inputs=(place,))
    run_all([step])
    recipe.write_text("eggs and butter")
    assert run_all([step]).made == {"cake"}


def test_a_changed_fact_repeats_the_step():
    oven = "old"
    step = Step("cake", nothing, lambda: True, facts=lambda: oven)
    run_all([step])
    oven = "new"
    assert run_all([step]).made == {"cake"}


def test_what_is_gone_is_made_again_though_its_inputs_are_the_same(place: Path):
    there = True
    (place / "recipe").write_text("eggs")
    step = Step("cake", nothing, lambda: there, inputs=(place / "recipe",))
    run_all([step])
    there = False
    assert run_all([step]).made == {"cake"}


def test_a_failed_step_holds_back_what_needs_it_and_nothing_else():
    needy = Step("needy", nothing, never, needs=("broken",))
    outcome = run_all([Step("broken", fail, never), needy, Step("free", nothing, never)])
    assert outcome.failed == {"broken", "needy"}
    assert outcome.done == {"free"}


def test_an_absent_language_stops_nobody_and_is_said_with_what_helps(capsys: pytest.CaptureFixture[str]):
    outcome = run_all([Step("Julia", fail, never, optional=True), Step("kernels", nothing, never, needs=("Julia",))])
    assert (outcome.absent, outcome.failed, outcome.done) == ({"Julia"}, set(), {"kernels"})
    assert "what helps: plug it in" in capsys.readouterr().out


def test_a_step_that_only_waits_for_another_is_tried_though_that_one_failed():
    outcome = run_all([Step("broken", fail, never), Step("later", nothing, never, after=("broken",))])
    assert outcome.done == {"later"}


def test_a_step_that_breaks_in_an_unforeseen_way_fails_and_nobody_waits_for_ever():
    outcome = run_all([Step("odd", lambda log: {}["odd"], never), Step("next", nothing, never, needs=("odd",))])
    assert outcome.failed == {"odd", "next"}
