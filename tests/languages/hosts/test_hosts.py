"""Hosts give what the live model gave, in each language's own kinds of value."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import ExitStack
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from jupyter_kronkers.errors import HostFailed, ModelFailed
from jupyter_kronkers.languages import Column, Host, Limits, find

LANGUAGES = ["python", "r", "julia"]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def host(models, tmp_path_factory):
    """host(language, model) gives a host that the tests of this file share; none of them ends it."""
    logs = tmp_path_factory.mktemp("logs")
    with ExitStack() as hosts:

        @cache
        def start(language: str, model: str | Path) -> Host:
            folder, log = models(language) / model, logs / f"{language}-{Path(model).name}.log"
            return hosts.enter_context(Host.start(folder, find(language), Limits(), log))

        yield start


def column(name, *values, mask=None):
    kinds = {bool: np.bool_, int: np.int64, float: np.float64, str: object}
    gaps = None if mask is None else np.array(mask)
    return Column(name, np.array(values, kinds[type(values[0])]), gaps)


def shown(columns):
    return {c.name: [None if c.mask is not None and c.mask[k] else v for k, v in enumerate(c.values)] for c in columns}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_model_answers_each_row(host, ones, language):
    (answer,) = host(language, "doubles").predict(ones)
    assert answer.name == "prediction"
    assert answer.values.dtype == np.float64
    assert answer.values.tolist() == [2.0, 4.0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_host_says_what_it_is_when_it_is_ready(host, language):
    running = host(language, "doubles")
    assert running.ready.language == language
    assert running.ready.version.count(".") == 2
    os.kill(running.pid, 0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_rows_are_answered_with_no_rows(host, language):
    (answer,) = host(language, "doubles").predict([Column("x", np.empty(0))])
    assert len(answer.values) == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hundred_thousand_rows_go_through_the_pipes(host, language):
    rows = np.arange(100_000, dtype=np.float64)
    (answer,) = host(language, "doubles").predict([Column("x", rows)])
    assert np.array_equal(answer.values, rows * 2)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nan_and_infinity_are_answers(host, language):
    (answer,) = host(language, "not_finite").predict([column("x", 1.0, 2.0, 3.0)])
    assert np.isnan(answer.values[0])
    assert answer.values[1] == np.inf
    assert np.signbit(answer.values[2])
    assert answer.mask is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_whole_numbers_are_doubles_where_the_signature_says_so(host, ones, language):
    (answer,) = host(language, "whole").predict(ones)
    assert answer.values.dtype == np.float64


@pytest.mark.parametrize("language", ["r", "julia"])
def test_a_missing_answer_is_missing(host, ones, language):
    (answer,) = host(language, "gaps").predict(ones)
    assert shown([answer]) == {"prediction": [None, 1.0]}


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("python", ["prediction_0", "prediction_1"]),
        ("r", ["low", "high"]),
        ("julia", ["prediction_1", "prediction_2"]),
    ],
)
def test_a_matrix_is_several_columns(host, ones, language, names):
    answers = host(language, "matrix").predict(ones)
    assert shown(answers) == {names[0]: [1.0, 2.0], names[1]: [2.0, 4.0]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_prints_of_a_model_are_in_the_log_and_not_in_the_answer(models, ones, language, tmp_path):
    log = tmp_path / "log"
    with Host.start(models(language) / "prints_then_answers", find(language), log=log) as running:
        (answer,) = running.predict(ones)
    assert answer.values.tolist() == [1.0, 2.0]
    assert "KF1" in log.read_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_error_is_told_in_words_and_the_host_goes_on(host, ones, language):
    running = host(language, "raises")
    classes = {"python": "ValueError", "r": "simpleError", "julia": "ErrorException"}
    for _ in range(2):
        with pytest.raises(ModelFailed, match="no é") as caught:
            running.predict(ones)
        assert caught.value.class_ == classes[language]
        assert caught.value.language == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_too_few_answers_are_the_models_fault(host, ones, language):
    """faults: 63"""
    with pytest.raises(ModelFailed, match=r"1 values .* for 2 rows") as caught:
        host(language, "short").predict(ones)
    assert caught.value.class_ == "BadModelOutput"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_no_value_cannot_be_an_answer(host, ones, language):
    """faults: 63"""
    with pytest.raises(ModelFailed) as caught:
        host(language, "strange").predict(ones)
    assert caught.value.class_ == "BadModelOutput"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_column_that_is_not_sent_is_named(host, language):
    with pytest.raises(ModelFailed, match="lack the columns x"):
        host(language, "doubles").predict([column("y", 1.0)])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_damaged_model_is_refused_at_start(host, language):
    """faults: 35"""
    with pytest.raises(HostFailed) as caught:
        host(language, "garbage")
    assert "damaged" in caught.value.remedy


# Needs that the host cannot meet, with the remedy in words


@pytest.mark.parametrize(
    ("language", "words"),
    [("python", "pip install no_such_package"), ("r", "install.packages("), ("julia", 'Pkg.add("NoSuchPackage")')],
)
def test_a_package_that_is_absent_is_named_with_its_remedy(host, language, words):
    """faults: 188"""
    with pytest.raises(HostFailed) as caught:
        host(language, "needs_package")
    assert words in caught.value.remedy


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_function_left_in_the_notebook_is_named_with_its_remedy(host, ones, language):
    with pytest.raises(ModelFailed) as caught:
        host(language, "undefined").predict(ones)
    assert "rush_hour" in caught.value.remedy
    assert "needs" in caught.value.remedy


def test_a_class_left_in_the_notebook_is_named_with_its_remedy(host):
    with pytest.raises(HostFailed) as caught:
        host("python", "needs_definition")
    assert "`RushHour`, which is defined in the notebook" in caught.value.remedy


def test_a_value_left_in_the_notebook_is_named_in_r(host, ones):
    with pytest.raises(ModelFailed) as caught:
        host("r", "undefined_value").predict(ones)
    assert 'needs = "rush_factor"' in caught.value.remedy


def test_a_model_of_another_julia_is_refused_before_it_is_read(host):
    """faults: 188"""
    with pytest.raises(HostFailed, match=r"saved by Julia 1\.99") as caught:
        host("julia", "other_julia")
    assert "Install Julia 1.99" in caught.value.remedy


@pytest.mark.parametrize("model", ["other_struct", "other_layout"])
def test_a_struct_that_was_changed_is_refused_in_words(host, model):
    with pytest.raises(HostFailed, match="struct"):
        host("julia", model)


# Kinds of values


def test_python_gets_the_dtypes_it_was_trained_with(host):
    columns = [
        column("int32", 1, 2),
        column("float32", 1.5, 2.5),
        column("bool", True, False),
        column("category", "b", "a"),
        column("datetime64", "2026-03-03T12:00:00", "2026-03-03"),
        column("zoned", "2026-03-03T12:00:00.25", "2026-03-03T12:00:00"),
        column("date", "2026-03-03", "2026-03-04"),
        column("text", "é", ""),
        column("object", "a", "b"),
        column("nullable", 1.0, 0.0, mask=[False, True]),
        column("truth", True, False, mask=[False, True]),
    ]
    answered = {name: values[0] for name, values in shown(host("python", "kinds").predict(columns)).items()}
    assert answered == {
        "int32": "int32",
        "float32": "float32",
        "bool": "bool",
        "category": "a,b",
        "datetime64": "datetime64[ns]",
        "zoned": "datetime64[us, Europe/Amsterdam]",
        "date": date.__name__,
        "text": "str",
        "object": "str",
        "nullable": "Int64",
        "truth": "boolean",
    }


def test_missing_values_reach_python_as_missing(host):
    gap = [True, False]
    columns = [
        column("float32", 0.0, 1.0, mask=gap),
        column("category", "", "a", mask=gap),
        column("datetime64", "", "2026-03-03", mask=gap),
        column("zoned", "", "2026-03-03T12:00:00", mask=gap),
        column("date", "", "2026-03-03", mask=gap),
        column("text", "", "a", mask=gap),
        column("object", "", "a", mask=gap),
        column("nullable", 0.0, 1.0, mask=gap),
        column("truth", False, True, mask=gap),
    ]
    (answer,) = host("python", "missing").predict(columns)
    assert answer.values.tolist() == [", ".join(c.name for c in columns), ""]


@pytest.mark.parametrize(
    ("container", "said"),
    [
        ("array", "ndarray [1.]"),
        ("series", "Series 1.0"),
        ("vector", "ndarray 1.0"),
        ("list", "list {'x': 1.0}"),
    ],
)
def test_python_gets_the_container_it_was_trained_with(host, ones, container, said):
    (answer,) = host("python", container).predict(ones)
    assert answer.values[0] == said


def test_every_kind_of_answer_leaves_python(host):
    answers = host("python", "answers").predict([column("x", 1.0, 2.0)])
    assert shown(answers) == {
        "f": [1.0, 2.0],
        "i": [1, 2],
        "b": [False, True],
        "s": ["low", "low"],
        "t": ["2026-03-03T12:00:00.5"] * 2,
        "gap": [None, "é"],
    }


def test_r_gets_the_classes_it_was_trained_with(host):
    gap = [False, True]
    columns = [
        column("i", 1, 0, mask=gap),
        column("d", 1.5, 0.0, mask=gap),
        column("l", True, False, mask=gap),
        column("s", "é", "", mask=gap),
        column("f", "b", "", mask=gap),
        column("o", "hi", "", mask=gap),
        column("D", "2026-03-03", "", mask=gap),
        column("P", "2026-03-03T12:00:00.25", "", mask=gap),
    ]
    answered = shown(host("r", "kinds").predict(columns))
    assert answered["class"][0] == "integer numeric logical character factor ordered Date POSIXct"
    assert answered["levels"][0] == "a,b"
    assert answered["D"] == ["2026-03-03", None]
    assert answered["P"] == ["2026-03-03T12:00:00.25", None]
    assert answered["missing"] == [0.0, 8.0]


def test_an_unknown_level_is_an_error_in_r_and_not_a_silent_na(host):
    columns = [column(name, 1) for name in "id"] + [column("l", True), column("s", "a"), column("f", "z")]
    columns += [column("o", "hi"), column("D", "2026-03-03"), column("P", "2026-03-03")]
    with pytest.raises(ModelFailed, match="levels the model does not know: z"):
        host("r", "kinds").predict(columns)


def test_r_gets_a_matrix_where_it_was_trained_with_one(host):
    running = host("r", "as_matrix")
    (answer,) = running.predict([column("x", 1.0)])
    assert answer.values[0] == "matrix double x"


def test_factors_leave_r_as_text(host, ones):
    (answer,) = host("r", "factor").predict(ones)
    assert answer.values.tolist() == ["löw", "high"]


def test_r_gives_its_own_answers_again(host, models):
    expected = [float(line) for line in (models("r") / "answers.txt").read_text().split()]
    (lm,) = host("r", "lm").predict([column("wt", 2.5, 3.5), column("cyl", 4, 8)])
    (spline,) = host("r", "spline").predict([column("speed", 10.0, 15.5)])
    assert [*lm.values, *spline.values] == pytest.approx(expected, rel=1e-12)


def test_a_predict_method_of_the_notebook_is_found_in_r(host, ones):
    (answer,) = host("r", "own_method").predict(ones)
    assert answer.values.tolist() == [3.0, 5.0]


def test_integers_that_r_cannot_hold_are_refused_and_not_rounded(host):
    running = host("r", "doubles")
    with pytest.raises(ModelFailed, match=r"beyond 2\^53"):
        running.predict([column("x", 2**53 + 1)])
    assert running.predict([column("x", 2**53)])[0].values[0] == 2.0**54


def test_julia_gets_the_types_it_was_trained_with(host):
    columns = [
        column("i", 1, 2),
        column("i32", 1, 2),
        column("f", 1, 2),
        column("b", True, False),
        column("s", "é", ""),
        column("y", "a", "b"),
        column("D", "2026-03-03", "2026-03-04"),
        column("T", "2026-03-03T12:00:00.25", "2026-03-03"),
        column("gap", 1.0, 0.0, mask=[False, True]),
    ]
    answered = shown(host("julia", "kinds").predict(columns))
    assert answered["types"][0] == "Int64 Int32 Float64 Bool String Symbol Date DateTime Union{Missing, Int64}"
    assert answered["D"] == ["2026-03-03", "2026-03-04"]
    assert answered["T"] == ["2026-03-04T12:00:00.25", "2026-03-04T00:00:00"]


def test_a_struct_of_the_notebook_lives_again_in_julia(host, ones):
    (answer,) = host("julia", "struct").predict(ones)
    assert answer.values.tolist() == [3.0, 5.0]


@pytest.mark.parametrize("model", ["dict_given", "symboldict_given"])
def test_julia_gets_a_dictionary_where_it_was_trained_with_one(host, ones, model):
    (answer,) = host("julia", model).predict(ones)
    assert answer.values.tolist() == [1.0, 2.0]


def test_julia_gets_a_matrix_where_it_was_trained_with_one(host, ones):
    (answer,) = host("julia", "matrix_given").predict([*ones, column("z", 10.0, 20.0)])
    assert answer.values.tolist() == [11.0, 22.0]


def test_julia_gets_a_matrix_of_one_column_too(host, ones):
    (answer,) = host("julia", "column_given").predict(ones)
    assert answer.values.tolist() == [1.0, 2.0]


# Warming up


def with_conformance(models, tmp_path, language, model, value):
    artifact = tmp_path / "artifact"
    shutil.copytree(models(language) / model, artifact / "data")
    inputs = [{"name": "x", "type": "double", "values": [value, 2.0]}]
    (artifact / "conformance.json").write_text(json.dumps({"inputs": inputs, "outputs": []}))
    return artifact / "data"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("value", [1.0, "NaN"])
def test_a_host_is_warm_when_it_is_ready(models, tmp_path, host, language, value):
    data = with_conformance(models, tmp_path, language, "doubles", value)
    running = host(language, data)
    assert running.ready.warm_ms > 0.01


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_model_that_fails_to_warm_up_is_not_ready(models, tmp_path, host, language):
    data = with_conformance(models, tmp_path, language, "raises", 1.0)
    with pytest.raises(HostFailed, match="no é"):
        host(language, data)
