"""Errors as the languages word them, and what a person can do about each."""

from __future__ import annotations

import pytest

from jupyter_kronkers.languages.reasons import remedy, remedy_of_death

# Copied from Python 3.11, R 4.2 (in C and in UTF-8) and Julia 1.5 and 1.11.
WORDED = [
    ("python", "ModuleNotFoundError", "No module named 'catboost.core'", "pip install catboost"),
    (
        "python",
        "AttributeError",
        "Can't get attribute 'Net' on <module '__main__'>",
        "`Net`, which is defined in",
    ),
    (
        "python",
        "AttributeError",
        "Can't get attribute 'A' on <module 'sklearn.x' from 'x'>",
        "another version of sklearn.x",
    ),
    ("python", "NameError", "name 'scale_row' is not defined", 'needs=["scale_row"]'),
    ("python", "ImportError", "cannot import name 'b' from 'a' (/x/a.py)", "another version of a"),
    ("python", "MemoryError", "", "memory_bytes"),
    ("r", "simpleError", 'could not find function "scale_row"', 'needs = "scale_row"'),
    ("r", "simpleError", "object 'means' not found", 'needs = "means"'),
    ("r", "packageNotFoundError", "there is no package called ‘ranger’", 'install.packages("ranger")'),
    ("r", "packageNotFoundError", "there is no package called 'ranger'", 'install.packages("ranger")'),
    (
        "r",
        "simpleError",
        "no applicable method for 'predict' applied to an object of class \"c('rf.formula', 'rf')\"",
        "predict() for rf.formula",
    ),
    ("r", "simpleError", "factor season has new level summer", "levels the model was fitted with"),
    ("r", "simpleError", "cannot allocate vector of size 7.6 Mb", "memory_bytes"),
    ("julia", "UndefVarError", "scale_row not defined", "needs = [:scale_row]"),
    ("julia", "UndefVarError", "`scale_row` not defined in `Main`", "needs = [:scale_row]"),
    ("julia", "ArgumentError", "Package GLM not found in current path:\n- Run", 'Pkg.add("GLM")'),
    ("julia", "MethodError", "no method matching predict(::Line, ::Int64)", "predict = (model, data)"),
    ("julia", "BadModelOutput", "predict answered 1 values", "one value"),
]


@pytest.mark.parametrize(("language", "class_", "message", "words"), WORDED)
def test_an_error_has_a_remedy(language, class_, message, words):
    assert words in remedy(language, class_, message)


@pytest.mark.parametrize("language", ["python", "r", "julia", "cobol"])
def test_an_error_of_the_models_own_has_none(language):
    assert remedy(language, "ValueError", "negative hours {0} %s") == ""


def test_a_death_for_want_of_memory_says_so():
    assert "memory" in remedy_of_death("julia", "it crashed (SIGABRT)", "ERROR: OutOfMemoryError()")
    assert "memory" in remedy_of_death("r", "it was killed (SIGKILL), as the system does when memory runs out", "")
