"""Files on their way in: contained, counted, whole or not there."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_kronkers.access import Principal
from jupyter_kronkers.errors import Conflict, Denied, Exhausted, Invalid, NotFound, TooLarge
from jupyter_kronkers.models import rows
from jupyter_kronkers.models.trees import Unsafe
from jupyter_kronkers.models.uploads import Quota, Uploads

OTTO = Principal("otto", frozenset({"write"}))


@pytest.fixture
def uploads(store, folders, clock) -> Uploads:
    return Uploads(store, folders, clock, Quota(files=4, bytes=1_000, all_bytes=1_500))


def files(uploads, who, id) -> dict[str, bytes]:
    root = uploads.path(who, id)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def send(uploads, who, id, path, content=b"x", **said):
    return uploads.write(who, id, path, io.BytesIO(content), **said)


class Cut:
    """A connection that breaks after so many bytes."""

    def __init__(self, content: bytes, after: int) -> None:
        self._stream, self._left = io.BytesIO(content), after

    def read(self, size: int) -> bytes:
        if not self._left:
            raise ConnectionResetError
        piece = self._stream.read(min(size, self._left, 7))
        self._left -= len(piece)
        return piece


def test_a_file_arrives_whole_with_its_hash_and_size(uploads, anna):
    id = uploads.open(anna)
    assert send(uploads, anna, id, "model/model.pkl", b"abc") == (hashlib.sha256(b"abc").hexdigest(), 3)
    assert files(uploads, anna, id) == {"model/model.pkl": b"abc"}


def test_sending_a_file_again_replaces_it(uploads, anna):
    id = uploads.open(anna)
    for content in (b"first", b"second"):
        send(uploads, anna, id, "capture.json", content)
    assert files(uploads, anna, id) == {"capture.json": b"second"}


def test_files_may_arrive_at_once(uploads, anna):
    id = uploads.open(anna)
    paths = ["capture.json", "model/a", "environment/b", "conformance.json"]
    threads = [threading.Thread(target=send, args=(uploads, anna, id, path)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(files(uploads, anna, id)) == sorted(paths)


UNSAFE = [
    "../x",
    "model/../../x",
    "/etc/passwd",
    "C:\\x",
    "\\\\host\\share",
    "model//x",
    "model/./x",
    "",
    "model/",
    "a\0b",
]
NO_CAPTURE = ["MLmodel", "manifest.json", "manifest.sig", "code/kronkers_pyfunc/x.py", "conda.yaml", "model", "x.py"]


@pytest.mark.parametrize("path", UNSAFE + NO_CAPTURE)
def test_a_path_that_is_none_of_a_captures_is_refused(uploads, anna, path):
    """faults: 17, 34"""
    id = uploads.open(anna)
    with pytest.raises(Unsafe) as refused:
        send(uploads, anna, id, path)
    assert refused.value.code == "unsafe_path"
    assert files(uploads, anna, id) == {}


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.text(alphabet=st.sampled_from("ab./\\:\0\n~é"), max_size=12).map(lambda text: f"model/{text}"))
def test_whatever_the_path_nothing_lands_outside(uploads, folders, anna, path):
    """faults: 17, 18"""
    id = uploads.open(anna)
    with contextlib.suppress(Unsafe):
        send(uploads, anna, id, path)
    inside = folders.uploads / id / "files" / "model"
    written = [found for found in folders.root.rglob("*") if found.is_file() and found.read_bytes() == b"x"]
    assert all(inside in found.parents for found in written)
    uploads.drop(anna, id)


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_link_put_into_the_upload_is_never_followed(uploads, folders, anna, tmp_path, kind):
    """faults: 19"""
    id = uploads.open(anna)
    outside = tmp_path / "outside"
    outside.mkdir()
    files_of = folders.uploads / id / "files"
    if kind == "folder":
        (files_of / "model").symlink_to(outside)
    else:
        (files_of / "model").mkdir()
        (files_of / "model/m").symlink_to(outside / "m")
    with pytest.raises(Unsafe):
        send(uploads, anna, id, "model/m")
    assert list(outside.iterdir()) == []


def test_a_folder_of_a_similar_name_is_out_of_reach(uploads, folders, anna):
    """faults: 18"""
    id = uploads.open(anna)
    (folders.uploads / f"{id}b").mkdir()
    for path in (f"../../{id}b/x", f"model/../../../{id}b/x"):
        with pytest.raises(Unsafe):
            send(uploads, anna, id, path)
    assert list((folders.uploads / f"{id}b").iterdir()) == []


@pytest.mark.parametrize(
    "path",
    [
        "model/" + "/".join("a" * 4_000),
        "model/" + "n" * 256,
        "model/" + "é" * 128,
        "model/" + "/".join(["d" * 200] * 7),
    ],
)
def test_deep_and_long_paths_are_refused(uploads, anna, path):
    """faults: 23"""
    id = uploads.open(anna)
    with pytest.raises(Unsafe, match=r"deeper|longer"):
        send(uploads, anna, id, path)


def test_too_many_files_are_refused(uploads, anna):
    """faults: 23"""
    id = uploads.open(anna)
    for n in range(4):
        send(uploads, anna, id, f"model/{n}")
    with pytest.raises(TooLarge, match="number of files"):
        send(uploads, anna, id, "model/more")
    assert len(files(uploads, anna, id)) == 4


def test_names_that_differ_by_case_only_are_refused(uploads, anna):
    """faults: 24"""
    id = uploads.open(anna)
    send(uploads, anna, id, "model/a")
    with pytest.raises(Unsafe, match="one name on some systems"):
        send(uploads, anna, id, "model/A")


def test_a_file_where_a_folder_is_and_the_other_way_round_are_refused(uploads, anna):
    """faults: 24"""
    id = uploads.open(anna)
    send(uploads, anna, id, "model/a/b")
    send(uploads, anna, id, "model/c")
    for path in ("model/a", "model/c/d"):
        with pytest.raises(Unsafe):
            send(uploads, anna, id, path)
    assert sorted(files(uploads, anna, id)) == ["model/a/b", "model/c"]


def test_an_endless_stream_costs_no_more_than_the_limit(uploads, folders, anna):
    """faults: 22, 37"""
    id = uploads.open(anna)

    class Endless:
        taken = 0

        def read(self, size: int) -> bytes:
            self.taken += 100
            return b"x" * 100

    stream = Endless()
    with pytest.raises(TooLarge, match="the limit is 1,000"):
        uploads.write(anna, id, "model/m", stream)
    assert stream.taken == 1_100
    assert uploads.waiting_bytes() == 0


def test_the_limit_is_for_all_files_of_an_upload_together(uploads, anna):
    """faults: 37"""
    id = uploads.open(anna)
    send(uploads, anna, id, "model/a", b"x" * 600)
    with pytest.raises(TooLarge):
        send(uploads, anna, id, "model/b", b"x" * 600)
    send(uploads, anna, id, "model/a", b"x" * 700)
    assert uploads.waiting_bytes() == 700


@pytest.mark.parametrize("said", [{"sha256": "0" * 64}, {"size_bytes": 4}])
def test_content_that_is_not_what_was_declared_is_refused(uploads, anna, said):
    """faults: 25"""
    id = uploads.open(anna)
    with pytest.raises(Invalid, match="not what was sent"):
        send(uploads, anna, id, "model/m", b"abc", **said)
    assert uploads.waiting_bytes() == 0


@pytest.mark.parametrize("after", range(0, 29, 7))
def test_an_upload_cut_anywhere_leaves_no_file(uploads, anna, after):
    """faults: 38"""
    id = uploads.open(anna)
    with pytest.raises(ConnectionResetError):
        uploads.write(anna, id, "model/m", Cut(b"x" * 28, after))
    assert files(uploads, anna, id) == {}
    assert uploads.waiting_bytes() == 0


def test_the_rest_of_a_killed_upload_is_no_file_and_is_swept(uploads, folders, anna, store, clock):
    """faults: 38, 39"""
    id = uploads.open(anna)
    (folders.uploads / id / "parts" / "killed").write_bytes(b"x" * 500)
    assert files(uploads, anna, id) == {}
    tomorrow = Uploads(store, folders, lambda: clock() + timedelta(hours=25))
    assert tomorrow.sweep() == 500
    assert list(folders.uploads.iterdir()) == []
    with pytest.raises(NotFound):
        uploads.path(anna, id)


def test_a_sweep_leaves_what_is_waiting_or_being_registered(uploads, folders, store, clock, anna):
    """faults: 39"""
    fresh, taken = uploads.open(anna), uploads.open(anna)
    (folders.uploads / "stray").mkdir()
    with store.writing() as tx:
        rows.add_registration(tx, "r1", "bikes", clock(), "anna")
        rows.claim_upload(tx, taken, "r1")
    uploads.sweep()
    assert {folder.name for folder in folders.uploads.iterdir()} == {fresh, taken}


def test_no_more_uploads_are_opened_when_the_waiting_ones_fill_their_room(uploads, anna):
    """faults: 39"""
    for _ in range(2):
        send(uploads, anna, uploads.open(anna), "model/m", b"x" * 800)
    with pytest.raises(Exhausted):
        uploads.open(anna)


@pytest.mark.parametrize("id", ["0" * 32, "../../etc", "file:///etc", "s3://other", "", "' or 1=1 --"])
def test_only_an_id_that_we_gave_is_an_upload(uploads, anna, id):
    """faults: 14"""
    with pytest.raises(NotFound):
        uploads.path(anna, id)
    with pytest.raises(NotFound):
        send(uploads, anna, id, "capture.json")


def test_an_upload_belongs_to_whoever_opened_it(uploads, anna):
    """faults: 14"""
    id = uploads.open(anna)
    for refused in (uploads.path, uploads.drop):
        with pytest.raises(NotFound):
            refused(OTTO, id)


def test_an_upload_that_is_taken_takes_no_more_files(uploads, store, anna):
    id = uploads.open(anna)
    with store.writing() as tx:
        assert rows.claim_upload(tx, id, "r1")
        assert not rows.claim_upload(tx, id, "r2")
    with pytest.raises(Conflict, match="Open another upload"):
        send(uploads, anna, id, "capture.json")


def test_whoever_may_only_look_cannot_upload(uploads, vera):
    with pytest.raises(Denied, match="write"):
        uploads.open(vera)


def test_a_dropped_upload_is_gone(uploads, folders, anna):
    id = uploads.open(anna)
    send(uploads, anna, id, "model/m")
    uploads.drop(anna, id)
    assert os.listdir(folders.uploads) == []


def test_others_may_send_and_drop_while_uploads_are_counted(uploads, anna):
    """faults: 39"""

    def busy() -> None:
        for _ in range(100):
            id = uploads.open(anna)
            send(uploads, anna, id, "model/m")
            uploads.drop(anna, id)

    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(busy) for _ in range(4)]
        while not all(one.done() for one in done):
            assert uploads.waiting_bytes() >= 0
        for one in done:
            one.result()
