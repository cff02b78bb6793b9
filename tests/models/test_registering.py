"""A registration is whole or it is not there, whatever happens and however many at once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jupyter_kronkers.access import Audit, Principal
from jupyter_kronkers.errors import Conflict, Invalid, MissingLanguage, NotFound, Unavailable
from jupyter_kronkers.models import Models, Uploads, proof, rows
from jupyter_kronkers.models.manifests import verify
from jupyter_kronkers.models.registering import POINTS
from jupyter_kronkers.store import Events, Folders, Store, VersionRegistered

ANNA = Principal("anna", frozenset({"admin"}))
CHILDREN = Path(__file__).with_name("register_in_children.py")


class House:
    """A data folder as the next process finds it."""

    def __init__(self, root: Path, template: Path | None = None) -> None:
        self.folders = Folders(root).prepare()
        if template:
            shutil.copy(template, self.folders.mlflow_database)
        self.store = Store.at(self.folders.database)
        self.uploads = Uploads(self.store, self.folders)
        self.models = Models(self.store, self.folders, Audit(), Events())

    def send(self, capture: Path) -> str:
        id = self.uploads.open(ANNA)
        for path in sorted(capture.rglob("*")):
            if path.is_file():
                with path.open("rb") as file:
                    self.uploads.write(ANNA, id, str(path.relative_to(capture)), file)
        return id

    def numbers(self) -> list[int]:
        return sorted(one.number for one in self.models._registry.versions())

    def check(self) -> None:
        """Nothing is half done: what is in MLflow is in our tables, whole and signed, and nothing else lies about."""
        with self.store.reading() as tx:
            known = sorted(number for _, number in rows.known_versions(tx))
            assert rows.open_registrations(tx) == []
            Audit().verify(tx)
        assert known == self.numbers()
        key = self.models._signer.public_key if known else b""
        for number in known:
            assert verify(self.models.folder("bikes", number), key).number == number
        placed = list((self.folders.models / "bikes").glob("*"))
        assert sorted(p.name for p in placed) == sorted(self.models.version("bikes", n).id for n in known)
        assert list(self.folders.staging.iterdir()) == []
        assert len(self.runs()) == len(known)

    def runs(self) -> list:
        stores = self.models._registry._open()
        return stores.tracking.search_runs([stores.experiment], "", 1)


def run(jobs: list[dict], folder: Path) -> None:
    (folder / "jobs.json").write_text(json.dumps(jobs))
    quiet = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    subprocess.run([sys.executable, CHILDREN, folder / "jobs.json"], check=True, timeout=240, env=quiet)


# Killed


@pytest.fixture(scope="module")
def killed(tmp_path_factory, mlflow_template, bike_capture) -> dict[str, tuple[House, str]]:
    """For each point a data folder in which a process was killed there; the number was foreseen rightly or not."""
    root = tmp_path_factory.mktemp("killed")
    found, jobs = {}, []
    for point in POINTS:
        for kind, number in (("", None), ("-foreseen-wrongly", 7)):
            house = House(root / f"{point}{kind}", mlflow_template)
            upload = house.send(bike_capture)
            found[f"{point}{kind}"] = (house, upload)
            jobs.append({"folder": str(house.folders.root), "uploads": [upload], "kill_at": point, "number": number})
    run(jobs, root)
    return found


BEFORE = [f"{point}{kind}" for point in POINTS[: POINTS.index("numbered")] for kind in ("", "-foreseen-wrongly")]
AFTER = [f"{point}{kind}" for point in POINTS[POINTS.index("numbered") :] for kind in ("", "-foreseen-wrongly")]


@pytest.mark.slow
@pytest.mark.parametrize("point", BEFORE)
def test_killed_before_mlflow_knows_it_there_is_nothing_and_the_upload_can_be_used(killed, point):
    """faults: 11, 163, 177"""
    house, upload = killed[point]
    house.models.recover()
    house.check()
    assert house.numbers() == []
    assert house.models.register(ANNA, "bikes", upload).number == 1
    house.check()


@pytest.mark.slow
@pytest.mark.parametrize("point", AFTER)
def test_killed_after_mlflow_knows_it_there_is_the_whole_version(killed, point):
    """faults: 11, 163, 177"""
    house, upload = killed[point]
    house.models.recover()
    house.check()
    version = house.models.version("bikes", 1)
    assert (version.state, version.created_by, version.proof.rows) == ("ready", "anna", 20)
    with pytest.raises((Conflict, NotFound)):
        house.models.register(ANNA, "bikes", upload)


@pytest.mark.slow
def test_killed_at_any_moment_it_is_whole_or_not_there(tmp_path, mlflow_template, bike_capture):
    """faults: 163"""
    house = House(tmp_path / "k", mlflow_template)
    jobs = []
    for n in range(25):
        jobs.append(
            {"folder": str(house.folders.root), "uploads": [house.send(bike_capture)], "kill_after_s": n * 0.008}
        )
    run(jobs, tmp_path)
    house.models.recover()
    house.check()
    # How many got through before their kill is the machine's affair; the one that was killed at once did not.
    assert len(house.numbers()) < len(jobs)


@pytest.mark.slow
def test_recovering_twice_is_harmless(killed):
    house, _ = killed["numbered"]
    house.models.recover()
    house.models.recover()
    house.check()


@pytest.mark.slow
def test_a_version_whose_files_were_removed_meanwhile_is_rejected_and_start_goes_on(killed):
    """faults: 177"""
    house, _ = killed["committed-foreseen-wrongly"]
    house.models.recover()
    version = house.models.version("bikes", 1)
    with house.store.writing() as tx:
        tx.exec_driver_sql("DELETE FROM versions")
        rows.add_registration(tx, version.id, "bikes", version.created_at, "anna")
        rows.plan_registration(tx, rows.Plan(version))
    shutil.rmtree(house.folders.models / "bikes")
    house.models.recover()
    found = house.models.version("bikes", 1)
    assert (found.state, found.proof) == ("rejected", None)
    assert "files are gone" in found.reason


# At once


@pytest.mark.slow
def test_fifty_registrations_from_ten_processes_get_fifty_numbers(tmp_path, mlflow_template, bike_capture):
    """faults: 11"""
    house = House(tmp_path / "k", mlflow_template)
    jobs = [
        {"folder": str(house.folders.root), "uploads": [house.send(bike_capture) for _ in range(5)], "at_once": True}
        for _ in range(10)
    ]
    run(jobs, tmp_path)
    assert house.numbers() == list(range(1, 51))
    house.check()


@pytest.mark.slow
def test_twenty_registrations_from_twenty_threads_get_twenty_numbers(models, uploads, anna, bike_capture, proven):
    """faults: 11"""
    house_uploads = [sent_by_hand(uploads, anna, bike_capture) for _ in range(20)]
    numbers: list[int] = []
    threads = [
        threading.Thread(target=lambda id=id: numbers.append(models.register(anna, "bikes", id).number))
        for id in house_uploads
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 21))


def sent_by_hand(uploads, who, folder) -> str:
    id = uploads.open(who)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                uploads.write(who, id, str(path.relative_to(folder)), file)
    return id


def test_one_upload_becomes_one_version(models, uploads, anna, bike_capture, proven):
    """faults: 11"""
    id = sent_by_hand(uploads, anna, bike_capture)
    outcomes: list[object] = []

    def register() -> None:
        try:
            outcomes.append(models.register(anna, "bikes", id).number)
        except (Conflict, NotFound) as refused:
            outcomes.append(type(refused))

    threads = [threading.Thread(target=register) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(1) == 1
    assert models.show("bikes").version_count == 1


# Refused


def test_a_language_that_is_missing_leaves_no_version_and_the_upload(models, uploads, anna, bike_capture, monkeypatch):
    """faults: 188"""
    id = sent_by_hand(uploads, anna, bike_capture)

    def missing(*_: object) -> None:
        raise MissingLanguage("R", remedy="Install it.")

    with monkeypatch.context() as patched:
        patched.setattr(proof, "prove", missing)
        with pytest.raises(MissingLanguage):
            models.register(anna, "bikes", id)
    assert models.list().items == ()
    assert models.register(anna, "bikes", id).number == 1


def test_when_mlflow_is_away_nothing_is_registered(models, uploads, anna, bike_capture, proven, monkeypatch):
    """faults: 170"""
    id = sent_by_hand(uploads, anna, bike_capture)

    def away(*_: object) -> None:
        raise Unavailable("MLflow's database did not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(models._registry, "add_version", away)
        with pytest.raises(Unavailable):
            models.register(anna, "bikes", id)
    assert models.list().items == ()
    assert models.register(anna, "bikes", id).number == 1


def test_an_error_after_mlflow_has_it_is_made_good_at_once(models, uploads, anna, bike_capture, proven, monkeypatch):
    id = sent_by_hand(uploads, anna, bike_capture)
    real = models._registry.add_version

    def answer_lost(version) -> int:
        real(version)
        raise Unavailable("MLflow's database did not answer.")

    monkeypatch.setattr(models._registry, "add_version", answer_lost)
    assert models.register(anna, "bikes", id).number == 1
    assert models.version("bikes", 1).state == "ready"


def test_a_registration_is_told_after_it_is_kept(models, events, register, proven):
    heard = []
    events.subscribe(lambda event: heard.append((event, models.version("bikes", 1).state)))
    register()
    assert heard == [(VersionRegistered("bikes", 1, "ready"), "ready")]


def test_the_upload_is_gone_once_it_is_a_version(register, folders, proven):
    register()
    assert list(folders.uploads.iterdir()) == []


@pytest.mark.parametrize("words", [{"title": "a\nb"}, {"description": "\x00"}, {"note": "x" * 10_001}])
def test_words_that_cannot_be_kept_are_refused_first(register, models, words):
    """faults: 4"""
    with pytest.raises(Invalid):
        register(**words)
    assert models.list().items == ()
