"""Turns by themselves: who floods waits, who does not does not."""

from __future__ import annotations

import asyncio
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from jupyter_kronkers.serving.gateway.requests.turns import LATELY_S, Turns


def begun_by_turn(arrivals: list[list[str]], alone: int, together: int | None = None) -> list[list[str]]:
    """What is begun in each turn of the loop, when these arrive in its turns."""
    turns_of_the_loop: list[list[str]] = []

    async def main() -> None:
        begin = lambda exchange: turns_of_the_loop[-1].append(exchange)  # noqa: E731, PLW0108 - the last changes
        turns = Turns(begin, alone, together or alone)
        for arriving in arrivals:
            turns_of_the_loop.append([])
            for deployment in arriving:
                turns.take(deployment, deployment)
            await asyncio.sleep(0)
        while sum(map(len, turns_of_the_loop)) < sum(map(len, arrivals)):
            turns_of_the_loop.append([])
            await asyncio.sleep(0)

    asyncio.run(main())
    return turns_of_the_loop


def test_a_flood_at_one_deployment_does_not_hold_up_another():
    turns = begun_by_turn([["a"] * 100 + ["b"], [], []], 10)
    assert turns[0] == ["a"] * 10 + ["b"] + ["a"] * 10
    assert all(turn.count("a") <= 20 for turn in turns)


def test_who_has_the_loop_for_himself_gets_more_of_it():
    assert max(map(len, begun_by_turn([["a"] * 100], 50, 5))) >= 50
    shared = begun_by_turn([["b"], ["a"] * 100, [], []], 50, 5)
    assert max(turn.count("a") for turn in shared) <= 10


def test_a_while_after_the_others_have_gone_he_gets_it_again():
    async def main() -> None:
        begun: list[str] = []
        turns = Turns(begun.append, 50, 5)
        for deployment in "ab":
            turns.take(deployment, deployment)
        await asyncio.sleep(LATELY_S * 1.5)
        turns.take("b", "b")
        await asyncio.sleep(0.01)
        for _ in range(50):
            turns.take("b", "b")
        assert len(begun) == 53

    asyncio.run(main())


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=30), max_size=8), st.integers(1, 5))
def test_everything_is_begun_once_and_nobody_gets_more_than_his_share(arrivals, at_most):
    turns = begun_by_turn(arrivals, at_most)
    assert sorted(chain(*turns)) == sorted(chain(*arrivals))
    assert all(turn.count(deployment) <= 2 * at_most for turn in turns for deployment in "abc")
