"""What a gateway found out and its successor need not: verified copies that nobody has touched since."""

from __future__ import annotations

import os

import pytest

from jupyter_kronkers.errors import Tampered
from jupyter_kronkers.models import trees
from jupyter_kronkers.serving.gateway.deployments import artifacts
from jupyter_kronkers.serving.gateway.deployments.artifacts import bring
from jupyter_kronkers.serving.gateway.deployments.known import Known
from tests.serving.artifacts import Makes
from tests.serving.conftest import reversed_arguments


@pytest.fixture
def brought(makes: Makes, tmp_path, monkeypatch):
    """`brought()`: the artifact, and whether it had to be fetched."""
    placed = makes.python("double", 1, *reversed_arguments(2.0))
    fetches = []
    fetch = artifacts.fetched
    monkeypatch.setattr(artifacts, "fetched", lambda *given: fetches.append(given) or fetch(*given))

    def bring_it(known=None, key=makes.signer.public_key):
        fetches.clear()
        artifact = bring(placed, tmp_path / "cache", key, known or Known(tmp_path / "known"))
        return artifact, bool(fetches)

    bring_it.placed = placed
    yield bring_it
    trees.remove(tmp_path / "cache")


def test_an_untouched_copy_is_taken_as_it_is(brought):
    """faults: 160"""
    first, was_fetched = brought()
    second, again = brought()
    assert (was_fetched, again) == (True, False)
    assert second == first


def test_without_a_memory_it_is_verified_each_time(brought):
    assert [brought(Known())[1] for _ in range(2)] == [True, True]


def test_a_copy_that_was_written_to_is_verified_even_if_its_times_were_set_back(brought):
    artifact, _ = brought()
    victim = artifact.data / "capture.json"
    before, content = victim.stat(), victim.read_bytes()
    victim.chmod(0o600)
    victim.write_bytes(content.replace(b"double", b"triple"))
    victim.chmod(before.st_mode)
    os.utime(victim, ns=(before.st_atime_ns, before.st_mtime_ns))
    again, was_fetched = brought()
    assert was_fetched
    assert again.data.joinpath("capture.json").read_bytes() == content, "it was replaced by a whole one"


def test_a_file_more_or_another_key_is_noticed(brought):
    artifact, _ = brought()
    artifact.folder.chmod(0o700)
    (artifact.folder / "more").touch()
    assert brought()[1]
    with pytest.raises((Tampered, ValueError)):
        brought(key=b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")


@pytest.mark.parametrize("written", [b"", b"{", b"null", b'{"model": "double"}'])
def test_a_broken_memory_is_no_memory(brought, tmp_path, written):
    brought()
    (tmp_path / "known" / brought.placed.digest).write_bytes(written)
    assert brought()[1]
