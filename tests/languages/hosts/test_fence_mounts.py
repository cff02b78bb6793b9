"""Which files a fenced host sees: what is hidden, what is shown within, and where links lead."""

from __future__ import annotations

from jupyter_kronkers.languages import fence, mounts


def words(hide, show):
    return mounts.words([str(path) for path in hide], [str(path) for path in show])


def test_of_two_places_in_each_other_the_inner_one_counts(tmp_path):
    home, shown, within = tmp_path / "home", tmp_path / "home/lib", tmp_path / "home/lib/keys"
    within.mkdir(parents=True)
    made = words([home, within], [shown])
    assert made[:6] == ["--tmpfs", str(home), "--ro-bind", str(shown), str(shown), "--tmpfs"]
    assert made[6] == str(within)
    assert made[-4:] == ["--remount-ro", str(home), "--remount-ro", str(within)]


def test_what_is_seen_anyway_is_not_named(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    assert words([], [tmp_path / "a", tmp_path / "a/b"]) == ["--bind", "@room@", "@room@"]


def test_links_within_what_is_hidden_lead_where_they_led(tmp_path):
    home, real = tmp_path / "home", tmp_path / "real"
    (home / "bin").mkdir(parents=True)
    real.mkdir()
    (real / "julia").write_text("")
    (home / "bin/julia").symlink_to("../link/julia")
    (home / "link").symlink_to(real)
    made = words([home], [home / "bin/julia"])
    at = made.index("--symlink")
    assert made[at : at + 3] == ["--symlink", "../link/julia", f"{home}/bin/julia"]
    assert made[at + 3 : at + 6] == ["--symlink", str(real), f"{home}/link"]
    assert mounts.trail(str(home / "bin/julia"))[1] == str(real / "julia")


def test_of_a_home_that_is_a_project_only_the_packages_are_seen(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "Project.toml").write_text("")
    (tmp_path / ".ssh").mkdir()
    made = words([tmp_path], [tmp_path])
    assert {word for word in made if word.startswith(f"{tmp_path}/")} == {f"{tmp_path}/lib", f"{tmp_path}/Project.toml"}


def test_an_interpreter_is_seen_with_the_one_it_links_to(tmp_path):
    for folder in ("venv/bin", "base/bin"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "base/bin/python3.11").write_text("")
    (tmp_path / "venv/bin/python").symlink_to(tmp_path / "base/bin/python3.11")
    folders = list(fence.interpreter_folders(str(tmp_path / "venv/bin/python")))
    assert folders == [str(tmp_path / "venv"), str(tmp_path / "base")]


def test_packages_that_are_installed_for_editing_are_seen(tmp_path):
    site, project = tmp_path / "lib/python3.11/site-packages", tmp_path / "project"
    site.mkdir(parents=True)
    project.mkdir()
    (site / "__editable__.thing.pth").write_text(f"{project}\nimport sys\n/not/there\n")
    assert list(fence.editable_packages(tmp_path)) == [str(project)]
