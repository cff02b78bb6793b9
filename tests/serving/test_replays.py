"""Replays: what is kept under an Idempotency-Key, for how long, and how much."""

from __future__ import annotations

import pytest

from jupyter_kronkers.errors import Invalid
from jupyter_kronkers.serving.gateway.answers import Answer
from jupyter_kronkers.serving.gateway.requests.replays import KEPT_S, LARGEST, Busy, Key, Replays

ONE, TWO = Key("token", "bikes", b"1"), Key("token", "bikes", b"2")
ANSWER = Answer(200, b"1234567890")


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def kept(replays: Replays, key: Key, answer: Answer = ANSWER) -> None:
    assert replays.begin(key, b"request") is None
    replays.finish(key, answer)


def test_an_answer_is_kept_for_a_while():
    """faults: 59"""
    clock = Clock()
    replays = Replays(clock)
    kept(replays, ONE)
    clock.now += KEPT_S - 1
    assert replays.begin(ONE, b"request").body == ANSWER.body
    clock.now += 2
    assert replays.begin(ONE, b"another") is None


def test_the_oldest_goes_when_there_are_too_many_or_too_much():
    """faults: 59"""
    for limit in ({"most": 1}, {"most_bytes": 19}):
        replays = Replays(Clock(), **limit)
        kept(replays, ONE)
        kept(replays, TWO)
        assert replays.begin(TWO, b"request").body == ANSWER.body
        assert replays.begin(ONE, b"request") is None


def test_what_is_still_answered_is_never_let_go():
    """faults: 59. Else its answer could become the answer of another request."""
    clock = Clock()
    replays = Replays(clock, most=1)
    assert replays.begin(ONE, b"request") is None
    clock.now += 2 * KEPT_S
    kept(replays, TWO)
    with pytest.raises(Busy):
        replays.begin(ONE, b"request")
    with pytest.raises(Invalid):
        replays.begin(ONE, b"another")


@pytest.mark.parametrize("answer", [None, Answer(503, b""), Answer(200, bytes(LARGEST + 1))])
def test_a_key_is_free_again_after_what_is_not_kept(answer):
    """faults: 59"""
    replays = Replays(Clock())
    kept(replays, ONE, answer)
    assert replays.begin(ONE, b"another") is None
    assert len(replays) == 1
