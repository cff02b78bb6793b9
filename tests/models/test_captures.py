"""What a client claims is checked, and none of it decides what only we may decide."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from jupyter_kronkers.errors import Invalid
from jupyter_kronkers.models import captures


@pytest.fixture
def upload(bike_capture, tmp_path) -> Path:
    return Path(shutil.copytree(bike_capture, tmp_path / "upload"))


def claim(upload: Path, **claimed) -> None:
    path = upload / "capture.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **claimed}))


def test_a_capture_says_what_the_version_keeps(upload):
    facts = captures.read(upload).facts(note="n")
    assert (facts.language, facts.loader, facts.note) == ("python", "cloudpickle", "n")
    assert facts.size_bytes == (upload / "model/model.pkl").stat().st_size


@pytest.mark.parametrize("path", ["capture.json", "conformance.json", "baseline.json"])
def test_a_capture_that_is_not_whole_is_refused(upload, path):
    """faults: 38"""
    (upload / path).unlink()
    with pytest.raises(Invalid, match=path) as refused:
        captures.read(upload)
    assert refused.value.code == "incomplete_capture"


BAD = [
    {"format": 2},
    {"language": "perl"},
    {"model": {"class": "x", "loader": "joblib", "file": "model/model.pkl"}},
    {"model": {"class": "x", "loader": "rds", "file": "model/model.pkl"}},
    {"model": {"class": "x", "loader": "pickle", "file": "../model.pkl"}},
    {"model": {"class": "x", "loader": "pickle", "file": "model/../../x"}},
    {"model": {"class": "x", "loader": "pickle", "file": "/etc/passwd"}},
    {"model": {"class": "x", "loader": "pickle", "file": "model/absent.pkl"}},
    {"model": {"class": "x", "loader": "pickle", "file": "capture.json"}},
    {"inputs": [{"name": "a", "type": "complex"}]},
    {"inputs": [{"name": "a", "type": "double"}, {"name": "a", "type": "double"}]},
    {"inputs": "all"},
    {"runtime": None},
    {"packages": [{"name": "x"}]},
    {"data": {"digest": "x", "rows": "many", "columns": 1}},
]


@pytest.mark.parametrize("claimed", BAD)
def test_a_claim_that_cannot_be_is_refused(upload, claimed):
    """faults: 14, 17, 33, 34"""
    claim(upload, **claimed)
    with pytest.raises(Invalid):
        captures.read(upload)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b'{"format": NaN}', b"[" * 5_000])
def test_what_is_no_json_is_refused(upload, content):
    """faults: 34, 43, 50"""
    (upload / "capture.json").write_bytes(content)
    with pytest.raises(Invalid):
        captures.read(upload)


def test_owner_state_hash_and_source_cannot_be_claimed(upload, register, proven):
    """faults: 14, 16"""
    claimed = {"owner": "root", "created_by": "root", "state": "production", "number": 9, "digest": "0" * 64}
    claim(upload, **claimed, source="s3://other-bucket", run_id="1" * 32, size_bytes=-1, proof={"rows": 9})
    version = register(folder=upload)
    assert (version.created_by, version.state, version.number) == ("anna", "ready", 1)
    assert version.source.startswith("file:")
    assert version.digest != "0" * 64


def test_numbers_that_json_cannot_hold_do_no_harm(upload):
    """faults: 41, 42"""
    text = (upload / "capture.json").read_text().rstrip().removesuffix("}")
    big = "9" * 5_000
    text += f', "metrics": {{"a": null, "b": "NaN", "c": 1.5}}, "params": {{"n": {big}, "l": [1, 2], "z": null}}}}'
    (upload / "capture.json").write_text(text)
    facts = captures.read(upload).facts()
    assert facts.metrics == {"c": 1.5}
    assert facts.params == {"n": big[:2_000], "l": "[1, 2]", "z": None}


def test_a_sample_that_cannot_be_read_is_refused(upload, models, register):
    """faults: 45"""
    (upload / "conformance.json").write_text('{"inputs": 3}')
    with pytest.raises(Invalid, match=r"conformance\.json"):
        register(folder=upload)
    assert models.list().items == ()
