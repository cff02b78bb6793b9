"""`jupyter kronkers`: everything the REST interface can, for people (tables) and programs (--json).

Exit codes: 0 done · 1 failed · 2 wrong usage · 3 not found · 4 refused (invalid, conflict, denied) ·
5 registered but rejected by its proof · 6 nothing is running, or not now
"""

from __future__ import annotations

from jupyter_kronkers.cli.program import main

__all__ = ["main"]
