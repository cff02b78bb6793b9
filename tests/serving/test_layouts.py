"""Plain rows: what the typed decoder takes is what the general way takes, and the frames are the same bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kronkers.errors import Invalid
from jupyter_kronkers.languages import Field, Signature, frames
from jupyter_kronkers.serving.gateway.layouts import Layout
from jupyter_kronkers.serving.gateway.protocols import payloads

FIELDS = (
    Field("x", "double"),
    Field("n", "long"),
    Field("small", "integer"),
    Field("yes", "boolean"),
    Field("wört 語", "string"),
    Field("kind", "string", levels=("a", "b\"'")),
)
SIGNATURE = Signature(FIELDS, (Field("prediction", "double"),))
LAYOUT = Layout.of(SIGNATURE)
NUMBERS = Signature(tuple(Field(f"x{i}", "double") for i in range(3)), (Field("prediction", "double"),))

anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(["a", "b\"'", 2**53, 2**53 + 1, -(2**63), 2**63, 2**31, 0]),
)
right = st.tuples(
    st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**53), 2**53)),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**31), 2**31 - 1),
    st.booleans(),
    st.text(),
    st.sampled_from(["a", "b\"'"]),
)
names = [field.name for field in FIELDS]


def bodies(rows) -> list[bytes]:
    """The same rows in each form that has them row by row."""
    records = [dict(zip(names, row, strict=True)) for row in rows]
    forms = [{"dataframe_split": {"columns": names, "data": rows}}, {"instances": rows}, {"inputs": rows}]
    return [json.dumps(form).encode() for form in (*forms, {"dataframe_records": records})]


def general(body: bytes):
    return frames.encode(frames.REQUEST, 7, SIGNATURE.fit(payloads.from_json(body, names)))


@given(st.lists(right, min_size=1, max_size=5))
def test_plain_rows_make_the_very_frame_of_the_general_way(rows):
    for body in bodies(rows):
        read = LAYOUT.read(body)
        if ":" not in "".join(row[4] for row in rows):
            assert read is not None
        if read is not None:
            assert LAYOUT.frame(7, read) == general(body)
            assert frames.encode(frames.REQUEST, 7, LAYOUT.columns(read)) == general(body)


@given(st.lists(st.tuples(*[anything] * 6), min_size=1, max_size=3))
def test_what_the_general_way_refuses_is_not_plain(rows):
    """faults: 41, 42, 45, 46"""
    for body in bodies(rows):
        try:
            expected = general(body)
        except Invalid:
            expected = None
        read = LAYOUT.read(body)
        assert read is None or LAYOUT.frame(7, read) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"instances": [[1, 2, 3]], "inputs": [[1, 2, 3]]}',
        b'{"instances": [[1, 2, 3]], "instances": [[4, 5, 6]]}',
        b'{"dataframe_records": [{"x0": 1, "x0": 2, "x1": 3, "x2": 4}]}',
        b'{"dataframe_split": {"columns": ["x1", "x0", "x2"], "data": [[1, 2, 3]]}}',
        b'{"dataframe_split": {"columns": ["x0", "x1", "x2"], "data": [[1, 2]]}}',
        b'{"dataframe_split": {"columns": ["x0", "x1", "x2"], "data": [[1, 2, 3]], "index": [0]}}',
        b'{"instances": [[1, 2, null]]}',
        b'{"instances": [[1, 2, NaN]]}',
        b'{"instances": [[1, 2, 1e999]]}',
        b'{"instances": [[1, 2, "3"]]}',
        b'{"instances": [[1, 2, true]]}',
        b'{"instances": [[1, 2, 9007199254740993]]}',
        b'{"instances": [[1, 2, 3]], "params": {"a": 1}}',
        b'{"instances": [[1, 2, 3]]} x',
        b"\xff\xfe",
    ],
)
def test_whatever_is_not_plain_goes_the_general_way(body):
    """faults: 41, 42, 44, 50"""
    assert Layout.of(NUMBERS).read(body) is None


def test_times_and_very_wide_signatures_have_no_layout():
    assert Layout.of(Signature((Field("at", "datetime"),))) is None
    assert Layout.of(Signature(tuple(Field(f"x{i}", "double") for i in range(501)))) is None


def test_a_name_that_no_record_can_have_leaves_the_other_forms():
    layout = Layout.of(Signature((Field('a"b', "double"),)))
    assert layout.read(b'{"instances": [[1.5]]}') == [(1.5,)]
    assert layout.read(json.dumps({"dataframe_records": [{'a"b': 1.5}]}).encode()) is None
