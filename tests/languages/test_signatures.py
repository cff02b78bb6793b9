"""A signature takes what fits, gives it the signature's order and types, and names every field at fault."""

from __future__ import annotations

import json

import numpy as np
import pytest

from jupyter_kronkers.errors import Invalid
from jupyter_kronkers.languages import Column, Field, Signature

BIKES = Signature(
    inputs=(
        Field("hr", "long", "int64"),
        Field("temp", "double", "float64", missing=True),
        Field("season", "string", "category", levels=("spring", "winter"), missing=True),
        Field("holiday", "boolean", "bool"),
        Field("at", "datetime", "datetime64[ns]", missing=True),
    ),
    outputs=(Field("prediction", "double", "float64"),),
)


def one(type_, *, missing=False, levels=None):
    return Signature((Field("x", type_, "", levels, missing),))


def fitted(signature, values):
    (column,) = signature.fit({"x": values})
    return column


def faults(signature, columns):
    with pytest.raises(Invalid) as caught:
        signature.fit(columns)
    return {fault.field: fault.problem for fault in caught.value.faults}


def test_columns_come_in_the_order_and_types_of_the_signature_whatever_theirs_was():
    rows = {
        "unused": [None, {}],
        "at": ["2026-03-03T12:00:00Z", None],
        "holiday": [True, False],
        "season": ["winter", None],
        "temp": [1, None],
        "hr": [3, 4.0],
    }
    columns = BIKES.fit(rows)
    assert [c.name for c in columns] == ["hr", "temp", "season", "holiday", "at"]
    assert [c.values.dtype.kind for c in columns] == ["i", "f", "O", "b", "O"]
    assert columns[0].values.tolist() == [3, 4]
    assert columns[1].mask.tolist() == [False, True]
    assert columns[4].values.tolist() == ["2026-03-03T12:00:00", ""]


def test_every_field_at_fault_is_listed():
    rows = {"hr": ["8"], "season": ["summer"], "holiday": [None], "at": ["noon"]}
    assert faults(BIKES, rows) == {
        "columns.hr": "must be a whole number; it holds a text",
        "columns.temp": "is missing",
        "columns.season[0]": "has levels the model does not know: 'summer'. It knows 'spring', 'winter'",
        "columns.holiday[0]": "is missing, and the model was not made for that",
        "columns.at[0]": "must be a date or time in ISO 8601; it holds 'noon'",
    }


def test_columns_of_different_lengths_are_refused():
    signature = Signature((Field("a", "double"), Field("b", "double")))
    assert faults(signature, {"a": [1.0], "b": [1.0, 2.0]}) == {"columns": "have different lengths: 1, 2"}


@pytest.mark.parametrize(
    ("type_", "given", "expected"),
    [
        ("double", [1, 2], [1.0, 2.0]),
        ("double", [1, 2.5], [1.0, 2.5]),
        ("float", [0.1], [0.1]),
        ("long", [1.0, 2.0], [1, 2]),
        ("long", [2**63 - 1, -(2**63)], [2**63 - 1, -(2**63)]),
        ("integer", [2**31 - 1, -(2**31)], [2**31 - 1, -(2**31)]),
        ("boolean", [True, False], [True, False]),
        ("string", ["é", ""], ["é", ""]),
        ("datetime", ["2026-03-03"], ["2026-03-03"]),
        ("datetime", ["2026-03-03 12:00:00"], ["2026-03-03T12:00:00"]),
        ("datetime", ["2026-03-03T12:00:00.250000"], ["2026-03-03T12:00:00.25"]),
        ("datetime", ["2026-03-03T12:00:00.123456789"], ["2026-03-03T12:00:00.123456789"]),
        ("datetime", ["2026-03-03T12:00:00+02:00"], ["2026-03-03T10:00:00"]),
        ("datetime", ["2026-03-03T12:00:00.123456789-01:30"], ["2026-03-03T13:30:00.123456789"]),
        ("datetime", ["2026-03-03T12:30Z", "2026-03-03T12"], ["2026-03-03T12:30:00", "2026-03-03T12:00:00"]),
        ("double", [], []),
        ("string", [], []),
    ],
)
def test_what_fits_is_taken_without_loss(type_, given, expected):
    column = fitted(one(type_), given)
    assert column.values.tolist() == expected
    assert column.mask is None


@pytest.mark.parametrize(
    ("type_", "given", "problem"),
    [
        ("double", ["1.5"], "must be a number; it holds a text"),
        ("double", [True], "must be a number; it holds true or false"),
        ("double", [1, "a"], "must be a number; it holds a number and a text"),
        ("double", [[1]], "must be a number; it holds a list"),
        ("long", [1.5, 2.0], "must be a whole number"),
        ("long", [float("nan")], "must be a whole number"),
        ("long", [float("inf")], "must be a whole number"),
        ("long", [{}], "must be a whole number; it holds an object"),
        ("boolean", [1], "must be true or false; it holds a number"),
        ("string", [1], "must be a text; it holds a number"),
        ("datetime", [20260303], "must be a date or time in ISO 8601; it holds a number"),
        ("datetime", ["2026-02-30"], "must be a date or time in ISO 8601; it holds '2026-02-30'"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_guessed(type_, given, problem):
    (said,) = faults(one(type_), {"x": given}).values()
    assert said == problem


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30",
        "2016-12-31T23:59:60Z",
        "10000-01-01",
        "+10000-01-01",
        "9999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00+01:00",
        "20260303",
        "2026-W10-2",
        "2026-03-03T1200",
        "2026-03-03T12:30.5",
        "2026-03-03T12:00:00,5",
        "2026-03-03x12:00:00",
        "2026-03-29T02:30:00 Europe/Berlin",
        "2026-03-03T12:00:00.1234567890",
        "٢٠٢٦-03-03",
        "",
    ],
)
def test_a_time_that_languages_read_differently_is_refused(text):
    """faults: 47"""
    (said,) = faults(one("datetime"), {"x": [text]}).values()
    assert said.startswith("must be a date or time in ISO 8601")


@pytest.mark.parametrize(
    ("type_", "given"),
    [
        ("long", [2**63]),
        ("long", [-(2**63) - 1]),
        ("long", [10**400]),
        ("long", [2.0**53 + 2]),
        ("integer", [2**31]),
        ("integer", [-(2**31) - 1]),
        ("double", [2**53 + 1]),
        ("double", [0.5, 2**53 + 1]),
        ("double", [10**400]),
    ],
)
def test_numbers_that_would_be_rounded_are_out_of_range(type_, given):
    with pytest.raises(Invalid, match="out of range") as caught:
        one(type_).fit({"x": given})
    assert caught.value.code == "out_of_range"


@pytest.mark.parametrize(("type_", "empty"), [("double", 0.0), ("long", 0), ("boolean", False), ("string", "")])
def test_a_column_of_nothing_has_the_declared_type(type_, empty):
    column = fitted(one(type_, missing=True), [None, None])
    assert column.values.tolist() == [empty, empty]
    assert column.mask.tolist() == [True, True]


def test_missing_values_are_refused_where_the_model_saw_none():
    said = faults(one("double"), {"x": [1.0, None, None]})
    assert said == {"columns.x[1]": "is missing in 2 rows, and the model was not made for that"}


def test_nan_is_a_number_and_not_a_missing_one():
    column = fitted(one("double"), [float("nan")])
    assert np.isnan(column.values[0])
    assert column.mask is None


def test_ready_columns_are_checked_alike():
    column = Column("other name", np.array([1, 2], np.int32), np.array([False, False]))
    fit = fitted(one("double"), column)
    assert fit.name == "x"
    assert fit.values.dtype == np.float64
    assert fit.mask is None
    assert "must be a text" in faults(one("string"), {"x": column})["columns.x"]


def test_unsigned_integers_beyond_64_bits_are_out_of_range():
    with pytest.raises(Invalid, match="64 bits"):
        one("long").fit({"x": Column("x", np.array([2**63], np.uint64))})


def test_a_signature_survives_its_json():
    assert Signature.from_json(BIKES.to_json()) == BIKES


def test_the_signature_of_a_capture_is_read_from_its_text():
    field = {"name": "hr", "type": "long", "native": "integer", "levels": None, "missing": False}
    capture = {"format": 1, "language": "r", "inputs": [field], "outputs": [field | {"name": "prediction"}]}
    signature = Signature.of_capture(json.dumps(capture).encode())
    assert signature.inputs == (Field("hr", "long", "integer"),)
    assert signature.outputs[0].name == "prediction"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"{", "truncated"),
        (b'{"inputs": 1}', "inputs"),
        (b'{"inputs": [{"name": "x", "type": "number"}]}', "unknown type 'number'"),
        (b'{"inputs": [{"name": "x", "type": "long"}, {"name": "x", "type": "long"}]}', "occurs twice"),
    ],
)
def test_what_is_no_signature_is_refused_in_words(text, words):
    with pytest.raises(Invalid, match=words):
        Signature.from_json(text)


@pytest.mark.slow
def test_mlflow_reads_our_signature_as_its_own():
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    theirs = ModelSignature(
        Schema([ColSpec(DataType[field.type], field.name) for field in BIKES.inputs]),
        Schema([ColSpec(DataType.double, "prediction")]),
    )
    ours = ModelSignature.from_dict(BIKES.to_mlflow_json())
    assert ours == theirs
    assert ours.to_dict() == theirs.to_dict()


def test_a_large_request_is_fitted_without_a_loop_per_value_in_python():
    # Ready columns, as CSV and later formats give them: the time is NumPy's.
    column = Column("x", np.arange(1_000_000, dtype=np.float64))
    assert fitted(one("long"), column).values[-1] == 999_999
