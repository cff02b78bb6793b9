"""A version is ready only if a fresh host gives the live answers again."""

from __future__ import annotations

import json
import math
import os
import pickle
import random
import re
import subprocess
import sys

import numpy as np
import pytest

from jupyter_kronkers.errors import Conflict, HostDied, ModelFailed
from jupyter_kronkers.languages import Column
from jupyter_kronkers.languages.answers import difference
from jupyter_kronkers.languages.conformance import Conformance, Recorded, columns_of
from jupyter_kronkers.models import proof


def column(*values, mask=None, name="p") -> Column:
    kind = object if any(isinstance(value, str) for value in values) else None
    return Column(name, np.array(values, kind), None if mask is None else np.array(mask))


SAME = [
    (column(1.0, 2.0), column(1.0, 2.0)),
    (column(1.0), column(1.0 + 9e-10)),
    (column(1e12), column(1e12 + 900.0)),
    (column(0.0), column(9e-10)),
    (column(math.nan, math.inf), column(math.nan, math.inf)),
    (column("a", "b"), column("a", "b")),
    (column(1.0, 5.0, mask=[False, True]), column(1.0, 7.0, mask=[False, True])),
    (column(1, 2), column(1, 2)),
    (column(True, False), column(True, False)),
    (column(), column()),
]
OTHER = [
    (column(1.0), column(1.0 + 2e-9), r"p\[0\] is 1\.000000002, not 1\.0"),
    (column(1e12), column(1e12 + 1100.0), r"p\[0\]"),
    (column(1.0, 2.0), column(1.0, 3.0), r"p\[1\] is 3\.0, not 2\.0"),
    (column(1.0), column(math.nan), r"p\[0\] is nan, not 1\.0"),
    (column(math.inf), column(-math.inf), r"p\[0\] is -inf, not inf"),
    (column("a"), column("A"), r"p\[0\] is 'A', not 'a'"),
    (column(1.0), column(1.0, mask=[True]), r"p\[0\] is missing, not 1\.0"),
    (column(1.0), column(1.0, 2.0), r"p has 2 answers, not 1"),
    (column(1.0), column(1.0, name="q"), r"the answers are called q, not p"),
    (column(True), column(False), r"p\[0\] is False, not True"),
    (column(1.0), column("1.0"), r"p\[0\] is '1\.0', not 1\.0"),
]


@pytest.mark.parametrize(("live", "again"), SAME)
def test_answers_are_the_same_to_a_billionth(live, again):
    assert difference([live], [again]).words == ""


@pytest.mark.parametrize(("live", "again", "words"), OTHER)
def test_answers_that_differ_are_named_with_both_values(live, again, words):
    found = difference([live], [again])
    assert found.size > 1e-9
    assert re.search(words, found.words)


SAMPLE = Conformance(
    [Recorded("x", "double", [1.0, None, "NaN", "-Infinity"])], [Recorded("p", "double", [2.0, None, "NaN", 4.0])]
)


def test_gaps_and_numbers_that_are_not_finite_reach_the_host_as_they_were():
    (x,) = columns_of(SAMPLE.inputs)
    assert x.mask.tolist() == [False, True, False, False]
    assert x.values.tolist()[0] == 1.0
    assert math.isnan(x.values[2])
    assert x.values[3] == -math.inf


def test_a_row_that_is_answered_otherwise_alone_makes_the_version_unsafe_to_batch():
    def centred(columns):
        return [Column("p", columns[0].values - columns[0].values.mean())]

    sample = Conformance([Recorded("x", "double", [1.0, 3.0])], [Recorded("p", "double", [-1.0, 1.0])])
    verdict = proof.replay(sample, centred, 0.0)
    assert (verdict.state, verdict.proof.batch_safe) == ("ready", False)
    assert "Row 0 alone is answered otherwise" in verdict.warnings[0]


ROWS = Conformance([Recorded("x", "double", [1.0, 3.0, 2.0])], [Recorded("p", "double", [1.0, 3.0, 2.0])])


def replayed(answers) -> proof.Verdict:
    return proof.replay(ROWS, lambda columns: [Column("p", answers(columns[0].values.copy()))], 0.0)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (lambda x: x + (len(x) > 60), "Row 0 with 63 copies of row 2 is answered otherwise"),
        (lambda x: np.where(x == x[0], x, x + (len(x) == 64) * x.std()), "copies of row"),
        (lambda x: np.where(np.arange(len(x)) < 3, x, x + 0.1 * (len(x) == 6)), "in another order and twice over"),
        (lambda x: x + 0.1 * (len(np.unique(x)) < 3) * (len(x) > 1), "copies of row"),
    ],
)
def test_a_model_that_looks_at_the_other_rows_is_found_in_other_batches(answers, words):
    verdict = replayed(answers)
    assert (verdict.state, verdict.proof.batch_safe) == ("ready", False)
    assert words in verdict.warnings[0]


def test_a_model_that_looks_at_its_row_only_may_be_batched():
    assert replayed(lambda x: x).proof.batch_safe


def test_a_model_whose_answers_change_from_call_to_call_is_rejected():
    calls = []

    def counting(x):
        calls.append(1)
        return x + (len(calls) > 5)

    verdict = replayed(counting)
    assert (verdict.state, verdict.proof) == ("rejected", None)
    assert "when they are asked again" in verdict.reason


def test_a_row_that_is_refused_alone_makes_the_version_unsafe_to_batch():
    def needs_two(columns):
        if len(columns[0].values) < 2:
            raise ModelFailed("ValueError", "one row is too few", "python")
        return [Column("p", columns[0].values)]

    sample = Conformance([Recorded("x", "double", [1.0, 3.0])], [Recorded("p", "double", [1.0, 3.0])])
    verdict = proof.replay(sample, needs_two, 0.0)
    assert (verdict.state, verdict.proof.batch_safe) == ("ready", False)
    assert "one row is too few" in verdict.warnings[0]


def test_a_host_that_dies_on_one_row_is_no_proof():
    def dies(columns):
        if len(columns[0].values) < 2:
            raise HostDied("HostDied", "it crashed", "python")
        return [Column("p", columns[0].values)]

    sample = Conformance([Recorded("x", "double", [1.0, 3.0])], [Recorded("p", "double", [1.0, 3.0])])
    with pytest.raises(HostDied):
        proof.replay(sample, dies, 0.0)


# With real hosts


def test_other_answers_reject_the_version_with_reason_and_remedy(register, models, anna, bike_capture, tmp_path):
    folder = tmp_path / "capture"
    subprocess.run(["cp", "-r", bike_capture, folder], check=True)
    sample = json.loads((folder / "conformance.json").read_text())
    sample["outputs"][0]["values"][3] += 0.5
    (folder / "conformance.json").write_text(json.dumps(sample))
    version = register(folder=folder)
    assert (version.number, version.state, version.proof) == (1, "rejected", None)
    assert "other answers than the live model: prediction[3] is" in version.reason
    assert "needs" in version.remedy
    with pytest.raises(Conflict, match="was rejected"):
        models.move(anna, "bikes", "champion", 1)


def test_an_answer_that_is_random_rejects_the_version(register, captured):
    version = register(folder=captured({}, lambda model, data: random.random() + data["temp"].to_numpy()))
    assert version.state == "rejected"
    assert "fix the seed" in version.remedy


def test_a_host_that_cannot_load_the_model_rejects_it_with_its_own_words(register, bike_capture, tmp_path):
    folder = tmp_path / "capture"
    subprocess.run(["cp", "-r", bike_capture, folder], check=True)
    (folder / "model/model.pkl").write_bytes(b"no pickle at all")
    version = register(folder=folder)
    assert version.state == "rejected"
    assert "A fresh host could not answer. " in version.reason


@pytest.mark.parametrize("quits", ["exit", "abort"])
def test_a_model_that_ends_its_host_is_rejected(register, bike_capture, tmp_path, quits):
    """faults: 64"""
    folder = tmp_path / "capture"
    subprocess.run(["cp", "-r", bike_capture, folder], check=True)
    ends = {"exit": _Call(os._exit, 3), "abort": _Call(os.abort)}[quits]
    (folder / "model/model.pkl").write_bytes(pickle.dumps(ends))
    version = register(folder=folder)
    assert version.state == "rejected"
    assert version.remedy


class _Call:
    """Does something when it is unpickled."""

    def __init__(self, do, *args) -> None:
        self._call = (do, args)

    def __reduce__(self):
        return self._call


NOTHING_IS_LOADED = """
import pathlib, sys
loaded = []
sys.addaudithook(lambda event, args: loaded.append(args) if event in ("pickle.find_class", "marshal.load") else None)
from jupyter_kronkers.access import Audit, Principal
from jupyter_kronkers.models import Models, Uploads
from jupyter_kronkers.store import Events, Folders, Store
capture, anna = pathlib.Path(sys.argv[1]), Principal("anna", frozenset({"admin"}))
folders = Folders(pathlib.Path(sys.argv[2]))
store = Store.at(folders.database)
models, uploads = Models(store, folders, Audit(), Events()), Uploads(store, folders)
models.warm()
del loaded[:]
id = uploads.open(anna)
for path in capture.rglob("*"):
    if path.is_file():
        uploads.write(anna, id, str(path.relative_to(capture)), path.open("rb"))
version = models.register(anna, "bikes", id)
models.diff("bikes", 1, 1); models.export("bikes", 1, pathlib.Path(sys.argv[3])); models.look_outside()
print(version.state, [args for args in loaded if "find_class" in str(args) or len(args) == 2])
"""


@pytest.mark.slow
@pytest.mark.parametrize("hidden", ["model/model.pkl", "model/notes.txt", "model/model.pkl.gz"])
def test_a_pickle_is_loaded_by_hosts_only_whatever_it_is_called(folders, bike_capture, tmp_path, hidden):
    """faults: 31, 33, 35"""
    folder, marker = tmp_path / "capture", tmp_path / "marker"
    subprocess.run(["cp", "-r", bike_capture, folder], check=True)
    evil = _Call(os.system, f"echo $PPID > {marker}")
    (folder / hidden).write_bytes(pickle.dumps(evil))
    command = [sys.executable, "-c", NOTHING_IS_LOADED, folder, folders.root, tmp_path / "out"]
    # Behind a fence the marker could not be written, whoever loads what.
    unfenced = {**os.environ, "KRONKERS_FENCE": "off"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=unfenced)
    assert done.stdout.split(" ", 1)[1].strip() == "[]"
    # The capture's own file is what its loader loads, in the fenced host; any other file is only bytes.
    assert marker.exists() == (hidden == "model/model.pkl")
