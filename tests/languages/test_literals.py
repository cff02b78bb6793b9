"""What is written as a literal reads back as the same value in the language itself, and is never code."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kronkers.errors import Invalid
from jupyter_kronkers.languages import julia as julia_sources
from jupyter_kronkers.languages import literals, r

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
NASTY = [
    "",
    "plain",
    'quote " and \\ backslash',
    "$(run(`touch evil`)) $x ${y}",
    "'); system('touch evil'); ('",
    "line\nbreak\ttab\r\x01",
    "é 中 😀 \u202e \ufeff",
    "%s {} \\u0041 \\n",
    "1F600 after a letter: \U0001f600f",
]
VALUES: list[Any] = [*NASTY, True, False, 0, -1, 2**31, -(2**53), 0.1, -1.5e-300, 1e22, None]


@given(PLAIN)
def test_python_reads_back_what_was_written(value: Any) -> None:
    assert ast.literal_eval(literals.python(value)) == value


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_python_reads_back_what_is_no_number(value: float) -> None:
    assert repr(eval(literals.python(value))) == repr(value)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_r_reads_back_what_was_written(locale: str) -> None:
    # R has no number that is whole and none that is not: it is compared as JSON of our own writer.
    lines = [f"cat(to_json({literals.r(value)}), '\\n', sep = '')" for value in VALUES]
    program = "\n".join([(r.FOLDER / "json.R").read_text(encoding="utf-8"), *lines])
    told = subprocess.run(
        ["Rscript", "--vanilla", "-"], input=program.encode(), capture_output=True, check=True, env=_environment(locale)
    )
    assert [json.loads(line) for line in told.stdout.decode().splitlines()] == VALUES


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("julia") is None, reason="Julia is not installed")
def test_julia_reads_back_what_was_written() -> None:
    lines = [f"println(json({literals.julia(value)}))" for value in VALUES]
    program = "\n".join([(julia_sources.FOLDER / "json.jl").read_text(encoding="utf-8"), *lines])
    told = subprocess.run(["julia", "--startup-file=no", "-e", program], capture_output=True, check=True)
    assert [json.loads(line) for line in told.stdout.decode().splitlines()] == VALUES


def test_lists_and_dicts_are_written_in_each_language() -> None:
    value = {"a b": [1, None], "c": "$"}
    assert literals.r(value) == 'list("a b" = list(1L, NULL), "c" = "$")'
    assert literals.julia(value) == 'Dict{String,Any}("a b" => Any[1, nothing], "c" => "\\$")'


@pytest.mark.parametrize("value", ["nul \0", 2**53 + 1, "\ud800"])
def test_what_r_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(Invalid):
        literals.r(value)


@pytest.mark.parametrize("value", [2**63, "\ud800"])
def test_what_julia_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(Invalid):
        literals.julia(value)


def _environment(locale: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": locale}
