"""Whatever a host writes into its pipe, the gateway lives: the host is ended, and who waited gets an error."""

from __future__ import annotations

import asyncio
import os
import struct
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_kronkers.errors import HostDied, HostFailed, ModelFailed, TimedOut
from jupyter_kronkers.languages import Column, Limits, frames
from jupyter_kronkers.serving.gateway.hosts.forking import Barren, Seed
from jupyter_kronkers.serving.gateway.hosts.replicas import Replica

READY = frames.encode(frames.READY, 0, [Column("pid", np.array([1]))])
REPLY = frames.encode(frames.REPLY, 1, [Column("prediction", np.array([2.0]))])


class Liar:
    """A host, or a seed's watcher, that has written all it will ever write, and then closed its pipe."""

    facts, log, pid_ = None, Path(os.devnull), 1

    def __init__(self, said: bytes) -> None:
        self.hears, self.requests = os.pipe()
        self.replies, says = os.pipe()
        self.ends = 0
        os.write(says, said)
        os.close(says)

    def pid(self, own: int) -> int:
        return own

    def proven(self, own: int) -> None: ...

    def end(self) -> None:
        self.ends += 1

    async def ended(self) -> str:
        return "it closed its pipe"

    async def stopped(self) -> None: ...


async def story(said: bytes):
    """What the caller of a host that says this gets, and the host's state in the end."""
    liar, ended = Liar(said), []

    async def begin():
        return liar

    replica = Replica(begin, "python", Limits(start_s=5), Path(os.devnull), lambda *gone: ended.append(gone))
    answer: object
    try:
        await replica.start()
        answered = asyncio.get_running_loop().create_future()
        replica.ask([Column("x", np.array([1.0]))], 5.0, answered.set_result)
        answer = await answered
        while replica.state != "ended":
            await asyncio.sleep(0)
    except HostFailed as problem:
        answer = problem
    os.close(liar.hears)
    return answer, replica.state, len(ended), liar.ends


def mangled(frame: bytes):
    """The frame cut short, with one byte changed, with another length, or with more behind it."""
    places = st.integers(0, len(frame) - 1)
    lengths = st.sampled_from([0, 18, 2**30, 2**31, 2**32 - 1]) | st.integers(0, 2**32 - 1)
    return st.one_of(
        places.map(lambda at: frame[:at]),
        st.tuples(places, st.integers(0, 255)).map(lambda it: frame[: it[0]] + bytes([it[1]]) + frame[it[0] + 1 :]),
        lengths.map(lambda length: struct.pack("<I", length) + frame[4:]),
        st.binary(max_size=64).map(lambda more: frame + more),
    )


anything = st.one_of(st.binary(max_size=2_000), mangled(READY), mangled(REPLY), st.just(struct.pack("<Q", 2**63)))


@settings(max_examples=300, deadline=None)
@given(st.one_of(anything, anything.map(lambda said: READY + said), anything.map(lambda said: READY + REPLY + said)))
def test_whatever_a_host_says_it_is_ended_and_its_caller_gets_an_error_or_its_answer(said):
    """faults: 189"""
    answer, state, told, ends = asyncio.run(story(said))
    assert isinstance(answer, HostDied | HostFailed | ModelFailed | TimedOut | list)
    assert (state, told) == ("ended", 1)
    assert ends >= 1
    if isinstance(answer, list):
        assert said.startswith(READY)


@settings(max_examples=200, deadline=None)
@given(anything | st.lists(st.sampled_from([b"forked", b"ended", b"cannot", b" ", b"\n", b"\xff", b"7"])).map(b"".join))
def test_whatever_a_seed_says_it_is_ended_and_gives_no_replica(said):
    """faults: 189"""

    async def sow():
        liar = Liar(READY + said)
        folder = os.open(os.curdir, os.O_RDONLY)
        seed = Seed(liar, (liar.requests, liar.replies, folder), Path(os.devnull) / "room", Path(os.devnull))
        await seed._listen()
        try:
            seed._take_word(await seed._ready, "python")
        except (Barren, HostFailed):
            seed.end()
        await seed.stopped()
        os.close(liar.hears)
        return seed.gone

    assert asyncio.run(sow())
