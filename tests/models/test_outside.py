"""What something else puts into MLflow is shown, and never trusted."""

from __future__ import annotations

import pytest

from jupyter_kronkers.errors import Conflict


@pytest.fixture
def stranger(models):
    """Someone with MLflow's own tools and no Kronkers."""
    return models._registry._open().registry


def test_a_version_made_outside_is_shown_as_rejected(models, stranger, register, proven):
    """faults: 14, 34"""
    register()
    stranger.create_model_version("bikes", "file:///etc")
    models.look_outside()
    found = models.version("bikes", 2)
    assert (found.state, found.origin, found.source) == ("rejected", "outside", "file:///etc")
    assert found.reason == "It was made outside Kronkers, without proof or signature."


def test_a_version_made_outside_cannot_be_used(models, stranger, register, anna, tmp_path, proven):
    """faults: 14, 29"""
    register()
    stranger.create_model_version("bikes", "http://example.invalid/#/../../etc")
    models.look_outside()
    for refused in (
        lambda: models.move(anna, "bikes", "champion", 2),
        lambda: models.folder("bikes", 2),
        lambda: models.export("bikes", 2, tmp_path / "out"),
    ):
        with pytest.raises(Conflict, match="outside Kronkers"):
            refused()


def test_a_model_made_outside_is_shown_once(models, stranger):
    stranger.create_registered_model("theirs")
    stranger.create_model_version("theirs", "s3://other-bucket/m")
    models.look_outside()
    models.look_outside()
    assert [(m.name, m.version_count) for m in models.list().items] == [("theirs", 1)]


def test_a_model_whose_name_cannot_be_ours_is_left_alone(models, stranger):
    """faults: 1, 5"""
    for name in ("My Model", "a..b", "bikés"):
        stranger.create_registered_model(name)
        stranger.create_model_version(name, "file:///etc")
    assert models.look_outside() == ()
    assert models.list().items == ()


def test_our_next_version_takes_the_number_after_theirs_and_is_signed_with_it(models, stranger, register, proven):
    """faults: 28"""
    register()
    stranger.create_model_version("bikes", "file:///etc")
    assert register().number == 3
    models.look_outside()
    assert [version.number for version in models.versions("bikes").items] == [3, 2, 1]


def test_a_tag_that_means_something_to_mlflow_cannot_be_set_by_a_capture(models, stranger, register, captured, proven):
    """faults: 15"""
    register(folder=captured(params={"mlflow.prompt.is_prompt": "true"}))
    (listed,) = stranger.search_model_versions("name='bikes'")
    assert listed.tags.keys() == {"kronkers.registration", "kronkers.state"}
