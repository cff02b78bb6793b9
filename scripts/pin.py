"""`make pin`: writes constraints.txt anew, with today's newest versions that go together.

Resolved for the oldest Python we support, so that nobody's Python is too old for a pin. No addresses are written:
every machine uses its own package index.
"""

from __future__ import annotations

from scripts import python_side
from scripts.machine import ROOT, TOOLS, Command, run, say
from scripts.setup import EXTRAS
from scripts.steps import LOGS

OLDEST_PYTHON = "3.11.0"
HEADING = "# The versions that are tested together, for Python 3.11 and later. `make pin` writes this file.\n"


def main(words: list[str]) -> int:
    log = LOGS / "pin.log"
    if not python_side.UV.exists():
        python_side.install_uv(log)
    extras = [part for extra in EXTRAS["test"] for part in ("--extra", extra)]
    how = ["--upgrade", "--no-header", "--no-annotate", "--no-emit-index-url", "--python-version", OLDEST_PYTHON]
    out = TOOLS / "constraints.txt"
    command: Command = [python_side.UV, "pip", "compile", "pyproject.toml", *extras, *how, "-o", out]
    run(command, log, extra=python_side.index_settings())
    (ROOT / "constraints.txt").write_text(HEADING + out.read_text())
    say("constraints.txt is written; run `make test` before you commit it")
    return 0
