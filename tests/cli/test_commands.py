"""The commands, as a person and as a program use them. Exit codes are those of `cli/__init__.py`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from jupyter_kronkers.control import Ownership

FAILED, USAGE, MISSING, REFUSED, REJECTED, NOT_RUNNING = 1, 2, 3, 4, 5, 6

LIGHT = """
import sys
from jupyter_kronkers.cli.program import program
program.main(["models", "list"], standalone_mode=False)
print(*sys.modules)
"""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("models list", 0),
        ("models show nothing", MISSING),
        ("models alias nothing champion 1", MISSING),
        ("models alias nothing champion", USAGE),
        ("models nonsense", USAGE),
        ("nonsense", USAGE),
        ("deployments show nothing", MISSING),
        ("deployments create Bad! nothing", REFUSED),
        ("predict nothing", NOT_RUNNING),
        ("status", NOT_RUNNING),
        ("stop", NOT_RUNNING),
        ("tokens revoke nothing", MISSING),
        ("--help", 0),
        ("--version", 0),
    ],
)
def test_exit_codes_mean_something(kronkers, words, code):
    answered = kronkers(*words.split())
    assert answered.code == code, answered.err
    assert "Traceback" not in answered.err


def test_a_failure_is_json_for_a_program_and_words_for_a_person(kronkers):
    person, program = kronkers("models", "show", "churn"), kronkers("models", "show", "churn", "--json")
    assert person.out == ""
    assert person.err.startswith("There is no model 'churn'.")
    assert (program.json["code"], program.json["message"]) == ("not_found", "There is no model 'churn'.")


def test_a_light_command_loads_neither_mlflow_nor_pandas(folders, monkeypatch, serving):
    monkeypatch.setenv("KRONKERS_DATA_DIR", str(folders.root))
    found = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in found.stdout.split()}
    assert not loaded & {"mlflow", "pandas", "numpy", "sqlalchemy", "alembic", "tornado", "jupyter_server"}


@pytest.mark.slow
def test_from_a_capture_to_a_rollback(kronkers, raw_capture, tmp_path):
    registered = kronkers("models", "register", "bikes", "--capture", str(raw_capture), "--title", "Bikes", "--json")
    assert registered.code == 0, registered.err
    told = registered.json
    assert (told["name"], told["version"], told["state"], told["language"]) == ("bikes", 1, "ready", "python")
    assert told["metrics"] == {"rmse": 41.25}
    assert (told["captured"]["rows"], told["captured"]["columns"]) == (40, 3)
    again = kronkers("models", "register", "bikes", "--capture", str(raw_capture))
    assert "bikes 2 is ready" in again.out
    assert kronkers("models", "alias", "bikes", "champion", "1").code == 0
    assert kronkers("models", "alias", "bikes", "champion", "2", "--why", "better", "--json").json[0]["number"] == 2
    assert [move["why"] for move in kronkers("models", "history", "bikes", "--json").json] == ["better", ""]
    assert kronkers("models", "diff", "bikes", "1", "2").code == 0
    shown = kronkers("models", "list").out.splitlines()
    assert shown[0].split() == ["NAME", "LATEST", "STATE", "LANGUAGE", "ALIASES", "REGISTERED", "BY", "TITLE"]
    assert shown[1].split()[:5] == ["bikes", "2", "ready", "python", "champion=2"]
    assert "40 rows, 3 columns, sha256:" in kronkers("models", "show", "bikes", "2").out
    place = tmp_path / "exported"
    assert kronkers("models", "export", "bikes", "champion", str(place)).code == 0
    assert (place / "MLmodel").is_file()
    assert kronkers("models", "export", "bikes", "champion", str(place)).code == REFUSED
    assert kronkers("deployments", "create", "rides", "bikes", "--json").json["state"] == "stopped"


@pytest.mark.slow
def test_a_model_that_cannot_be_proven_is_rejected_with_its_own_code(kronkers, raw_capture, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(raw_capture, broken)
    (broken / "model" / "model.pkl").write_bytes(b"\x80\x05cnothing\nhere\n.")
    answered = kronkers("models", "register", "bikes", "--capture", str(broken), "--json")
    assert answered.code == REJECTED, answered.err
    assert answered.json["state"] == "rejected"
    assert answered.json["reason"]


def test_an_empty_folder_is_no_capture(kronkers, tmp_path):
    answered = kronkers("models", "register", "bikes", "--capture", str(tmp_path / "home"))
    assert answered.code in {USAGE, REFUSED}


def test_a_token_comes_alone_on_stdout(kronkers):
    created = kronkers("tokens", "create", "app", "--deployment", "rides")
    assert created.out.startswith("krk_")
    assert created.out.count("\n") == 1
    listed = kronkers("tokens", "list", "--json").json
    assert [(token["name"], token["deployments"]) for token in listed] == [("app", ["rides"])]
    assert kronkers("tokens", "revoke", listed[0]["id"]).code == 0


def test_languages_are_told(kronkers):
    told = {language["language"]: language for language in kronkers("languages", "--json").json}
    assert set(told) == {"python", "r", "julia"}
    assert told["python"]["executable"] == sys.executable


def test_the_doctor_finds_a_broken_database(kronkers, folders):
    assert kronkers("models", "list").code == 0
    assert kronkers("doctor").code == 0
    folders.database.write_bytes(b"not a database at all" * 1_000)
    answered = kronkers("doctor", "--json")
    assert answered.code == FAILED
    assert "broken" in {finding["verdict"] for finding in answered.json if finding["what"] == "kronkers.db"}


def test_names_cannot_steer_a_terminal(kronkers):
    from jupyter_kronkers.cli.output import cell

    assert cell("a\x1b[2Jb\r\nc") == "a [2Jb  c"


@pytest.mark.slow
def test_rows_go_in_and_predictions_come_out(kronkers, raw_capture, serving):
    kronkers("models", "register", "bikes", "--capture", str(raw_capture))
    kronkers("models", "alias", "bikes", "champion", "1")
    created = kronkers("deployments", "create", "rides", "bikes", "--wait", "60", "--json")
    assert (created.code, created.json["state"]) == (0, "ready"), created.out + created.err
    as_csv = kronkers("predict", "rides", stdin="hr,temp,weather\n6,10,dry\n6,10,wet\n")
    rows = [{"hr": 6, "temp": 10.0, "weather": "dry"}, {"hr": 6, "temp": 10.0, "weather": "wet"}]
    as_json = kronkers("predict", "rides", stdin=json.dumps(rows))
    other = kronkers("predict", "rides", "--csv", stdin=json.dumps({"dataframe_records": rows}))
    # 10 + 3 · 6 + 2 · 10, and half of it in the wet.
    assert as_csv.out.splitlines()[1:] == ["48.0", "24.0"], as_csv.err
    assert as_json.json["predictions"] in ([48.0, 24.0], [{"prediction": 48.0}, {"prediction": 24.0}])
    assert other.out == as_csv.out
    assert kronkers("predict", "rides", stdin="hr\n6\n").code == REFUSED
    assert kronkers("predict", "nothing", stdin="hr\n6\n").code == MISSING
    assert kronkers("deployments", "stop", "rides", "--json").json["state"] == "stopped"


def test_status_names_an_owner_that_cannot_be_asked_yet(kronkers, folders):
    owner = Ownership(folders, "serve")
    owner.take()
    found = kronkers("status")
    owner.release()
    assert found.code == 0
    assert f"serve (pid {os.getpid()}) owns {folders.root}" in found.out
