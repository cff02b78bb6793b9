"""`python -m jupyter_kronkers.cli`, for where the program itself is not on the PATH."""

from __future__ import annotations

from jupyter_kronkers.cli.program import main

main()
