"""The order of what Julia prints and displays, however the pipe cuts it."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kronkers.languages.julia.printed import Printed
from jupyter_kronkers.languages.julia.wire import pack, unpack

MARK = b"\x1e\x02mark"
TEXTS = st.lists(st.text(alphabet="aé漢\x1e\x02m", max_size=6), min_size=1, max_size=4)


async def shown(texts: list[str], cuts: list[int]) -> list[str]:
    """Texts with a mark behind each, sent in pieces; a display follows each mark, as the kernel does it."""
    seen: list[str] = []
    printed, stream = Printed(MARK, seen.append), asyncio.StreamReader()
    pump = asyncio.create_task(printed.pump(stream))
    raw = b"".join(text.encode() + MARK + b"%08x" % number for number, text in enumerate(texts, 1))
    edges = sorted({0, len(raw), *(cut % (len(raw) + 1) for cut in cuts)})
    for start, end in pairwise(edges):
        stream.feed_data(raw[start:end])
        await asyncio.sleep(0)
    for number in range(1, len(texts) + 1):
        assert await printed.seen(number)
        printed.release(number)
        seen.append(f"<display {number}>")
    stream.feed_eof()
    await pump
    return seen


@given(TEXTS, st.lists(st.integers(0, 1_000), max_size=6))
def test_prints_and_displays_keep_their_order_however_the_pipe_cuts_them(texts: list[str], cuts: list[int]) -> None:
    wanted = "".join(f"{text}<display {number}>" for number, text in enumerate(texts, 1))
    assert "".join(asyncio.run(shown(texts, cuts))) == wanted


def test_a_mark_that_never_comes_is_not_waited_for_long() -> None:
    async def waits() -> bool:
        return await Printed(MARK, lambda _: None).seen(1, limit_s=0.01)

    assert not asyncio.run(waits())


def test_the_end_of_the_pipe_shows_what_was_held() -> None:
    async def ends() -> list[str]:
        seen: list[str] = []
        printed, stream = Printed(MARK, seen.append), asyncio.StreamReader()
        stream.feed_data(b"before" + MARK + b"00000001behind" + MARK[:3])
        stream.feed_eof()
        await printed.pump(stream)
        assert await printed.seen(1)
        return seen

    assert "".join(asyncio.run(ends())) == "beforebehind" + MARK[:3].decode()


@pytest.mark.parametrize("fields", [[], [""], ["run", "é\n漢", "1"]])
def test_a_message_is_read_as_it_was_written(fields: list[str]) -> None:
    assert unpack(pack(*fields)[4:]) == fields


def test_a_lone_surrogate_cannot_break_the_wire() -> None:
    assert unpack(pack("a\ud800b")[4:]) == ["a?b"]
