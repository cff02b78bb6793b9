"""Arrow and Parquet, read by themselves: what other tools write comes in exactly, everything else is refused."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kronkers.errors import Invalid, ModelFailed, TooLarge
from jupyter_kronkers.languages import Field, Signature
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.serving.gateway.protocols import arrow
from jupyter_kronkers.serving.gateway.protocols.shape import About, Reply

TABLE = Signature((Field("x", "double"), Field("n", "long"), Field("t", "string"), Field("b", "boolean")))
GOOD = pa.table({"x": [1.5, 2.5], "n": [7, 8], "t": ["a", "é"], "b": [True, False]})


def stream(table: pa.Table, **options) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as out:
        out.write_table(table)
    return sink.getvalue().to_pybytes()


def file(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as out:
        out.write_table(table)
    return sink.getvalue().to_pybytes()


def parquet(table: pa.Table, **options) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


FORMS = [(arrow.read_stream, stream), (arrow.read_file, file), (arrow.read_parquet, parquet)]


@pytest.mark.parametrize(("read", "write"), FORMS)
def test_a_table_comes_in_by_name(read, write):
    """faults: 45"""
    shuffled = GOOD.select(["b", "t", "x", "n"]).append_column("more", pa.array([[1], [2]]))
    asked = read(TABLE, write(shuffled), 10)
    assert asked.rows == 2
    assert [column.values.tolist() for column in asked.columns] == [[1.5, 2.5], [7, 8], ["a", "é"], [True, False]]
    assert [column.values.dtype.kind for column in asked.columns] == ["f", "i", "O", "b"]


@pytest.mark.parametrize(("read", "write"), FORMS)
def test_no_rows_are_no_rows(read, write):
    """faults: 48"""
    assert read(TABLE, write(GOOD.slice(0, 0)), 10).rows == 0


@pytest.mark.parametrize(("read", "write"), FORMS)
def test_too_many_rows_are_refused(read, write):
    """faults: 49"""
    with pytest.raises(TooLarge, match="limit is 1"):
        read(TABLE, write(GOOD), 1)


def one(kind: str, values: pa.Array, **more) -> Column:
    return arrow.read_stream(Signature((Field("c", kind, **more),)), stream(pa.table({"c": values})), 100).columns[0]


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("double", pa.array([1.5], pa.float32()), [1.5]),
        ("double", pa.array(np.array([0.5], np.float16)), [0.5]),
        ("double", pa.array([3], pa.uint8()), [3.0]),
        ("long", pa.array([3.0]), [3]),
        ("integer", pa.array([-5], pa.int8()), [-5]),
        ("string", pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        ("string", pa.array(["a"], pa.large_string()), ["a"]),
        ("string", pa.array(["a" * 20], pa.string_view()), ["a" * 20]),
        ("datetime", pa.array([dt.date(2026, 11, 23)]), ["2026-11-23"]),
        ("datetime", pa.array([dt.datetime(2026, 11, 23, 6)], pa.timestamp("us")), ["2026-11-23T06:00:00"]),
        (
            "datetime",
            pa.array([dt.datetime(2026, 11, 23, 6, 0, 0, 250_000)], pa.timestamp("ns", "America/New_York")),
            ["2026-11-23T06:00:00.25"],
        ),
        ("datetime", pa.array(["2026-11-23T07:00:00+01:00"]), ["2026-11-23T06:00:00"]),
    ],
)
def test_kin_types_come_in_exactly(kind, values, expected):
    """faults: 42, 47"""
    assert one(kind, values).values.tolist() == expected


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        ("double", pa.array([2**53 + 1]), "out of range"),
        ("long", pa.array([2**63], pa.uint64()), "out of range"),
        ("integer", pa.array([2**31]), "out of range"),
        ("long", pa.array([1.5]), "whole number"),
        ("double", pa.array([float("inf")]), "is infinite"),
        ("double", pa.array([float("nan")]), "is missing"),
        ("double", pa.array([None, 1.0]), "is missing"),
        ("double", pa.array(["1"]), "holds a text"),
        ("string", pa.array([1]), "holds a number"),
        ("boolean", pa.array([1]), "true or false"),
        ("double", pa.array([decimal.Decimal("1.5")]), "decimal128"),
        ("double", pa.array([[1.5]]), "list"),
        ("string", pa.array([b"a"]), "binary"),
        ("datetime", pa.array([10**18], pa.timestamp("s")), "ISO 8601"),
    ],
)
def test_nothing_is_guessed_or_rounded(kind, values, words):
    """faults: 41, 42, 46, 47"""
    with pytest.raises(Invalid, match=words):
        one(kind, values)


def test_gaps_pass_where_the_signature_knows_them():
    """faults: 41"""
    for values in (pa.array([None, 1.0]), pa.array([float("nan"), 1.0])):
        assert one("double", values, missing=True).mask.tolist() == [True, False]
    assert one("long", pa.array([None, None]), missing=True).mask.tolist() == [True, True]
    assert one("string", pa.array(["a", None]), missing=True).values.tolist() == ["a", ""]


def test_every_column_at_fault_is_named():
    """faults: 45"""
    with pytest.raises(Invalid) as raised:
        arrow.read_parquet(TABLE, parquet(pa.table({"x": ["1"], "n": [1.5], "T": ["a"]})), 10)
    assert {fault.field.partition("[")[0] for fault in raised.value.faults} == {f"columns.{name}" for name in "xntb"}


def test_a_column_that_is_there_twice_is_refused():
    """faults: 44"""
    twice = pa.Table.from_arrays([pa.array([1.0]), pa.array([2.0])], ["x", "x"])
    with pytest.raises(Invalid, match="occurs twice"):
        arrow.read_stream(TABLE, stream(twice), 10)


@pytest.mark.parametrize(("read", "write"), FORMS)
def test_a_cut_table_is_refused(read, write):
    """faults: 56"""
    whole = write(GOOD)
    for end in range(0, len(whole) - 1, max(1, len(whole) // 60)):
        with contextlib.suppress(Invalid):
            assert read(TABLE, whole[:end], 10).rows in (0, 2)


@pytest.mark.slow
@given(st.sampled_from(FORMS), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4))
def test_a_table_with_other_bytes_is_read_or_refused(form, changes):
    """faults: 56"""
    read, write = form
    changed = bytearray(write(GOOD))
    for place, byte in changes:
        changed[place % len(changed)] = byte
    with contextlib.suppress(Invalid):
        read(TABLE, bytes(changed), 10)


@given(st.binary(max_size=200), st.sampled_from(FORMS))
def test_any_bytes_are_read_or_refused(body, form):
    """faults: 56"""
    with contextlib.suppress(Invalid):
        form[0](TABLE, body, 10)


# Answers


def written(field: Field, column: Column) -> pa.Table:
    body = arrow.write_stream(Signature((), (field,)), [column], Reply(), About()).body
    return pa.ipc.open_stream(body).read_all()


def test_answers_are_a_stream():
    assert written(Field("p", "double"), Column("p", np.array([1.5]))).to_pydict() == {"p": [1.5]}
    assert written(Field("p", "string"), Column("p", np.array(["é"], object))).to_pydict() == {"p": ["é"]}
    gaps = Column("p", np.array([0.0, 1.0]), np.array([True, False]))
    assert written(Field("p", "double", missing=True), gaps).to_pydict() == {"p": [None, 1.0]}


def test_no_answer_has_a_number_that_is_none():
    """faults: 41, 63"""
    with pytest.raises(ModelFailed):
        written(Field("p", "double"), Column("p", np.array([np.nan])))
