"""Readers: what is read in another process comes back as if it had been read here, and harms nobody."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import os
import signal
import subprocess
import sys
import zlib

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kronkers.errors import Invalid, KronkersError, TimedOut, TooLarge, Unavailable
from jupyter_kronkers.languages import Field, Signature
from jupyter_kronkers.languages.frames import REQUEST, Column, encode
from jupyter_kronkers.serving.gateway.protocols import codings, forms, readers
from jupyter_kronkers.serving.gateway.protocols.jobs import Done, Job, Refusal
from jupyter_kronkers.serving.gateway.protocols.packed import Packed
from jupyter_kronkers.serving.gateway.protocols.shape import About
from tests.serving.conftest import gone, until

SIGNATURE = Signature((Field("x", "double"), Field("t", "string")), (Field("p", "double"),))
BODY = json.dumps({"dataframe_split": {"columns": ["x", "t"], "data": [[1.5, "a"], [2.5, "é"]]}}).encode()
LARGEST = 1 << 20


def job(form=forms.JSON, **more) -> Job:
    return Job(form, SIGNATURE.to_json(), rows=100_000, largest=LARGEST, **more)


def with_readers(work, **options):
    """What `work(readers)` gives, with readers of its own that are gone afterwards."""

    async def run():
        pool = readers.Readers(**options)
        try:
            return await work(pool)
        finally:
            await pool.close()

    return asyncio.run(run())


def done(body: bytes, asked: Job, **options) -> tuple[Done, bytes]:
    return with_readers(lambda pool: pool.do("bikes", asked, body), **options)


def processes() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if "protocols.reader" in " ".join(one.cmdline())]


def test_a_body_comes_back_as_the_frame_that_a_host_gets():
    told, frame = done(BODY, job())
    packed = Packed(frame)
    assert told.rows == 2
    assert packed.frame(7) == encode(REQUEST, 7, list(packed))
    assert [column.values.tolist() for column in packed] == [[1.5, 2.5], ["a", "é"]]


def test_a_refusal_comes_back_with_every_fault():
    """faults: 45"""
    with pytest.raises(Invalid) as raised:
        done(b'{"dataframe_records": [{"x": "1", "T": "a"}]}', job())
    assert {fault.field for fault in raised.value.faults} == {"columns.x", "columns.t"}


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("gzip", lambda b: gzip.compress(b[:9]) + gzip.compress(b[9:])),
    ],
)
def test_a_coded_body_is_unpacked(coding, pack):
    assert done(pack(BODY), job(coding=coding))[0].rows == 2


@pytest.mark.parametrize(
    "body",
    [b"", b"x", gzip.compress(BODY)[:-3], gzip.compress(BODY) + b"more", zlib.compress(BODY)],
    ids=["nothing", "one byte", "cut off", "with a tail", "of another coding"],  # gzip's own bytes tell the time
)
def test_a_damaged_coding_is_refused(body):
    """faults: 51"""
    with pytest.raises(Invalid) as raised:
        done(body, job(coding="gzip"))
    assert raised.value.code == "malformed"


def test_a_bomb_is_refused_within_its_budget():
    """faults: 22, 51"""
    bomb = gzip.compress(bytes(1 << 28), 9)
    before = psutil.Process().memory_info().rss
    with pytest.raises(TooLarge):
        codings.decoded(bomb, "gzip", LARGEST)
    assert psutil.Process().memory_info().rss - before < 16 << 20
    with pytest.raises(TooLarge, match="1,048,576"):
        done(bomb, job(coding="gzip"))
    assert codings.little(bomb, "gzip", 1 << 10) is None


@given(st.binary(max_size=100), st.sampled_from(sorted(codings.WINDOWS)))
def test_any_coded_bytes_are_unpacked_or_refused(body, coding):
    """faults: 51"""
    with contextlib.suppress(Invalid):
        codings.decoded(body, coding, 1_000)


def bombs() -> list[tuple[str, bytes]]:
    """Small bodies that claim much: a text that stands for 100,000 rows, rows by the billion, a column of nothing."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    text = pa.array(["x" * 200_000])
    rows = pa.DictionaryArray.from_arrays(pa.array(np.zeros(100_000, np.int32)), text)
    table = pa.table({"x": np.zeros(100_000), "t": rows})
    sink, file = pa.BufferOutputStream(), io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)
    pq.write_table(table, file)
    return [(forms.ARROW, sink.getvalue().to_pybytes()), (forms.PARQUET, file.getvalue())]


@pytest.mark.slow
def test_tables_that_unpack_to_more_than_there_is_are_refused():
    """faults: 22, 56"""
    for form, body in bombs():
        assert len(body) < 3 << 20
        with pytest.raises(Invalid) as raised:
            done(body, job(form))
        assert raised.value.code in ("too_large", "unreadable")


def test_a_reader_that_is_killed_is_replaced_and_its_body_read():
    """faults: 56"""

    async def work(pool):
        await pool.do("bikes", job(), BODY)
        (victim,) = processes()
        victim.send_signal(signal.SIGSTOP)
        under_way = asyncio.create_task(pool.do("bikes", job(), BODY))
        await asyncio.sleep(0.05)
        victim.kill()
        return await under_way, victim.pid

    (told, _), pid = with_readers(work)
    assert told.rows == 2
    assert gone([pid])


def test_a_body_that_takes_too_long_is_given_up_and_the_next_is_read():
    """faults: 56"""

    async def work(pool):
        await pool.do("bikes", job(), BODY)
        processes()[0].send_signal(signal.SIGSTOP)
        pool._job_s = 0.2
        with pytest.raises(TimedOut):
            await pool.do("bikes", job(), BODY)
        pool._job_s = 20.0
        return await pool.do("bikes", job(), BODY)

    assert with_readers(work)[0].rows == 2


def test_one_deployments_monster_leaves_a_reader_to_the_others():
    """faults: 49, 52"""

    async def work(pool):
        await pool.do("monster", job(), BODY)
        (held,) = processes()
        held.send_signal(signal.SIGSTOP)
        monsters = [asyncio.create_task(pool.do("monster", job(), BODY)) for _ in range(3)]
        await asyncio.sleep(0)
        told = [await pool.do(name, job(), BODY) for name in ("bikes", "double", "bikes")]
        assert not any(monster.done() for monster in monsters)
        held.send_signal(signal.SIGCONT)
        return told + await asyncio.gather(*monsters)

    assert [one.rows for one, _ in with_readers(work)] == [2] * 6


def test_no_more_wait_than_may_and_none_for_ever():
    """faults: 49, 62"""

    async def work(pool):
        await pool.do("bikes", job(), BODY)
        held = processes()[0]
        held.send_signal(signal.SIGSTOP)
        waiting = [asyncio.create_task(pool.do("bikes", job(), BODY)) for _ in range(readers.QUEUE + 2)]
        problems = list(await asyncio.gather(*waiting[1:], return_exceptions=True))
        held.send_signal(signal.SIGCONT)
        await waiting[0]
        return problems

    problems = with_readers(work, wait_s=0.3)
    assert all(isinstance(problem, Unavailable) and problem.retry_after_s >= 1 for problem in problems)
    assert sum("wait to be read already" in problem.message for problem in problems) == 1


def test_bodies_that_nobody_waits_for_are_not_read():
    """faults: 60"""
    with pytest.raises(Unavailable, match="has left"):
        with_readers(lambda pool: pool.do("bikes", job(), BODY, lambda: True))
    assert not processes()


def test_bodies_of_all_deployments_together_are_bounded(monkeypatch):
    """faults: 49, 62. Who has none waiting may add one; nobody's large bodies keep the others out."""
    monkeypatch.setattr(readers, "ALL_BYTES", 3 * len(BODY))

    async def work(pool):
        await asyncio.gather(*(pool.do(name, job(), BODY) for name in "ab"))
        held = processes()
        for one in held:
            one.send_signal(signal.SIGSTOP)
        asked = [asyncio.create_task(pool.do(name, job(), BODY)) for name in "abaabbcc"]
        await asyncio.wait([asked[5], asked[7]])
        for one in held:
            one.send_signal(signal.SIGCONT)
        return await asyncio.gather(*asked, return_exceptions=True)

    refused = [isinstance(told, Unavailable) for told in with_readers(work)]
    assert refused == [False] * 5 + [True, False, True]


def test_answers_are_written_there_too():
    answers = encode(REQUEST, 0, [Column("p", np.array([1.5, 2.5]))])
    told, body = done(answers, job(write=True, about=About("bikes", 1, "i"), gzip=True))
    assert json.loads(gzip.decompress(body)) == {"predictions": [1.5, 2.5]}
    assert told.headers == b"Content-Encoding: gzip\r\n"


def test_a_reader_ends_with_its_owner():
    """faults: 164"""
    code = """
import asyncio, os, sys
from tests.serving.test_protocols_readers import BODY, job, processes, readers
async def main():
    pool = readers.Readers()
    await pool.do("bikes", job(), BODY)
    print(processes()[0].pid, flush=True)
    os.kill(os.getpid(), 9)
asyncio.run(main())
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=os.getcwd(), check=False)
    until(lambda: gone([int(ended.stdout)]), "the reader's end")


def test_an_error_travels_whole():
    problem = TooLarge("The number of rows", 3, 2, remedy="Fewer.")
    back = Refusal.of(problem).error()
    assert (type(back), str(back), back.code) == (TooLarge, str(problem), "too_large")
    assert Refusal.of(KronkersError("x")).error().message == "x"
