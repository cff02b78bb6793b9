"""A version is what was signed, to the byte, or it is not loaded."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from jupyter_kronkers.errors import Conflict, Tampered
from jupyter_kronkers.models import manifests
from jupyter_kronkers.models.manifests import Manifest, Signer, fetch, held, verify
from jupyter_kronkers.models.statements import Bytes, authenticated, encoded, enveloped, keyid_of
from jupyter_kronkers.store import Folders

FILES = {
    "MLmodel": b"flavors: {}\n",
    "code/kronkers_pyfunc/__init__.py": b"",
    "data/capture.json": b"{}",
    "data/model/model.rds": bytes(range(256)) * 40,
}
ABOUT = Manifest(
    model="bikes",
    number=3,
    registration="r1",
    language="r",
    loader="rds",
    files={},
    created_at="2026-03-03T12:00:00.000000Z",
    by="anna",
)


def filled(folder: Path) -> Path:
    for path, content in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@pytest.fixture
def signer(folders) -> Signer:
    return Signer(folders)


@pytest.fixture
def artifact(tmp_path, signer) -> Path:
    folder = filled(tmp_path / "artifact")
    signer.sign(folder, ABOUT)
    return folder


@pytest.fixture
def cache(tmp_path) -> Path:
    return tmp_path / "cache"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# Signing


def test_the_manifest_names_the_version_and_every_file(artifact, signer):
    found = verify(artifact, signer.public_key)
    assert (found.model, found.number, found.by) == ("bikes", 3, "anna")
    assert {path: fact.size_bytes for path, fact in found.files.items()} == {p: len(c) for p, c in FILES.items()}


def test_the_encoding_that_is_signed_is_that_of_the_dsse_protocol():
    """The protocol's own test vector."""
    expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert authenticated(b"hello world", "http://example.com/HelloWorld") == expected


def test_another_tool_can_check_the_envelope(artifact, signer):
    envelope = json.loads((artifact / "manifest.sig").read_text())
    payload = base64.b64decode(envelope["payload"])
    key = load_pem_public_key(signer.public_key)
    key.verify(base64.b64decode(envelope["signatures"][0]["sig"]), authenticated(payload, envelope["payloadType"]))
    assert payload == (artifact / "manifest.json").read_bytes()


def test_the_key_is_made_once_and_closed_to_others(folders, signer):
    assert signer.public_key == Signer(folders).public_key
    assert stat.S_IMODE((folders.keys / "signing.key").stat().st_mode) == 0o600


def test_processes_that_need_the_key_at_once_make_one(folders):
    code = (
        "import sys; from jupyter_kronkers.models.manifests import Signer; from jupyter_kronkers.store import Folders\n"
    )
    code += "from pathlib import Path; sys.stdout.buffer.write(Signer(Folders(Path(sys.argv[1]))).public_key)"
    command = [sys.executable, "-c", code, str(folders.root)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    assert len({process.communicate()[0] for process in started}) == 1
    assert sorted(path.name for path in folders.keys.iterdir()) == ["signing.key", "signing.pub"]


def test_a_key_that_others_may_read_is_refused(artifact, folders, signer):
    (folders.keys / "signing.key").chmod(0o644)
    with pytest.raises(Conflict, match="chmod 600"):
        signer.sign(artifact, ABOUT)


# Copies


def test_a_fetched_copy_is_whole_read_only_and_named_by_its_manifest(artifact, cache, signer):
    copy = fetch(artifact, cache, signer.public_key)
    assert contents(copy) == contents(artifact)
    assert [path.name for path in cache.iterdir()] == [copy.name]
    assert all(not path.stat().st_mode & 0o222 for path in (copy, *copy.rglob("*")))


def test_a_copy_is_made_once(artifact, cache, signer):
    first = fetch(artifact, cache, signer.public_key)
    made = first.stat().st_ino
    assert fetch(artifact, cache, signer.public_key).stat().st_ino == made


def test_what_happens_to_the_artifact_later_does_not_reach_the_copy(artifact, cache, signer):
    """faults: 30"""
    copy = fetch(artifact, cache, signer.public_key)
    (artifact / "data/model/model.rds").write_bytes(b"swapped")
    assert (copy / "data/model/model.rds").read_bytes() == FILES["data/model/model.rds"]
    assert held(cache, copy.name, signer.public_key) == copy


def test_a_broken_copy_is_made_again(artifact, cache, signer):
    copy = fetch(artifact, cache, signer.public_key)
    broken = copy / "data/model/model.rds"
    broken.chmod(0o600)
    broken.write_bytes(b"broken")
    assert held(cache, copy.name, signer.public_key) is None
    assert contents(fetch(artifact, cache, signer.public_key)) == contents(artifact)


@pytest.mark.parametrize("path", ["code/kronkers_pyfunc/__pycache__/__init__.cpython-311.pyc", "registered_model_meta"])
def test_what_mlflow_left_when_it_loaded_a_version_in_place_is_no_part_of_it(artifact, cache, signer, path):
    left = artifact / path
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"anything")
    assert not (fetch(artifact, cache, signer.public_key) / path).exists()


def test_a_sweep_keeps_only_what_is_served(artifact, cache, signer):
    kept = fetch(artifact, cache, signer.public_key)
    signer.sign(artifact, replace(ABOUT, number=4))
    fetch(artifact, cache, signer.public_key)
    manifests.sweep(cache, {kept.name})
    assert [path.name for path in cache.iterdir()] == [kept.name]


# Tampering


def refused(artifact: Path, cache: Path, key: bytes, **wanted) -> str:
    """The words of the refusal, the same for checking in place and for fetching a copy; nothing is left behind."""
    with pytest.raises(Tampered) as fetched:
        fetch(artifact, cache, key, **wanted)
    assert not cache.exists() or not list(cache.iterdir())
    if not wanted:
        with pytest.raises(Tampered) as verified:
            verify(artifact, key)
        assert str(verified.value) == str(fetched.value)
    return str(fetched.value)


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_one_flipped_bit_anywhere_is_found_and_the_file_is_named(artifact, signer, cache, data):
    """faults: 26"""
    full = [path for path in sorted(artifact.rglob("*")) if path.is_file() and path.stat().st_size]
    path = data.draw(st.sampled_from(full))
    content = bytearray(path.read_bytes())
    at, bit = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 7))
    whole = bytes(content)
    content[at] ^= 1 << bit
    path.write_bytes(content)
    try:
        words = refused(artifact, cache, signer.public_key)
        assert str(path.relative_to(artifact)) in words
    finally:
        path.write_bytes(whole)


def edit_manifest(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"number": 3', '"number": 4'))


def change(name: str, content: bytes | None):
    def apply(folder: Path) -> None:
        if content is None:
            (folder / name).unlink()
        else:
            (folder / name).write_bytes(content)

    return apply


def rename(folder: Path) -> None:
    (folder / "data/model/model.rds").rename(folder / "data/model/other.rds")


def swap(folder: Path) -> None:
    first, second = folder / "MLmodel", folder / "data/capture.json"
    first.rename(folder / "x")
    second.rename(first)
    (folder / "x").rename(second)


def link_file(folder: Path) -> None:
    path = folder / "data/capture.json"
    outside = folder.parent / "outside.json"
    path.rename(outside)
    path.symlink_to(outside)


def link_folder(folder: Path) -> None:
    outside = folder.parent / "outside"
    (folder / "data").rename(outside)
    (folder / "data").symlink_to(outside)


def pipe(folder: Path) -> None:
    (folder / "MLmodel").unlink()
    os.mkfifo(folder / "MLmodel")


def move_away(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


TAMPERED = [
    (edit_manifest, "manifest.json does not match manifest.sig"),
    (change("extra.py", b"evil"), "extra.py was added"),
    (change("data/model/extra.pyc", b"evil"), "data/model/extra.pyc was added"),
    (change("MLmodel", None), "MLmodel is missing"),
    (rename, "data/model/model.rds is missing"),
    (swap, "MLmodel was changed"),
    (change("MLmodel", b""), "MLmodel was changed"),
    (change("MLmodel", FILES["MLmodel"] + b"#"), "MLmodel was changed"),
    (change("manifest.sig", None), "manifest.sig is missing"),
    (change("manifest.json", None), "manifest.json is missing"),
    (change("manifest.sig", b"[]"), "manifest.sig cannot be read"),
    (link_file, "data/capture.json is a link or no plain file"),
    (link_folder, "data is a link or no plain file"),
    (pipe, "MLmodel is a link or no plain file"),
    (move_away, "its folder is missing or a link"),
]


@pytest.mark.parametrize(("tamper", "words"), TAMPERED)
def test_any_other_change_is_found_and_named(artifact, cache, signer, tamper, words):
    """faults: 19, 27, 29"""
    tamper(artifact)
    assert words in refused(artifact, cache, signer.public_key)


def test_a_change_is_found_also_when_a_good_copy_is_there(artifact, cache, signer):
    """faults: 26"""
    copy = fetch(artifact, cache, signer.public_key)
    (artifact / "MLmodel").write_bytes(b"changed")
    with pytest.raises(Tampered, match="MLmodel was changed"):
        fetch(artifact, cache, signer.public_key)
    assert held(cache, copy.name, signer.public_key)


def test_an_unknown_key_is_refused(artifact, cache, tmp_path):
    """faults: 28"""
    stranger = Signer(Folders(tmp_path / "stranger").prepare())
    assert "unknown key" in refused(artifact, cache, stranger.public_key)


@pytest.mark.parametrize("wanted", [{"model": "bikes", "number": 4}, {"model": "churn", "number": 3}])
def test_a_good_signature_of_another_version_is_refused(artifact, cache, signer, wanted):
    """faults: 28"""
    assert "manifest.json is about bikes 3" in refused(artifact, cache, signer.public_key, **wanted)


def test_an_old_signature_over_new_files_is_refused(artifact, cache, signer):
    """faults: 28"""
    old = {name: (artifact / name).read_bytes() for name in ("manifest.json", "manifest.sig")}
    (artifact / "MLmodel").write_bytes(b"newer")
    signer.sign(artifact, ABOUT)
    for name, content in old.items():
        (artifact / name).write_bytes(content)
    assert "MLmodel was changed" in refused(artifact, cache, signer.public_key)


def test_a_signed_manifest_cannot_lead_outside(artifact, cache, signer):
    """faults: 17, 18"""
    shutil.copytree(artifact, artifact.with_name("artifact-b"))
    manifest = encoded(replace(ABOUT, files={"../artifact-b/MLmodel": Bytes("0" * 64, 1)}))
    signature = signer._key().sign(authenticated(manifest))
    (artifact / "manifest.json").write_bytes(manifest)
    (artifact / "manifest.sig").write_bytes(enveloped(manifest, keyid_of(signer.public_key), signature))
    assert "../artifact-b/MLmodel is missing" in refused(artifact, cache, signer.public_key)


def test_verifying_needs_neither_sql_nor_mlflow_nor_pandas(artifact, signer):
    code = "import sys, pathlib; from jupyter_kronkers.models.manifests import verify\n"
    code += "verify(pathlib.Path(sys.argv[1]), sys.argv[2].encode())\n"
    code += "print(sorted({'sqlalchemy', 'mlflow', 'pandas', 'alembic', 'numpy'} & set(sys.modules)))"
    command = [sys.executable, "-c", code, str(artifact), signer.public_key.decode()]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "[]"
