"""Deciding together: canaries, promotion and rollback as wishes, and what happens when two decide at once."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pandas as pd
import pytest

from jupyter_kronkers.access import Principal
from jupyter_kronkers.errors import Conflict, Denied, Invalid, KronkersError, NotFound, Stale
from jupyter_kronkers.serving.gateway.states import CanaryState, DeploymentState, ReplicaState, State
from tests.serving.plane import ANNA, Plane

VERA = Principal("vera", frozenset({"read", "write"}))
NAMES = (f"decided-{number}" for number in itertools.count())
ALIASES = (f"alias-{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    plane = Plane.at(tmp_path_factory.mktemp("deciding") / "kronkers")
    for factor in (2.0, 3.0, 4.0):
        plane.multiplier("mult", factor)
    plane.multiplier("mult", 5.0, pd.DataFrame({"x": [1.0], "do": ["answer"], "more": [1]}))
    yield plane
    plane.store.close()


@pytest.fixture
def room(plane):
    return plane.deployments


@pytest.fixture
def alias(plane):
    """A fresh alias that was at 1 and is at 2."""
    alias = next(ALIASES)
    plane.models.move(ANNA, "mult", alias, 1)
    plane.models.move(ANNA, "mult", alias, 2)
    return alias


@pytest.fixture
def following(room, alias):
    return room.create(ANNA, next(NAMES), "mult", alias=alias)


@pytest.fixture
def pinned(room):
    return room.create(ANNA, next(NAMES), "mult", version=1)


def route_of(room, name):
    return next(route for route in room.routes().routes if route.deployment == name)


# Wishing


def test_canary_shadow_and_spares_reach_the_gateway(room, following):
    room.update(ANNA, following.name, canary=3, percent=12.5, shadow=1, spares=2)
    route = route_of(room, following.name)
    assert (route.canary.number, route.percent, route.shadow.number, route.spares) == (3, 12.5, 1, 2)
    room.update(ANNA, following.name, canary=None, shadow=None)
    route = route_of(room, following.name)
    assert (route.canary, route.percent, route.shadow, route.spares) == (None, 0.0, None, 2)


def test_a_canary_may_follow_an_alias(plane, room, pinned, alias):
    room.update(ANNA, pinned.name, canary=alias, percent=1.0)
    assert route_of(room, pinned.name).canary.number == 2
    plane.models.move(ANNA, "mult", alias, 3)
    assert route_of(room, pinned.name).canary.number == 3
    plane.models.move(ANNA, "mult", alias, 1)
    assert (route_of(room, pinned.name).canary, route_of(room, pinned.name).percent) == (None, 0.0)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ({"canary": 1}, Conflict),
        ({"canary": 4}, Conflict),
        ({"shadow": 4}, Conflict),
        ({"canary": 99}, NotFound),
        ({"canary": "nowhere"}, NotFound),
        ({"canary": 2, "shadow": 2}, Conflict),
        ({"percent": 101.0}, Invalid),
        ({"percent": float("nan")}, Invalid),
        ({"percent": -1.0}, Invalid),
        ({"spares": 9}, Invalid),
        ({"spares": -1}, Invalid),
    ],
)
def test_what_cannot_be_shared_is_refused_and_changes_nothing(room, pinned, words, error):
    with pytest.raises(error):
        room.update(ANNA, pinned.name, **words)
    with pytest.raises(error):
        room.create(ANNA, next(NAMES), "mult", version=1, **words)
    assert room.show(pinned.name).revision == pinned.revision


def test_why_a_canary_does_not_fit_is_told(room, pinned):
    with pytest.raises(Conflict, match=r"mult 4 cannot be the canary of mult 1, .* it wants more"):
        room.update(ANNA, pinned.name, canary=4)


def test_a_limit_that_says_yes_or_no(room, pinned):
    assert room.update(ANNA, pinned.name, limits={"network": True}).limits.network is True
    assert room.update(ANNA, pinned.name, limits={"network": 0.0, "idle_s": 60}).limits.network is False


# Promoting


def test_a_promoted_canary_is_what_the_alias_names_and_canary_no_more(plane, room, following, alias):
    room.update(ANNA, following.name, canary=3, percent=10.0)
    promoted = room.promote(ANNA, following.name, "it did well")
    assert (promoted.follows, promoted.canary, promoted.percent) == (3, None, 0.0)
    move = plane.models.history("mult", alias=alias, limit=1).items[0]
    assert (move.before, move.after, move.by) == (2, 3, "anna")
    assert "it did well" in move.why
    assert room.history(following.name)[0].action == "promoted"
    assert room.rollback(ANNA, following.name).follows == 2


def test_a_pinned_deployment_pins_its_canary(room, pinned):
    room.update(ANNA, pinned.name, canary=3, percent=10.0)
    promoted = room.promote(ANNA, pinned.name)
    assert (promoted.version, promoted.canary, promoted.revision) == (3, None, 3)
    assert room.rollback(ANNA, pinned.name).version == 1


def test_without_a_canary_or_the_scope_nothing_is_promoted(room, pinned):
    with pytest.raises(Conflict, match="has no canary"):
        room.promote(ANNA, pinned.name)
    with pytest.raises(Denied):
        room.promote(VERA, pinned.name)


# At once


def at_once(*works):
    """What each gave or raised, all begun together."""
    barrier = Barrier(len(works))

    def run(work):
        barrier.wait()
        try:
            return work()
        except KronkersError as problem:
            return problem

    with ThreadPoolExecutor(len(works)) as people:
        return list(people.map(run, works))


def test_of_two_who_click_rollback_at_what_they_saw_one_goes_back(room, following, plane):
    """faults: 186"""

    def click():
        return room.rollback(ANNA, following.name, revision=following.revision)

    answers = at_once(click, click, click)
    assert len([one for one in answers if isinstance(one, Stale)]) == 2
    assert room.show(following.name).follows == 1
    assert [move.action for move in room.history(following.name)] == ["rolled_back", "created"]


def test_of_many_changes_at_once_each_is_whole_or_told(room, pinned):
    """faults: 186"""
    works = [
        lambda: room.update(ANNA, pinned.name, version=2, replicas=2),
        lambda: room.update(ANNA, pinned.name, version=3, replicas=3),
        lambda: room.update(ANNA, pinned.name, canary=2, percent=5.0),
        lambda: room.rollback(ANNA, pinned.name),
    ]
    answers = at_once(*works, *works)
    assert all(not isinstance(one, KronkersError) or isinstance(one, Conflict) for one in answers)
    found = room.show(pinned.name)
    made = [one for one in answers if not isinstance(one, KronkersError)]
    assert found.revision == pinned.revision + len(made) == len(room.history(pinned.name))
    assert (found.version, found.replicas) in {(1, 1), (2, 2), (3, 3), (1, 2), (1, 3), (2, 3), (3, 2)}
    assert found.canary != found.version


def test_deleted_while_it_is_changed_it_is_gone_for_good(room, pinned):
    """faults: 186"""

    def change():
        return room.update(ANNA, pinned.name, replicas=2)

    at_once(change, lambda: room.delete(ANNA, pinned.name), change)
    with pytest.raises(NotFound):
        room.show(pinned.name)
    assert room.history(pinned.name)[0].action == "deleted"
    assert pinned.name not in {route.deployment for route in room.routes().routes}


def test_limits_that_two_change_at_once_are_never_mixed_up(room, pinned):
    """faults: 186"""
    answers = at_once(
        lambda: room.update(ANNA, pinned.name, limits={"queue": 7}),
        lambda: room.update(ANNA, pinned.name, limits={"rows": 70}),
    )
    made = [one.limits for one in answers if not isinstance(one, KronkersError)]
    assert room.show(pinned.name).limits in made
    if len(made) == 2:
        assert (room.show(pinned.name).limits.queue, room.show(pinned.name).limits.rows) == (7, 70)


# What gateways found


def seen(route, **words):
    replica = ReplicaState(4711, 1, "idle", 1772539200.0, 12, memory_bytes=5 << 20)
    known = {"model": "mult", "wanted": route.version.number, "number": 1, "decision": route.decision}
    return State(1, 1, (DeploymentState(route.deployment, "degraded", replicas=(replica,), **known, **words),))


def test_what_a_gateway_withdrew_is_kept_until_people_decide(plane, room, following):
    """faults: 185"""
    why = {"version": "mult 2 was withdrawn: 20 of 20 requests failed by the model."}
    room.observe(seen(route_of(room, following.name), withdrawn=why))
    room.observe(seen(route_of(room, following.name), withdrawn=why))
    assert route_of(room, following.name).withdrawn == why
    moves = room.history(following.name)
    assert [(move.action, move.by, move.why) for move in moves[:1]] == [("withdrawn", "gateway", why["version"])]
    assert [move.action for move in moves] == ["withdrawn", "created"]
    assert room.show(following.name).revision == following.revision
    with plane.store.reading() as tx:
        assert [row.actor for row in plane.audit.rows(tx) if row.action == "deployment.withdrawn"][-1] == "gateway"
    room.update(ANNA, following.name, note="once more")
    assert route_of(room, following.name).withdrawn == {}
    room.observe(None)


def test_a_verdict_on_what_is_not_wanted_any_more_is_not_kept(plane, room, following, alias):
    late = seen(route_of(room, following.name), withdrawn={"version": "mult 2 was withdrawn."})
    plane.models.move(ANNA, "mult", alias, 3)
    room.observe(late)
    assert route_of(room, following.name).withdrawn == {}
    assert [move.action for move in room.history(following.name)] == ["created"]
    room.observe(None)


def test_a_decision_changes_with_every_change_that_people_make(plane, room, following, alias):
    decisions = [route_of(room, following.name).decision]
    room.update(ANNA, following.name, canary=3, percent=5.0)
    decisions.append(route_of(room, following.name).decision)
    plane.models.move(ANNA, "mult", alias, 1)
    decisions.append(route_of(room, following.name).decision)
    plane.models.move(ANNA, "mult", alias, 2)
    decisions.append(route_of(room, following.name).decision)
    assert len(set(decisions)) == 4


def test_shares_and_memory_as_seen_are_shown(room, pinned):
    room.update(ANNA, pinned.name, canary=2, percent=5.0)
    room.observe(seen(route_of(room, pinned.name), canary=CanaryState(2, 5.0, 95, 1)))
    shown = room.show(pinned.name)
    assert (shown.canary_state.answered, shown.canary_state.failed, shown.memory_bytes) == (95, 1, 5 << 20)
    assert room.replicas(pinned.name)[0].role == "live"
    room.observe(None)
