"""`python3 -m scripts COMMAND`: what stands behind each target of the Makefile."""

import signal
import sys

if sys.version_info < (3, 11):  # noqa: UP036  whoever has an older one reads this line
    sys.exit(
        f"This needs Python 3.11 or later; {sys.executable} is {sys.version.split()[0]}. Try: make PYTHON=python3.11"
    )

from scripts import bench, chaos, checks, clean, demo, generate_types, pin, setup

COMMANDS = {
    "demo": demo.main,
    "test": checks.test,
    "lint": checks.lint,
    "setup": setup.main,
    "bench": bench.main,
    "chaos": chaos.main,
    "types": generate_types.main,
    "pin": pin.main,
    "clean": clean.main,
}

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


if __name__ == "__main__":
    # However it is told to stop (a closed terminal, `kill`, Ctrl-C under a shell that ignores it), nothing is left.
    for stop in STOPS:
        signal.signal(stop, signal.default_int_handler)
    try:
        sys.exit(COMMANDS[sys.argv[1]](sys.argv[2:]))
    except KeyboardInterrupt:
        sys.exit(130)
