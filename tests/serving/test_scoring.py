"""From body to columns and from answers to body."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kronkers.errors import Invalid, ModelFailed
from jupyter_kronkers.languages import Field, Signature
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.serving.gateway.protocols import forms, scoring

KINDS = ["double", "float", "long", "integer", "boolean", "string"]
cells = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3)
)
uniform = st.sampled_from(
    [st.booleans(), st.integers(-5, 5), st.integers(2**52, 2**64), st.floats(-9, 9), st.text(max_size=3), cells]
)


@given(st.lists(st.tuples(st.sampled_from(KINDS), uniform), min_size=1, max_size=4), st.integers(1, 4), st.data())
def test_the_quick_way_gives_what_the_whole_way_gives(columns, rows, data):
    """faults: 42, 45, 46"""
    signature = Signature(tuple(Field(f"c{n}", kind) for n, (kind, _) in enumerate(columns)))
    table = {f"c{n}": [data.draw(kind) for _ in range(rows)] for n, (_, kind) in enumerate(columns)}
    quick = scoring.plain(signature, table)
    if quick is None:
        return
    for one, other in zip(quick, signature.fit(table), strict=True):
        assert (one.name, one.values.dtype, one.mask, other.mask) == (other.name, other.values.dtype, None, None)
        np.testing.assert_array_equal(one.values, other.values)


def told(*fields: Field, **columns):
    signature = Signature((), fields)
    made = [columns[field.name] for field in fields]
    return scoring.predictions(signature, made)


def column(name, values, mask=None):
    return Column(name, np.array(values), None if mask is None else np.array(mask))


def test_one_column_is_a_list_and_several_are_records():
    one = told(Field("p", "double"), p=column("p", [1.5, 2.0]))
    several = told(Field("p", "double"), Field("q", "long"), p=column("p", [1.5]), q=column("q", [7]))
    assert json.loads(one) == {"predictions": [1.5, 2.0]}
    assert json.loads(several) == {"predictions": [{"p": 1.5, "q": 7}]}


def test_a_missing_answer_is_null():
    """faults: 41"""
    assert json.loads(told(Field("p", "double"), p=column("p", [1.0, 0.0], [False, True]))) == {
        "predictions": [1.0, None]
    }
    nan = told(Field("p", "double", missing=True), p=column("p", [float("nan")]))
    assert json.loads(nan) == {"predictions": [None]}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_no_answer_has_a_number_that_json_cannot_carry(value):
    """faults: 41, 63"""
    with pytest.raises(ModelFailed) as raised:
        told(Field("p", "double"), p=column("p", [1.0, value]))
    assert raised.value.code == "bad_model_output"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back_as_the_very_same(value):
    """faults: 42"""
    assert json.loads(told(Field("p", "double"), p=column("p", [value]))) == {"predictions": [value]}


@pytest.mark.parametrize(
    ("header", "form"),
    [
        (b"application/json", "json"),
        (b"application/json; charset=UTF-8", "json"),
        (b'TEXT/CSV;header=present; charset="utf-8"', "csv"),
        (b"application/x-parquet", "parquet"),
        (b"application/json; charset=latin-1", None),
        (b"application/x-pickle", None),
        (b"", None),
        (b"\xff\xfe", None),
    ],
)
def test_the_type_of_a_body_is_known_or_refused(header, form):
    """faults: 55"""
    assert forms.form_of(header) == form


def test_too_many_rows_are_refused():
    """faults: 49"""
    with pytest.raises(Invalid, match="11"):
        scoring.read_json(Signature((Field("x", "double"),)), json.dumps({"inputs": [1.0] * 11}).encode(), 10)
