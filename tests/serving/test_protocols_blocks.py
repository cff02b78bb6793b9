"""Blocks: what one process puts into memory, another one gets."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_kronkers.serving.gateway.protocols import blocks
from jupyter_kronkers.serving.gateway.protocols.blocks import KEPT, PIECE, Block


@pytest.fixture(params=["memory", "file"])
def block(request, monkeypatch) -> Iterator[Block]:
    if request.param == "file":
        monkeypatch.delattr(blocks.os, "memfd_create", raising=False)
    made = Block.made()
    yield made
    made.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sizes=st.lists(st.sampled_from([0, 1, 7, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE]), max_size=4))
def test_it_holds_the_last_body_whole(block, sizes):
    for at, size in enumerate(sizes):
        body = os.urandom(size)
        if at % 2:
            block.put(body)
        else:
            asyncio.run(block.put_by_pieces(body))
        assert block.get(size) == body
        assert asyncio.run(block.get_by_pieces(size)) == body


def test_a_child_process_sees_the_same(block):
    block.put(b"for the child")
    program = "import os, sys; fd = int(sys.argv[1]); print(os.pread(fd, 13, 0).decode()); os.pwrite(fd, b'from it', 0)"
    words = [sys.executable, "-c", program, str(block.descriptor)]
    done = subprocess.run(words, pass_fds=[block.descriptor], capture_output=True, text=True, check=True)
    assert done.stdout == "for the child\n"
    assert block.get(7) == b"from it"


def test_less_than_was_announced_is_a_broken_connection(block):
    block.put(b"short")
    with pytest.raises(ConnectionError):
        block.get(6)
    with pytest.raises(ConnectionError):
        asyncio.run(block.get_by_pieces(6))


def test_others_have_their_turn_while_a_body_is_copied(block):
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def copy():
        counting = asyncio.create_task(count())
        await block.put_by_pieces(bytes(8 * PIECE))
        await block.get_by_pieces(8 * PIECE)
        counting.cancel()

    asyncio.run(copy())
    assert turns >= 16


def test_a_large_body_gives_its_memory_back(block):
    block.put(bytes(KEPT + PIECE))
    block.spare(KEPT + PIECE)
    assert os.fstat(block.descriptor).st_size == KEPT
    block.spare(PIECE)
    assert os.fstat(block.descriptor).st_size == KEPT
