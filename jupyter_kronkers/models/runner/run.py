#!/usr/bin/env python3
"""Scores with the model in this folder.

    ./run score rows.csv                 predictions on stdout; CSV or JSON in, the same out
    ./run serve --port 8080              MLflow's protocol: POST /invocations, GET /ping
    ./run verify [--key FILE]            is this what was signed?

Needs Python 3.10 or later and NumPy, and what README.md names for this model.
"""

import sys

# Before anything else is imported: this folder and whatever lies in it by now is not where modules come from, and
# bytecode beside the sources, which nobody signed, is neither read nor written.
HERE = __file__.rpartition("/")[0] or "."
sys.path[:] = [path for path in sys.path if path not in ("", ".", HERE)]
sys.dont_write_bytecode = True
sys.pycache_prefix = HERE + "/no-bytecode"

import importlib.util  # noqa: E402
import os  # noqa: E402


def package(name: str) -> None:
    """The package of this folder, under its name, without making the folder a place for modules."""
    place = os.path.join(os.path.realpath(HERE), name)
    source = os.path.join(place, "__init__.py")
    spec = importlib.util.spec_from_file_location(name, source, submodule_search_locations=[place])
    if spec is None or spec.loader is None:
        raise SystemExit(f"{place} is missing")
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])


if __name__ == "__main__":
    package("kronkers_run")
    from kronkers_run.commands import main  # type: ignore[import-not-found]

    sys.exit(main(os.path.realpath(HERE), sys.argv[1:]))
