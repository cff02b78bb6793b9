"""Models and versions: made, listed, compared, found again."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace

import pytest

from jupyter_kronkers.errors import Conflict, Denied, Invalid, NotFound, Stale, Tampered
from jupyter_kronkers.models import Models, exported, rows
from jupyter_kronkers.models.manifests import verify
from jupyter_kronkers.store.tables import audit as audit_table


@pytest.fixture
def many(models, store, register, proven):
    """10,000 versions: 5,000 of one model, one of each of 5,000 others."""
    first = register("many")
    with store.writing() as tx:
        for n in range(2, 5_001):
            rows.add_version(tx, replace(first, number=n, id=f"many-{n}"))
        for n in range(5_000):
            name = f"other-{n:04}"
            rows.add_model(tx, name, title=f"Title {n}", description="", at=first.created_at, by="anna")
            rows.add_version(tx, replace(first, model=name, number=1, id=name))
    return models


def test_a_registered_version_is_proven_and_says_all_about_itself(register, anna):
    version = register(note="first try")
    assert (version.model, version.number, version.state, version.origin) == ("bikes", 1, "ready", "kronkers")
    assert (version.language, version.class_, version.metrics) == ("python", "dict", {"rmse": 41.25})
    assert [field.name for field in version.signature.inputs] == ["hr", "temp", "weather"]
    assert (version.proof.rows, version.proof.max_difference, version.proof.batch_safe) == (20, 0.0, True)
    assert (version.note, version.created_by, version.params) == ("first try", "anna", {"hour": 3.0, "kind": "linear"})
    assert version.data.rows == 40
    assert version.data.digest.startswith("sha256:")


def test_a_version_is_read_back_as_it_was_registered(register, models):
    assert register() == models.version("bikes", 1)


def test_the_first_version_makes_the_model_with_its_words(register, models):
    register(title="Bikes per hour", description="Two\nlines")
    model = models.show("bikes")
    assert (model.title, model.description, model.version_count) == ("Bikes per hour", "Two\nlines", 1)
    assert model.latest.number == 1


def test_every_change_leaves_a_row_of_the_audit(register, models, store, audit, anna):
    register()
    models.update(anna, "bikes", title="Bikes")
    models.move(anna, "bikes", "champion", 1)
    with store.reading() as tx:
        assert [row.action for row in audit.rows(tx)] == [
            "model.created",
            "version.registered",
            "model.changed",
            "alias.moved",
        ]
        assert audit.verify(tx) == 4


def test_the_same_content_again_is_a_version_that_says_so(register, proven):
    assert register().warnings == ()
    assert register().warnings == ("same content as version 1",)
    assert register("others").warnings == ()


def test_versions_are_found_by_number_alias_and_latest(register, models, anna, proven):
    for _ in range(3):
        register()
    models.move(anna, "bikes", "champion", 2)
    assert [models.version("bikes", which).number for which in (1, "3", "champion", "latest")] == [1, 3, 2, 3]


@pytest.mark.parametrize("which", [9, "9", "nobody", "../..", "9" * 5_000, "", "1 "])
def test_what_is_no_version_is_not_found(register, models, which, proven):
    """faults: 3"""
    register()
    with pytest.raises(NotFound) as refused:
        models.version("bikes", which)
    assert len(str(refused.value)) < 400


def test_versions_come_newest_first_some_at_a_time(register, models, proven):
    for _ in range(5):
        register()
    first = models.versions("bikes", limit=2)
    second = models.versions("bikes", limit=2, cursor=first.cursor)
    third = models.versions("bikes", limit=2, cursor=second.cursor)
    assert [[v.number for v in page.items] for page in (first, second, third)] == [[5, 4], [3, 2], [1]]
    assert third.cursor is None


def test_models_come_by_name_some_at_a_time(models, anna):
    for name in ("b", "a", "c"):
        models.create(anna, name)
    first = models.list(limit=2)
    assert [model.name for model in first.items] == ["a", "b"]
    assert [model.name for model in models.list(limit=2, cursor=first.cursor).items] == ["c"]


@pytest.mark.parametrize(
    ("search", "found"),
    [("churn", ["churn"]), ("%", ["percent"]), ("_", []), ("'; DROP TABLE models; --", []), ("100", ["percent"])],
)
def test_a_search_is_taken_as_it_stands(models, anna, search, found):
    """faults: 9, 10"""
    models.create(anna, "churn", title="Who leaves")
    models.create(anna, "percent", title="100 % sure")
    assert [model.name for model in models.list(search=search).items] == found


def test_models_are_listed_by_language(models, register, anna, proven):
    register()
    models.create(anna, "empty")
    assert [model.name for model in models.list(language="python").items] == ["bikes"]
    assert models.list(language="r").items == ()


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 501}])
def test_a_page_has_a_size(models, wrong):
    with pytest.raises(Invalid, match="limit"):
        models.list(**wrong)


@pytest.mark.parametrize("cursor", ["x", "-1", "1 or 1=1", "9" * 30])
def test_a_cursor_that_was_not_given_out_is_refused(models, cursor):
    with pytest.raises(Invalid, match="cursor"):
        models.history("bikes", cursor=cursor)


@pytest.mark.parametrize("name", ["../../etc", "Bikes", "con", "", "a" * 64, "a\nb"])
def test_no_model_is_made_under_what_is_no_name(models, anna, name):
    """faults: 1, 3, 4, 6, 7"""
    with pytest.raises(Invalid) as refused:
        models.create(anna, name)
    assert refused.value.code == "invalid_name"
    with pytest.raises(Invalid):
        models.register(anna, name, "any")


def test_titles_are_kept_raw_and_composed(models, anna):
    """faults: 5, 8"""
    assert models.create(anna, "a", title="<script>alert(1)</script>").title == "<script>alert(1)</script>"
    assert models.create(anna, "b", title="cafe\u0301").title == "caf\u00e9"


def test_a_change_on_an_old_copy_is_refused(models, anna):
    revision = models.create(anna, "bikes").revision
    assert models.update(anna, "bikes", title="One", revision=revision).revision == revision + 1
    with pytest.raises(Stale):
        models.update(anna, "bikes", title="Two", revision=revision)
    assert models.show("bikes").title == "One"


def test_an_archived_model_is_out_of_sight_and_takes_no_versions(models, register, anna, uploads, proven):
    register()
    models.archive(anna, "bikes")
    assert models.archive(anna, "bikes").archived_at
    assert models.list().items == ()
    assert [model.name for model in models.list(archived=True).items] == ["bikes"]
    with pytest.raises(Conflict, match="archived"):
        register()
    assert models.version("bikes", 1).state == "ready"


def test_a_model_is_made_once(models, anna):
    models.create(anna, "bikes")
    with pytest.raises(Conflict, match="already"):
        models.create(anna, "bikes")


def test_whoever_may_only_look_changes_nothing(models, vera, register, store, proven):
    """faults: 31"""
    register()
    with store.reading() as tx:
        before = tx.execute(audit_table.select()).all()
    for refused in (
        lambda: models.create(vera, "x"),
        lambda: models.update(vera, "bikes", title="x"),
        lambda: models.archive(vera, "bikes"),
        lambda: models.register(vera, "bikes", "0" * 32),
        lambda: models.move(vera, "bikes", "champion", 1),
        lambda: models.unset(vera, "bikes", "champion"),
    ):
        with pytest.raises(Denied, match="write"):
            refused()
    with store.reading() as tx:
        assert tx.execute(audit_table.select()).all() == before


def test_an_export_is_the_signed_artifact_and_verifies(register, models, tmp_path, proven):
    register()
    target = models.export("bikes", 1, tmp_path / "out" / "bikes-1")
    key = models._signer.public_key
    about, signed = exported.verify(target, key), verify(models.folder("bikes", 1), key)
    assert (about.version, about.files.items() >= signed.files.items()) == (signed.version, True)
    with pytest.raises(Conflict, match="there already"):
        models.export("bikes", 1, target)


def test_a_tampered_version_is_not_exported(register, models, tmp_path, proven):
    """faults: 26"""
    register()
    (models.folder("bikes", 1) / "data/model/model.pkl").write_bytes(b"x")
    with pytest.raises(Tampered, match=r"data/model/model\.pkl was changed"):
        models.export("bikes", 1, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_ten_thousand_versions_are_listed_and_shown_in_few_queries(many):
    started = time.perf_counter()
    page = many.list(limit=50)
    one = many.show("many")
    versions = many.versions("many", limit=50)
    elapsed_s = time.perf_counter() - started
    assert (len(page.items), one.version_count, one.latest.number, len(versions.items)) == (50, 5_000, 5_000, 50)
    print(f"three looks at 10,000 versions: {elapsed_s * 1000:.0f} ms")


def test_looking_never_imports_mlflow(folders):
    code = (
        "import sys, pathlib\n"
        "from jupyter_kronkers.access import Audit\n"
        "from jupyter_kronkers.models import Models\n"
        "from jupyter_kronkers.store import Events, Folders, Store\n"
        "folders = Folders(pathlib.Path(sys.argv[1]))\n"
        "models = Models(Store.at(folders.database), folders, Audit(), Events())\n"
        "models.list(); models.recover()\n"
        "print(sorted({'mlflow', 'pandas', 'cloudpickle', 'alembic'} & set(sys.modules) - {'alembic'}))"
    )
    done = subprocess.run([sys.executable, "-c", code, folders.root], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_room_is_light_to_import():
    code = "import sys, jupyter_kronkers.models\n"
    code += "print(sorted({'sqlalchemy', 'numpy', 'msgspec', 'mlflow', 'cryptography'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_building_the_room_opens_nothing(store, folders, audit, events, clock):
    assert Models(store, folders, audit, events, clock)._registry._stores is None
