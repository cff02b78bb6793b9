"""Tensors and inference requests, read by themselves: bytes as the specification spells them, and bytes of any kind."""

from __future__ import annotations

import contextlib
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kronkers.errors import Invalid, ModelFailed
from jupyter_kronkers.languages import Field, Signature
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.serving.gateway.protocols import inference, tensors
from jupyter_kronkers.serving.gateway.protocols.shape import About, Reply, Wanted

NUMBERS = Signature((Field("a", "double"), Field("b", "long")), (Field("p", "double"),))
TEXT = Signature((Field("t", "string"),), (Field("p", "string"),))
ABOUT = About("bikes", 3, "id-1")


def tensor(name, datatype, shape, data=None, **parameters):
    made = {"name": name, "datatype": datatype, "shape": shape}
    return made | ({"data": data} if data is not None else {}) | ({"parameters": parameters} if parameters else {})


def read(signature, *inputs, rest=b"", most_rows=1_000, **more):
    text = json.dumps({"inputs": list(inputs), **more}).encode()
    return inference.read(signature, text + rest, most_rows, len(text) if rest else None)


def refused(signature, *inputs, rest=b"", **more) -> Invalid:
    with pytest.raises(Invalid) as raised:
        read(signature, *inputs, rest=rest, **more)
    return raised.value


A, B = tensor("a", "FP64", [2], [1.5, 2]), tensor("b", "INT64", [2, 1], [[7], [8]])


def test_a_tensor_is_a_column_flat_or_nested():
    asked = read(NUMBERS, A, B)
    assert asked.rows == 2
    assert [column.values.tolist() for column in asked.columns] == [[1.5, 2.0], [7, 8]]


def test_binary_tensors_lie_behind_the_json_in_their_order():
    """The layout of the binary extension: little-endian, without padding, one tensor after the other."""
    first, second = b"\x00\x00\x00\x00\x00\x00\xf8\x3f\x00\x00\x00\x00\x00\x00\x00\x40", b"\x07\x00\x08\x00"
    inputs = tensor("a", "FP64", [2], binary_data_size=16), tensor("b", "INT16", [2], binary_data_size=4)
    asked = read(NUMBERS, *inputs, rest=first + second)
    assert [column.values.tolist() for column in asked.columns] == [[1.5, 2.0], [7, 8]]


def test_bytes_elements_carry_their_lengths():
    data = b"\x03\x00\x00\x00abc\x00\x00\x00\x00\x02\x00\x00\x00\xc3\xa9"
    asked = read(TEXT, tensor("t", "BYTES", [3], binary_data_size=len(data)), rest=data)
    assert asked.columns[0].values.tolist() == ["abc", "", "é"]


def test_one_matrix_stands_for_all_numbers():
    """As MLServer's NumPy codec sends it; rows lie one after the other."""
    flat = read(NUMBERS, tensor("input-0", "FP64", [2, 2], [1.5, 7, 2, 8]))
    nested = read(NUMBERS, tensor("input-0", "FP64", [2, 2], [[1.5, 7], [2, 8]]))
    data = struct.pack("<4d", 1.5, 7, 2, 8)
    binary = read(NUMBERS, tensor("x", "FP64", [2, 2], binary_data_size=32), rest=data)
    for asked in (flat, nested, binary):
        assert [column.values.tolist() for column in asked.columns] == [[1.5, 2.0], [7, 8]]


def test_pandas_and_its_kin_are_columns_too():
    pandas = read(
        NUMBERS, tensor("a", "FP64", [2, 1], [1.5, 2], content_type="np"), B, parameters={"content_type": "pd"}
    )
    assert pandas.rows == 2


def test_numbers_are_looked_at_where_they_lie():
    body = struct.pack("<2d", 1.0, 2.0)
    values = tensors.from_bytes(memoryview(body), "FP64", 2)
    assert not values.flags.owndata


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (tensor("a", "FP64", [2], [1.5, 2, 3]), "3 elements; its shape promises 2"),
        (tensor("a", "FP64", [2], ["x", "y"]), "holds a text"),
        (tensor("a", "FP64", [2], [True, False]), "holds true or false"),
        (tensor("a", "FP65", [2], [1, 2]), "unknown datatype 'FP65'"),
        (tensor("a", "BF16", [2], [1, 2]), "unknown datatype"),
        (tensor("a", "FP64", [2, 2], [1, 2, 3, 4]), "has shape [2, 2]"),
        (tensor("a", "FP64", [], [1]), "has shape []"),
        (tensor("a", "FP64", [-2], [1]), "no tensor has"),
        (tensor("a", "FP64", [2]), "neither data nor binary_data_size"),
        (tensor("a", "FP64", [2], [1, 2], shared_memory_region="r"), "is not known here"),
        (tensor("a", "FP64", [2], [1, 2], content_type="base64"), "content_type"),
        (tensor("a", "FP64", [2], [None, 2.0]), "is missing"),
        (tensor("a", "FP64", [2], [[[1]], [[2]]]), "expected"),
        (tensor("a", "FP64", [2], {"x": 1}), "expected"),
    ],
)
def test_what_a_tensor_does_not_keep_is_refused_in_words(given, words):
    """faults: 45, 46"""
    problem = refused(NUMBERS, given, B)
    assert words.lower() in str(problem).lower()


def test_every_tensor_at_fault_is_named():
    """faults: 45"""
    problem = refused(NUMBERS, tensor("a", "FP64", [2], ["x", "y"]), tensor("b", "INT8", [2], [1, 300]))
    assert [fault.field for fault in problem.faults] == ["inputs.a", "inputs.b"]
    assert {fault.field for fault in refused(NUMBERS, tensor("c", "FP64", [2], [1, 2])).faults} == {
        "columns.a",
        "columns.b",
    }


@pytest.mark.parametrize(
    ("datatype", "value"),
    [
        ("INT8", 128),
        ("UINT8", -1),
        ("INT16", -32769),
        ("INT32", 2**31),
        ("UINT32", 2**32),
        ("UINT64", 2**64),
        ("INT64", 2**63),
        ("FP32", 3.5e38),
        ("FP16", 65600),
        ("FP64", 2**53 + 1),
    ],
)
def test_nothing_is_rounded_or_wrapped(datatype, value):
    """faults: 42"""
    assert refused(NUMBERS, tensor("a", datatype, [1], [value]), tensor("b", "INT64", [1], [1])).code == "out_of_range"


def test_what_json_cannot_spell_bytes_cannot_either():
    """faults: 41"""
    for value in (float("nan"), float("inf"), float("-inf")):
        rest = struct.pack("<d", value) + struct.pack("<q", 1)
        inputs = tensor("a", "FP64", [1], binary_data_size=8), tensor("b", "INT64", [1], binary_data_size=8)
        assert "columns.a" in str(refused(NUMBERS, *inputs, rest=rest))


def test_a_missing_value_passes_where_the_signature_knows_it():
    """faults: 41"""
    signature = Signature((Field("a", "double", missing=True),))
    spelled = read(signature, tensor("a", "FP64", [2], [None, 2.0])).columns[0]
    binary = read(signature, tensor("a", "FP64", [2], binary_data_size=16), rest=struct.pack("<2d", float("nan"), 2))
    for column in (spelled, binary.columns[0]):
        assert column.mask.tolist() == [True, False]
        assert column.values.tolist() == [0.0, 2.0]


@pytest.mark.parametrize(
    ("json_bytes", "rest"),
    [(10_000, b"1234"), (None, b"1234"), ("all", b"123"), ("all", b"12345678901234567"), (3, b"")],
)
def test_lengths_that_lie_are_refused(json_bytes, rest):
    """faults: 53, 56"""
    text = json.dumps({"inputs": [tensor("a", "FP64", [2], binary_data_size=16), B]}).encode()
    with pytest.raises(Invalid):
        inference.read(NUMBERS, text + rest, 100, len(text) if json_bytes == "all" else json_bytes)


@pytest.mark.parametrize(
    "data",
    [b"\xff\xff\xff\xff", b"\x01\x00\x00\x00\xff", b"\x02\x00\x00\x00a", b"\x00\x00\x00", b"\x00\x00\x00\x00more"],
)
def test_texts_whose_lengths_lie_are_refused(data):
    """faults: 50, 56"""
    refused(TEXT, tensor("t", "BYTES", [1], binary_data_size=len(data)), rest=data)


def test_a_claimed_shape_costs_no_memory():
    """faults: 49, 56"""
    for datatype in ("BYTES", "INT8", "FP64"):
        refused(TEXT, tensor("t", datatype, [2**31 - 1], binary_data_size=4), rest=b"abcd")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b'{"inputs": [], "inputs": []}', "duplicate_key"),
        (b'{"inputs": [{"name": "a", "name": "b", "shape": [1], "datatype": "FP64", "data": [1]}]}', "duplicate_key"),
        (b'{"inputs": [{"name": "a", "shape": [1], "datatype": "FP64", "data": ' + b"[" * 5_000, "too_deep"),
        (b'{"inputs": [{"name": "a", "shape": [1], "datatype": "FP64", "data": [NaN]}]}', "not_a_number"),
        (b'{"inputs": [{"name": "\\ud800", "shape": [1], "datatype": "FP64", "data": [1]}]}', "malformed"),
        (b'{"inputs": [{"name": "\xff"}]}', "malformed"),
        ('{"inputs": []}'.encode("utf-16"), "malformed"),
        (b'\xef\xbb\xbf{"inputs": []}', "malformed"),
        (b"", "malformed"),
        (b"{}", "invalid"),
        (b'{"inputs": []}', "invalid"),
        (b'{"inputs": [], "instances": []}', "invalid"),
    ],
)
def test_a_body_that_cannot_be_meant_is_refused(text, code):
    """faults: 41, 43, 44, 50"""
    with pytest.raises(Invalid) as raised:
        inference.read(NUMBERS, text, 100)
    assert raised.value.code == code


@given(st.binary(max_size=300), st.none() | st.integers(0, 400))
def test_any_bytes_are_read_or_refused(body, json_bytes):
    """faults: 41, 43, 50, 56"""
    with contextlib.suppress(Invalid):
        inference.read(NUMBERS, body, 100, json_bytes)
    with contextlib.suppress(Invalid):
        inference.is_numbers(body, json_bytes)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
datatypes = st.sampled_from([*tensors.DATATYPES, "FP8", ""])


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "name": st.sampled_from(["a", "b", "c"]),
                "shape": st.lists(st.integers(-1, 4), max_size=3),
                "datatype": datatypes,
            },
            optional={
                "data": st.lists(scalars | st.lists(scalars, max_size=3), max_size=6),
                "parameters": st.dictionaries(
                    st.sampled_from(["binary_data_size", "content_type", "x"]), st.integers(-1, 20) | scalars
                ),
            },
        ),
        max_size=3,
    ),
    st.binary(max_size=40),
    st.booleans(),
)
def test_any_request_is_read_or_refused(inputs, rest, has_rest):
    """faults: 41, 42, 45, 46, 56"""
    text = json.dumps({"inputs": inputs}).encode()
    with contextlib.suppress(Invalid):
        inference.read(NUMBERS, text + rest, 100, len(text) if has_rest else None)


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1), st.sampled_from(["FP64", "FP32", "FP16"])
)
def test_binary_numbers_are_read_as_they_are(values, datatype):
    """faults: 42"""
    with np.errstate(over="ignore"):
        made = np.array(values).astype(tensors.DTYPES[datatype])
    made = made[np.isfinite(made)]
    if not len(made):
        return
    signature = Signature((Field("a", "double"),))
    data = made.tobytes()
    asked = read(signature, tensor("a", datatype, [len(made)], binary_data_size=len(data)), rest=data)
    np.testing.assert_array_equal(asked.columns[0].values, made.astype(float))


# Answers


def written(columns, reply=None, outputs=NUMBERS.outputs):
    return inference.write(Signature((), outputs), columns, reply or Reply(), ABOUT)


def test_an_answer_names_model_version_and_id():
    body = json.loads(written([Column("p", np.array([1.5, 2.5]))], Reply("mine")).body)
    assert body == {
        "model_name": "bikes",
        "model_version": "3",
        "id": "mine",
        "outputs": [{"name": "p", "shape": [2], "datatype": "FP64", "data": [1.5, 2.5]}],
    }
    assert json.loads(written([Column("p", np.array([1.5]))]).body)["id"] == "id-1"


def test_binary_answers_follow_the_json():
    answer = written([Column("p", np.array([1.5, 2.5]))], Reply(binary=True))
    length = int(answer.headers.removeprefix(b"Inference-Header-Content-Length: "))
    head = json.loads(answer.body[:length])
    assert head["outputs"] == [{"name": "p", "shape": [2], "datatype": "FP64", "parameters": {"binary_data_size": 16}}]
    assert answer.body[length:] == struct.pack("<2d", 1.5, 2.5)
    assert answer.content_type == b"application/octet-stream"


def test_texts_answered_in_binary_carry_their_lengths():
    answer = written([Column("p", np.array(["é", ""], object))], Reply(binary=True), TEXT.outputs)
    assert answer.body.endswith(b"}" + b"\x02\x00\x00\x00\xc3\xa9\x00\x00\x00\x00")


def test_only_the_outputs_asked_for_are_answered():
    outputs = (Field("p", "double"), Field("q", "long"))
    columns = [Column("p", np.array([1.5])), Column("q", np.array([7]))]
    answer = json.loads(written(columns, Reply(outputs=(Wanted("q", False),)), outputs).body)
    assert [one["name"] for one in answer["outputs"]] == ["q"]
    assert "r is not an output" in str(refused(NUMBERS, A, B, outputs=[{"name": "r"}])).replace("outputs.r: ", "r ")


@pytest.mark.parametrize("binary", [True, False])
def test_no_answer_has_a_number_that_is_none(binary):
    """faults: 41, 63"""
    with pytest.raises(ModelFailed):
        written([Column("p", np.array([np.nan]))], Reply(binary=binary))


def test_a_missing_answer_is_null_or_nan():
    """faults: 41"""
    column = Column("p", np.array([0.0, 1.0]), np.array([True, False]))
    outputs = (Field("p", "double", missing=True),)
    assert json.loads(written([column], outputs=outputs).body)["outputs"][0]["data"] == [None, 1.0]
    assert np.isnan(struct.unpack("<2d", written([column], Reply(binary=True), outputs).body[-16:])[0])
