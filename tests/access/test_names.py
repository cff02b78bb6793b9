"""What a thing may be called, and what is refused in words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kronkers.access import names
from jupyter_kronkers.errors import Invalid

BAD = {
    "faults: 1": ["../../etc", "..\\..", "a/../b", ".", "..", "a..b", "/etc", "a/b", "a\\b"],
    "faults: 2": ["%2e%2e%2f", "%252e%252e", "a%2fb", "\udcc0\udcae"],
    "faults: 3": ["", " ", "...", "a" * 64, "a" * 1_000_000],
    "faults: 4": ["a\x00b", "a\r\nb", "a\tb", "a\u202eb", "a\u200bb", "\ufeffa", "a\n"],
    "faults: 5": ["b\u0430ke", "caf\u00e9", "cafe\u0301", "ｂike"],
    "faults: 6": ["Bike", "bikE"],
    "faults: 7": ["con", "nul", "aux.txt", "com1.model", "lpt9", "bike.", "bike ", "prn.a.b"],
    "faults: 8": ["<script>alert(1)</script>", '" onerror=', "javascript:"],
    "faults: 9": ["a%", "'; drop table models", "a*", "a?"],
    "shape": ["-bike", ".bike", "_bike"],
}


@pytest.mark.parametrize("text", ["bike-demand", "a", "0", "churn.v2", "a_b", "x" * 63, "console", "9-lives"])
def test_a_plain_word_is_a_name(text):
    assert names.name(text) == text


@pytest.mark.parametrize(("row", "text"), [(row, text) for row, texts in BAD.items() for text in texts])
def test_what_is_not_a_name_is_refused_in_few_words_on_one_line(row, text):
    """faults: 1, 2, 3, 4, 5, 6, 7"""
    with pytest.raises(Invalid) as refused:
        names.name(text)
    assert refused.value.code == "invalid_name"
    assert len(str(refused.value)) < 600
    assert str(refused.value).isprintable()


@given(st.text())
def test_every_name_is_one_plain_path_segment(text):
    """faults: 1, 2, 4"""
    try:
        found = names.name(text)
    except Invalid:
        return
    assert re.match(r"^[a-z0-9][a-z0-9._-]{0,62}\Z", found)
    assert ".." not in found


@pytest.mark.parametrize("text", ["latest", "3", "v3", "007"])
def test_an_alias_is_never_mistaken_for_a_version(text):
    with pytest.raises(Invalid, match="already means a version"):
        names.alias(text)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '" onerror=', "javascript:x", "100 % _ ';--"])
def test_a_title_is_kept_as_typed(text):
    """faults: 8"""
    assert names.title(text) == text


def test_a_title_is_composed():
    """faults: 5"""
    assert names.title("cafe\u0301") == "caf\u00e9"


@pytest.mark.parametrize("text", ["a\nb", "a\x00", "\x1b[31m", "\ud800", "x" * 201])
def test_a_title_that_would_break_a_line_or_a_page_is_refused(text):
    """faults: 4"""
    with pytest.raises(Invalid):
        names.title(text)


def test_a_description_may_have_lines():
    assert names.prose("one\ntwo\tthree") == "one\ntwo\tthree"
    with pytest.raises(Invalid):
        names.prose("a\x00b")
