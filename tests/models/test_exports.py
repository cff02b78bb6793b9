"""An export is one signed folder that scores without us, in each language."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jupyter_kronkers.errors import Conflict, Tampered
from jupyter_kronkers.models import Signer, exported, exports
from jupyter_kronkers.models.dockerfiles import Captured, Interpreter, Package, dockerfile, run_requirements
from jupyter_kronkers.models.runner import runner_files
from jupyter_kronkers.models.statements import Manifest
from jupyter_kronkers.store import Folders
from tests.models.exports_in import EXPECTED, ROWS_CSV, Elsewhere, captured_in, predictions
from tests.serving.conftest import until


@pytest.fixture
def elsewhere(tmp_path) -> Elsewhere:
    return Elsewhere(tmp_path / "elsewhere")


@pytest.fixture
def export(register, models, tmp_path, proven) -> Path:
    """The model `bikes` of the conftest: bikes = 10 + 3 · hr + 2 · temp, half of it in the wet."""
    register()
    return models.export("bikes", 1, tmp_path / "bikes-1")


BIKES = "weather,temp,hr\ndry,1.5,2\nwet,0,4\n"
BIKES_ANSWERS = [10 + 6 + 3, (10 + 12) / 2]


# It scores


def test_csv_in_is_csv_out(export, elsewhere, tmp_path):
    (tmp_path / "rows.csv").write_text(BIKES)
    done = elsewhere.run(export, "score", tmp_path / "rows.csv")
    assert (done.stdout, done.stderr) == ("prediction\n19.0\n11.0\n", "")


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": ["hr", "temp", "weather"], "data": [[2, 1.5, "dry"], [4, 0, "wet"]]}},
        {"dataframe_records": [{"hr": 2, "temp": 1.5, "weather": "dry"}, {"hr": 4, "temp": 0, "weather": "wet"}]},
        {"inputs": {"hr": [2, 4], "temp": [1.5, 0.0], "weather": ["dry", "wet"]}},
        {"instances": [[2, 1.5, "dry"], [4, 0, "wet"]]},
    ],
)
def test_all_forms_of_mlflow_are_read_from_stdin(export, elsewhere, body):
    assert predictions(elsewhere.run(export, "score", text=json.dumps(body))) == BIKES_ANSWERS


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"hr": 2, "temp": 1.5}, "lacks weather"),
        ({"hr": "2", "temp": 1.5, "weather": "dry"}, "'2' is not a whole number"),
        ({"hr": 2.5, "temp": 1.5, "weather": "dry"}, "2.5 is not a whole number"),
        ({"hr": 1 << 63, "temp": 1.5, "weather": "dry"}, "is not a whole number of 64 bits"),
        ({"hr": 2, "temp": None, "weather": "dry"}, "a value is missing"),
        ({"hr": True, "temp": 1.5, "weather": "dry"}, "True is not a whole number"),
    ],
)
def test_rows_that_do_not_fit_are_refused_in_words(export, elsewhere, row, words):
    """faults: 42, 45"""
    done = elsewhere.run(export, "score", text=json.dumps({"dataframe_records": [row]}))
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_it_serves_mlflows_protocol_on_loopback(export, elsewhere):
    with elsewhere.serving(export) as port:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        assert asked(client, "GET", "/ping") == (200, b"bikes/1\n")
        assert asked(client, "POST", "/invocations", BIKES, "text/csv") == (200, b'{"predictions": [19.0, 11.0]}')
        row = '{"instances": [[2, 1.5, "dry"]]}'
        assert asked(client, "POST", "/v1/models/bikes:predict", row) == (200, b'{"predictions": [19.0]}')
        assert asked(client, "POST", "/invocations", '{"instances": [["no"]]}')[0] == 400
        assert asked(client, "POST", "/invocations", BIKES, "text/plain")[0] == 415
        assert asked(client, "GET", "/elsewhere")[0] == 404


def test_a_request_under_way_is_answered_before_it_ends(export, elsewhere):
    with elsewhere.serving(export) as port:
        caller = socket.create_connection(("127.0.0.1", port), timeout=30)
        head = f"POST /invocations HTTP/1.1\r\nHost: here\r\nContent-Type: text/csv\r\nContent-Length: {len(BIKES)}\r\n"
        caller.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        reader = caller.makefile("rb")
        assert [reader.readline(), reader.readline()] == [b"HTTP/1.1 100 Continue\r\n", b"\r\n"]
        elsewhere.process.terminate()
        until(lambda: refuses(port), "the port to be let go")
        caller.sendall(BIKES.encode())
        answer = reader.read()
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b'{"predictions": [19.0, 11.0]}')


def refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def asked(client, method, path, body=None, kind="application/json"):
    client.request(method, path, body, {"Content-Type": kind} if body else {})
    answer = client.getresponse()
    return answer.status, answer.read()


@pytest.mark.slow
@pytest.mark.parametrize("language", ["r", "julia"])
def test_models_of_other_languages_score_by_their_own_runtime(language, register, models, elsewhere, tmp_path):
    register("lines", captured_in(language, tmp_path / "capture"))
    export = models.export("lines", 1, tmp_path / "lines-1")
    assert predictions(elsewhere.run(export, "score", "--output", "json", text=ROWS_CSV)) == EXPECTED
    with elsewhere.serving(export) as port:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        answered = [asked(client, "POST", "/invocations", ROWS_CSV, "text/csv") for _ in range(3)]
        assert [json.loads(body)["predictions"] for _, body in answered] == [EXPECTED] * 3


@pytest.mark.slow
def test_the_folder_is_an_ordinary_mlflow_model_still(export):
    code = "import sys, mlflow.pyfunc, pandas as pd\n"
    code += "rows = pd.DataFrame({'hr': [2, 4], 'temp': [1.5, 0.0], 'weather': ['dry', 'wet']})\n"
    code += "print(mlflow.pyfunc.load_model(sys.argv[1]).predict(rows).tolist())"
    done = subprocess.run([sys.executable, "-c", code, export], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == BIKES_ANSWERS


# It is signed


def changed(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


TAMPERINGS = {
    "run was changed": lambda export: changed(export / "run"),
    "Dockerfile was changed": lambda export: changed(export / "Dockerfile"),
    "data/model/model.pkl was changed": lambda export: changed(export / "data/model/model.pkl"),
    "json.py was added": lambda export: (export / "json.py").write_text("raise SystemExit('taken over')"),
    "README.md is missing": lambda export: (export / "README.md").unlink(),
    "conda.yaml is a link": lambda export: (
        (export / "conda.yaml").unlink(),
        (export / "conda.yaml").symlink_to("run"),
    ),
    "export.json does not match export.sig": lambda export: changed(export / "export.json"),
    "manifest.json was changed": lambda export: changed(export / "manifest.json"),
    "signing.pub": lambda export: changed(export / "signing.pub"),
}


@pytest.mark.parametrize("tampered", TAMPERINGS)
def test_what_was_tampered_with_is_refused_before_anything_is_loaded(export, elsewhere, models, tampered):
    """faults: 26, 27"""
    TAMPERINGS[tampered](export)
    done = elsewhere.run(export, "score", text=BIKES)
    assert done.returncode == 3
    assert "is not what was signed" in done.stderr
    assert tampered in done.stderr or tampered == "signing.pub"
    with pytest.raises(Tampered):
        exported.verify(export, models._signer.public_key)


def test_bytecode_that_somebody_left_is_never_read(export, elsewhere):
    """faults: 27"""
    elsewhere.run(export, "score", text=BIKES)
    assert not list(export.rglob("*.pyc"))
    place = export / "kronkers_run" / "__pycache__"
    place.mkdir()
    (place / f"tables.{sys.implementation.cache_tag}.pyc").write_bytes(b"no bytecode at all")
    assert elsewhere.run(export, "score", text=BIKES).returncode == 0


def test_only_the_right_key_from_elsewhere_shows_who_signed(export, elsewhere, models, tmp_path):
    shutil.copy(export / "signing.pub", tmp_path / "mine.pub")
    assert elsewhere.run(export, "verify", "--key", tmp_path / "mine.pub").returncode == 0
    other = tmp_path / "other.pub"
    other.write_bytes(Signer(Folders(tmp_path / "other").prepare()).public_key)
    done = elsewhere.run(export, "verify", "--key", other)
    assert (done.returncode, "made with another key" in done.stderr) == (3, True)


def test_an_export_moved_elsewhere_verifies(export, elsewhere, tmp_path, models):
    moved = shutil.copytree(export, tmp_path / "by another name")
    assert "bikes 1" in elsewhere.run(moved, "verify").stdout
    assert exported.verify(moved, models._signer.public_key).version == "bikes 1"


def test_no_export_is_left_of_a_version_that_was_tampered_with(register, models, tmp_path, proven):
    """faults: 26"""
    register()
    changed(models.folder("bikes", 1) / "data/capture.json")
    with pytest.raises(Tampered):
        models.export("bikes", 1, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_export_never_overwrites(export, models):
    with pytest.raises(Conflict):
        exports.export(models.folder("bikes", 1), export, models._signer)


# The checking itself


RFC_8032 = [  # 7.1, TEST 1 to 3: public key, message, signature
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_signatures_of_the_rfc_hold_and_no_others(key, message, signature):
    from jupyter_kronkers.models.runner.ed25519 import ORDER, holds

    key, message, signature = (bytes.fromhex(text) for text in (key, message, signature))
    assert holds(key, message, signature)
    assert not holds(key, message + b"x", signature)
    assert not holds(key, message, signature[:-1] + bytes([signature[-1] ^ 1]))
    raised = int.from_bytes(signature[32:], "little") + ORDER  # RFC 8032 5.1.7: S must be below the order
    assert not holds(key, message, signature[:32] + raised.to_bytes(32, "little"))


def test_what_runs_elsewhere_imports_nothing_of_ours():
    for source in runner_files().values():
        text = source.read_text()
        assert "import jupyter_kronkers" not in text
        assert "from jupyter_kronkers" not in text


def test_numbers_come_back_as_they_were(export):
    from jupyter_kronkers.languages.frames import Column
    from jupyter_kronkers.models.runner.tables import as_csv, as_json

    values = np.array([0.1, 1e300, np.nan, 2.0])
    columns = [Column("a", values), Column("b", np.array([1, 2, 3, 4]), np.array([False, True, False, False]))]
    rows = json.loads(as_json(columns))["predictions"]
    assert rows == [{"a": 0.1, "b": 1}, {"a": 1e300, "b": None}, {"a": None, "b": 3}, {"a": 2.0, "b": 4}]
    assert as_csv(columns) == b"a,b\n0.1,1\n1e+300,\n,3\n2.0,4\n"


# The image


ABOUT = Manifest("bikes", 3, "x", "python", "pickle", {}, "2026-03-03T12:00:00Z", "anna")
NEEDED = {"python": [], "r": [Package("randomForest", "4.7-1.1", True)], "julia": [Package("GLM", "1.8.0", True)]}
FROM = {"python": "python:3.11-slim", "r": "rocker/r-ver:4.2.2", "julia": "julia:1.5.3 AS julia"}
RELEASES = {"python": "3.11.7", "r": "4.2.2", "julia": "1.5.3"}


@pytest.mark.parametrize("language", FROM)
def test_an_image_is_pinned_and_its_user_may_do_nothing(language):
    text = dockerfile(Captured(language, Interpreter(RELEASES[language]), NEEDED[language]), ABOUT)
    lines = text.splitlines()
    assert f"FROM {FROM[language]}" in lines
    assert not re.search(r"latest|sudo|curl|wget|http://(?!127\.0\.0\.1)|https://", text)
    assert lines.index("COPY . ./") < lines.index("USER 10001:10001") < lines.index("EXPOSE 8080")
    assert lines[-2:] == ['ENTRYPOINT ["python3", "run"]', 'CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]']
    assert all(package.version in text for package in NEEDED[language])


def test_words_of_a_capture_cannot_become_commands():
    """faults: 36"""
    evil = [Package('x"); system("id', "1.0", True), Package("gam", '1.0"); quit("', True), Package("ok", "1.0", True)]
    text = dockerfile(Captured("r", Interpreter("4.2.2 AS x\nRUN id"), evil), ABOUT)
    assert "FROM rocker/r-ver:4.4.2" in text
    assert ('id"' in text, "quit" in text, '"ok"' in text) == (False, False, True)


def test_only_what_the_model_needs_is_installed():
    needed = "cloudpickle==3.1.2\nmlflow==3.17.2\nnumpy==2.4.6\nscikit-learn==1.9.1\n"
    assert run_requirements("python", needed) == "cloudpickle==3.1.2\nnumpy==2.4.6\nscikit-learn==1.9.1\n"
    assert run_requirements("julia", needed) == "numpy>=1.21\n"
