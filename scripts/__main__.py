"""`python3 -m scripts COMMAND`: what stands behind each target of the Makefile."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  whoever has an older one reads this line
    sys.exit(
        f"This needs Python 3.11 or later; {sys.executable} is {sys.version.split()[0]}. Try: make PYTHON=python3.11"
    )

from scripts import bench, checks, clean, demo, generate_types, pin, setup

COMMANDS = {
    "demo": demo.main,
    "test": checks.test,
    "lint": checks.lint,
    "setup": setup.main,
    "bench": bench.main,
    "types": generate_types.main,
    "pin": pin.main,
    "clean": clean.main,
}

if __name__ == "__main__":
    try:
        sys.exit(COMMANDS[sys.argv[1]](sys.argv[2:]))
    except KeyboardInterrupt:
        sys.exit(130)
