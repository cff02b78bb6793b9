"""Deployments as wishes: what may be wished, what is remembered, what the gateway is told."""

from __future__ import annotations

import itertools

import pytest

from jupyter_kronkers.access import Principal
from jupyter_kronkers.errors import Conflict, Denied, Invalid, NotFound, Stale
from jupyter_kronkers.serving import ServingLimits
from jupyter_kronkers.serving.gateway.states import DeploymentState, ReplicaState, State
from jupyter_kronkers.store import DeploymentChanged
from tests.serving.plane import ANNA, Plane

VERA = Principal("vera", frozenset({"read", "write"}))
NAMES = (f"deployment-{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    plane = Plane.at(tmp_path_factory.mktemp("plane") / "kronkers")
    for factor in (2.0, 3.0, 4.0):
        plane.multiplier("mult", factor)
    plane.models.move(ANNA, "mult", "champion", 1)
    plane.models.move(ANNA, "mult", "champion", 2)
    yield plane
    plane.store.close()


@pytest.fixture
def room(plane):
    return plane.deployments


@pytest.fixture
def name():
    return next(NAMES)


@pytest.fixture
def pinned(room, name):
    return room.create(ANNA, name, "mult", version=1)


@pytest.fixture
def following(room, name):
    return room.create(ANNA, name, "mult", alias="champion")


def route_of(room, name):
    return next((route for route in room.routes().routes if route.deployment == name), None)


def test_a_deployment_follows_its_alias(room, following):
    assert (following.alias, following.version, following.follows) == ("champion", None, 2)
    assert route_of(room, following.name).version.number == 2


def test_a_route_names_what_was_before_and_what_may_come_next(room, following):
    route = route_of(room, following.name)
    assert (route.previous.number, route.upcoming.number) == (1, 3)


def test_a_route_has_the_artifact_its_digest_and_whether_it_may_be_batched(plane, room, pinned):
    version, placed = plane.models.version("mult", 1), route_of(room, pinned.name).version
    assert (placed.folder, placed.digest) == (str(plane.models.folder("mult", 1)), version.digest)
    assert placed.batched == version.proof.batch_safe


def test_without_the_scope_nothing_is_deployed(room, following):
    """faults: 113"""
    with pytest.raises(Denied, match="deploy"):
        room.create(VERA, "hers", "mult", version=1)
    for forbidden in (room.stop, room.start, room.rollback, room.delete):
        with pytest.raises(Denied):
            forbidden(VERA, following.name)
    with pytest.raises(Denied):
        room.update(VERA, following.name, replicas=2)


@pytest.mark.parametrize(
    ("model", "words", "error"),
    [
        ("nobody", {"version": 1}, NotFound),
        ("mult", {"version": 99}, NotFound),
        ("mult", {"alias": "challenger"}, NotFound),
        ("mult", {}, Invalid),
        ("mult", {"alias": "champion", "version": 1}, Invalid),
        ("mult", {"version": 1, "replicas": 0}, Invalid),
        ("mult", {"version": 1, "limits": {"request_s": -1}}, Invalid),
        ("mult", {"version": 1, "limits": {"unknown": 1}}, Invalid),
    ],
)
def test_what_cannot_be_served_is_refused_and_leaves_nothing(room, name, model, words, error):
    with pytest.raises(error):
        room.create(ANNA, name, model, **words)
    with pytest.raises(NotFound):
        room.show(name)


@pytest.mark.parametrize("name", ["", "../etc", "Big", "a/b", "a..b", "x" * 64])
def test_a_name_that_is_none_is_refused(room, name):
    """faults: 1, 3"""
    with pytest.raises(Invalid):
        room.create(ANNA, name, "mult", version=1)


def test_a_name_is_taken_once(room, pinned):
    """faults: 6"""
    with pytest.raises(Conflict, match="already"):
        room.create(ANNA, pinned.name, "mult", version=2)


def test_limits_are_kept_and_told(room, name):
    room.create(ANNA, name, "mult", version=1, limits={"request_s": 5.0})
    assert room.show(name).limits == ServingLimits(request_s=5.0)
    room.update(ANNA, name, limits={"queue": 9})
    assert route_of(room, name).limits == ServingLimits(request_s=5.0, queue=9)


def test_pinning_ends_following_and_the_other_way_round(room, following):
    assert room.update(ANNA, following.name, version=3).alias is None
    assert room.update(ANNA, following.name, alias="champion").version is None


def test_whoever_changes_what_another_changed_first_is_told(room, pinned):
    """faults: 12, 186"""
    room.update(ANNA, pinned.name, replicas=2, revision=pinned.revision)
    with pytest.raises(Stale):
        room.update(ANNA, pinned.name, replicas=3, revision=pinned.revision)
    assert room.show(pinned.name).replicas == 2


def test_a_pinned_deployment_rolls_back_to_its_version_before(room, pinned):
    room.update(ANNA, pinned.name, version=3)
    assert room.rollback(ANNA, pinned.name, why="too slow").version == 1
    move = room.history(pinned.name)[0]
    assert (move.action, move.by, move.before["version"], move.after["version"]) == ("rolled_back", "anna", 3, 1)
    assert "too slow" in move.why


def test_a_following_deployment_rolls_back_by_its_alias(plane, room, following):
    try:
        room.rollback(ANNA, following.name, why="wrong numbers")
        assert room.show(following.name).follows == 1
        move = plane.models.history("mult", alias="champion", limit=1).items[0]
        assert (move.before, move.after, move.by) == (2, 1, "anna")
        assert "wrong numbers" in move.why
    finally:
        plane.models.move(ANNA, "mult", "champion", 2)


def test_without_a_version_before_there_is_no_rollback(room, pinned):
    with pytest.raises(Conflict, match="no version before"):
        room.rollback(ANNA, pinned.name)


def test_a_stopped_deployment_has_no_route(room, pinned):
    assert room.stop(ANNA, pinned.name).state == "stopped"
    assert route_of(room, pinned.name) is None
    room.start(ANNA, pinned.name)
    assert route_of(room, pinned.name) is not None


def test_a_deleted_deployment_leaves_its_history(room, pinned):
    room.delete(ANNA, pinned.name)
    with pytest.raises(NotFound):
        room.show(pinned.name)
    assert [move.action for move in room.history(pinned.name)] == ["deleted", "created"]


def test_each_change_has_its_audit_row(plane, room, pinned):
    room.update(ANNA, pinned.name, replicas=3)
    with plane.store.reading() as tx:
        written = [row for row in plane.audit.rows(tx) if row.object == pinned.name]
        assert plane.audit.verify(tx) > 0
    assert [row.action for row in written] == ["deployment.created", "deployment.updated"]
    assert '"replicas": 3' in written[-1].details


def test_a_change_is_told_after_it_was_kept(plane, room, name):
    heard = []
    end = plane.events.subscribe(lambda event: heard.append((event, room.show(name).replicas)))
    room.create(ANNA, name, "mult", version=1, replicas=2)
    end()
    assert [(type(event), replicas) for event, replicas in heard] == [(DeploymentChanged, 2)]


def test_an_alias_that_is_taken_away_is_told_in_words(plane, room, name):
    plane.models.move(ANNA, "mult", "passing", 1)
    room.create(ANNA, name, "mult", alias="passing")
    plane.models.unset(ANNA, "mult", "passing")
    assert (room.show(name).state, room.show(name).reason) == ("failed", "mult has no alias passing.")
    assert route_of(room, name) is None


def test_tokens_reach_the_gateway_as_hashes_with_what_they_open(plane, room):
    """faults: 117"""
    token, secret = plane.tokens.create(ANNA, "caller", deployments=["bikes"])
    plane.tokens.create(ANNA, "rest only", scopes=["read"])
    found = [grant for grant in room.routes().grants if grant.digest == token.digest]
    assert [grant.deployments for grant in found] == [("bikes",)]
    assert secret not in repr(room.routes())
    plane.tokens.revoke(ANNA, token.id)
    assert token.digest not in repr(room.routes())


# What the gateway says


def seen(name, **words):
    return State(
        1, 1, (DeploymentState(name, **{"state": "ready", "model": "mult", "wanted": 1, "number": 1, **words}),)
    )


def test_without_a_gateway_nothing_is_served(room, pinned):
    assert (pinned.state, pinned.live) == ("stopped", None)
    assert "jupyter kronkers serve" in pinned.remedy


def test_what_the_gateway_said_is_shown(room, pinned):
    replica = ReplicaState(4711, 1, "idle", 1772539200.0, 12)
    room.observe(seen(pinned.name, state="degraded", reason="It crashed.", remedy="Look.", replicas=(replica,)))
    shown = room.show(pinned.name)
    assert (shown.state, shown.reason, shown.remedy, shown.live) == ("degraded", "It crashed.", "Look.", 1)
    assert [(r.pid, r.version, r.started_at.year) for r in room.replicas(pinned.name)] == [(4711, 1, 2026)]
    room.observe(None)


def test_a_wish_the_gateway_has_not_heard_yet_is_swapping(room, pinned):
    room.observe(seen(pinned.name))
    assert room.update(ANNA, pinned.name, version=3).state == "swapping"
    assert room.show(pinned.name).live == 1
    room.observe(None)
