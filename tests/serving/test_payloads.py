"""Bodies, read by themselves: whatever arrives is read exactly or refused in words, never a crash."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kronkers.errors import Invalid
from jupyter_kronkers.serving.gateway.protocols import payloads

NAMES = ["a", "b"]
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
records = st.lists(st.fixed_dictionaries({"a": scalars, "b": scalars}), min_size=1, max_size=8)


@given(records)
def test_all_forms_read_the_same_table(rows):
    """faults: 42, 45"""
    table = {name: [row[name] for row in rows] for name in NAMES}
    data = [[row[name] for name in NAMES] for row in rows]
    forms = [
        {"dataframe_records": rows},
        {"dataframe_split": {"columns": NAMES, "data": data}},
        {"inputs": table},
        {"inputs": rows},
        {"inputs": data},
        {"instances": rows},
        {"instances": data},
    ]
    for form in forms:
        read = payloads.from_json(json.dumps(form).encode(), NAMES)
        assert read == table
        assert [list(map(type, read[name])) for name in NAMES] == [list(map(type, table[name])) for name in NAMES]


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_read_or_refused(body):
    """faults: 41, 43, 50"""
    for read in (
        lambda: payloads.from_json(body, NAMES),
        lambda: payloads.from_csv(body, {"a": "double", "b": "string"}),
    ):
        with contextlib.suppress(Invalid):
            read()


@given(
    st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    )
)
def test_any_json_is_read_or_refused(value):
    """faults: 43, 45"""
    for form in payloads.FORMS:
        with contextlib.suppress(Invalid):
            payloads.from_json(json.dumps({form: value}).encode(), NAMES)


@given(st.dictionaries(st.text(max_size=5), st.integers(), min_size=1, max_size=5), st.data())
def test_a_key_that_occurs_twice_is_always_found(record, data):
    """faults: 44"""
    key = data.draw(st.sampled_from(sorted(record)))
    pairs = [f"{json.dumps(name)}: {value}" for name, value in record.items()]
    pairs.insert(data.draw(st.integers(0, len(pairs))), f"{json.dumps(key)}: 1")
    body = '{"dataframe_records": [{' + ", ".join(pairs) + "}]}"
    with pytest.raises(Invalid) as refused:
        payloads.from_json(body.encode(), NAMES)
    assert refused.value.code == "duplicate_key"


@given(
    st.lists(
        st.tuples(
            st.floats(allow_nan=False, allow_infinity=False),
            st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_csv_gives_back_what_a_csv_writer_wrote(rows):
    """faults: 46"""
    import csv
    import io

    out = io.StringIO()
    csv.writer(out).writerows([NAMES, *rows])
    read = payloads.from_csv(out.getvalue().encode(), {"a": "double", "b": "string"})
    assert read == {"a": [a for a, _ in rows], "b": [b for _, b in rows]}
