"""The front end's types are those of the wire."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from scripts import generate_types
from scripts.generate_types import type_of

ROOT = Path(__file__).parents[2]


def test_the_front_end_has_the_present_types_of_the_wire():
    command = [sys.executable, "-m", "jupyter_kronkers.api.openapi"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    written = generate_types.TARGET.read_text(encoding="utf-8")
    assert written == generate_types.written(json.loads(said)), "run `make types`"


def test_a_reference_to_a_generic_page_keeps_its_item_in_its_name():
    assert type_of({"$ref": "#/components/schemas/Page_Model_"}) == "PageOfModel"


def test_what_may_be_null_says_so():
    assert type_of({"anyOf": [{"type": "string"}, {"type": "null"}]}) == "string | null"


def test_what_the_document_does_not_tell_is_unknown():
    assert type_of({"type": "object"}) == "Record<string, unknown>"
    assert type_of({}) == "unknown"
