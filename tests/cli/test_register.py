"""`kronkers.register` as a notebook calls it, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.cli.conftest import environment

FITTED = """
import json, warnings
import pandas as pd
import jupyter_kronkers as kronkers

class Line:
    def __init__(self, slope): self.slope = slope
    def predict(self, data): return self.slope * data["x"].to_numpy()

X = pd.DataFrame({"x": [float(n) for n in range(30)]})
fit = Line(2.0)
"""

GOOD = """
found = kronkers.register(fit, "line", data=X, metrics={"rmse": 0.5}, title="A line")
print(json.dumps([found.told(), str(found), found._repr_html_()]))
"""

BAD = """
class Gone(Line):
    def predict(self, data):
        import os
        return self.slope * data["x"].to_numpy() + (0.0 if "KRONKERS_TEST_LIVE" in os.environ else 1.0)

with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    found = kronkers.register(Gone(2.0), "line", data=X)
print(json.dumps([found.state, found.reason, [str(one.message) for one in heard if "rejected" in str(one.message)]]))
"""

WRONG = """
try:
    kronkers.register(fit, "../etc", data=X)
except Exception as error:
    print(json.dumps([type(error).__name__, error.code, str(error)]))
"""


def run(folders, code: str):
    words = {**environment(folders), "KRONKERS_TEST_LIVE": "1"}
    found = subprocess.run(
        [sys.executable, "-c", FITTED + code], capture_output=True, text=True, env=words, check=False
    )
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("owned", [True, False], ids=["one serves", "nobody serves"])
def test_a_model_becomes_a_version_in_one_call(folders, request, owned):
    if owned:
        request.getfixturevalue("serving")
    told, words, html = run(folders, GOOD)
    assert (told["name"], told["version"], told["state"]) == ("line", 1, "ready"), told
    assert (told["class"], told["metrics"], told["captured"]["rows"]) == ("Line", {"rmse": 0.5}, 30)
    assert words.startswith("line 1 is ready (python Line).")
    assert "30 rows of 1 columns" in words
    assert html.startswith("<strong>line 1 is ready")


@pytest.mark.slow
def test_a_model_that_answers_otherwise_elsewhere_is_rejected_with_a_warning(folders):
    state, reason, heard = run(folders, BAD)
    assert state == "rejected"
    assert reason
    assert len(heard) == 1


@pytest.mark.slow
def test_a_bad_name_is_told_with_the_error_of_the_house(folders):
    kind, code, words = run(folders, WRONG)
    assert (kind, code) == ("Invalid", "invalid_name")
    assert "is not a name" in words
