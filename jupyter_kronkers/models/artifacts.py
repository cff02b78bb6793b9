"""The artifact of a version: an ordinary MLflow model that runs without us.

    MLmodel conda.yaml python_env.yaml requirements.txt input_example.json serving_input_example.json
    code/kronkers_pyfunc/     the loader and the hosts' sources
    data/                     capture.json model/…                           what hosts are started on
    conformance.json baseline.json environment/… [notebook.ipynb]
    lineage.json manifest.json manifest.sig                                  added when its number is known

It is written from the words of the capture alone: no model is loaded, no requirement is inferred, MLflow itself is
not even imported.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Final

import msgspec

from jupyter_kronkers.errors import Fault, Invalid
from jupyter_kronkers.languages import pyfunc_files
from jupyter_kronkers.languages.conformance import Conformance, Value
from jupyter_kronkers.models import trees
from jupyter_kronkers.models.versions import Facts, Package

LOADER = "kronkers_pyfunc"
EXAMPLE_ROWS = 5
BASE = ("mlflow", "pandas", "numpy")
# Only what pip reads as one name and one version: no option, no address, no path (faults: 36).
DISTRIBUTION: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
RELEASE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]*")


def build(upload: Path, artifact: Path, facts: Facts, registration: str, at: datetime) -> None:
    """Writes the artifact of an upload into the new folder `artifact`, all but its signature.

    Raises Invalid if the sample rows cannot be read.
    """
    artifact.mkdir(mode=0o700)
    with trees.opened(upload) as source, trees.opened(artifact) as target:
        for path in trees.files(source):
            with trees.reading(source, path) as file, trees.creating(target, place_of(path)) as copy:
                trees.copied(file, copy)
        for name, here in pyfunc_files(facts.language).items():
            put(target, f"code/{LOADER}/{name}", here.read_bytes())
        for name, content in mlflow_files(facts, sample_in(source), registration, at).items():
            put(target, name, content)


def place_of(path: str) -> str:
    """Where a file of the upload lies in the artifact."""
    return f"data/{path}" if path == "capture.json" or path.startswith("model/") else path


def put(target: int, path: str, content: bytes) -> None:
    with trees.creating(target, path) as file:
        trees.write_all(file, content)


def sample_in(source: int) -> Conformance:
    with trees.reading(source, "conformance.json") as file:
        content = b"".join(iter(lambda: file.read(trees.PIECE), b""))
    try:
        return msgspec.json.decode(content, type=Conformance)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise Invalid(Fault("conformance.json", str(problem)), code="bad_capture") from problem


# MLflow's own files


def mlflow_files(facts: Facts, sample: Conformance, registration: str, at: datetime) -> dict[str, bytes]:
    example = example_of(sample)
    requirements = list(required(facts))
    python = facts.runtime.version if facts.language == "python" else platform.python_version()
    return {
        "MLmodel": yaml(mlmodel(facts, python, registration, at)),
        "conda.yaml": yaml(conda(python, requirements)),
        "python_env.yaml": yaml({"python": python, "dependencies": ["-r requirements.txt"]}),
        "requirements.txt": "".join(f"{line}\n" for line in requirements).encode(),
        "input_example.json": msgspec.json.encode(example),
        "serving_input_example.json": msgspec.json.encode({"dataframe_split": example}),
    }


def mlmodel(facts: Facts, python: str, registration: str, at: datetime) -> dict[str, object]:
    return {
        "flavors": {
            "python_function": {
                "code": "code",
                "data": "data",
                "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
                "loader_module": LOADER,
                "python_version": python,
                "streamable": False,
            }
        },
        "is_signature_from_type_hint": False,
        "metadata": {"kronkers": {"class": facts.class_, "language": facts.language, "loader": facts.loader}},
        "mlflow_version": installed("mlflow-skinny"),
        "model_size_bytes": facts.size_bytes,
        "model_uuid": registration,
        "saved_input_example_info": {
            "artifact_path": "input_example.json",
            "pandas_orient": "split",
            "serving_input_path": "serving_input_example.json",
            "type": "dataframe",
        },
        "signature": facts.signature.to_mlflow_json(),
        "type_hint_from_example": False,
        "utc_time_created": at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
    }


def conda(python: str, requirements: list[str]) -> dict[str, object]:
    return {
        "channels": ["conda-forge"],
        "dependencies": [f"python={python}", "pip", {"pip": requirements}],
        "name": "mlflow-env",
    }


def required(facts: Facts) -> Iterable[str]:
    """What pip must install to load the version: MLflow's own, and what a Python model needs."""
    needed = {name: installed(name if name != "mlflow" else "mlflow-skinny") for name in BASE}
    if facts.language == "python":
        needed |= {package.name: package.version for package in facts.packages if is_required(package)}
    return (f"{name}=={release}" for name, release in sorted(needed.items()))


def is_required(package: Package) -> bool:
    plain = DISTRIBUTION.fullmatch(package.name) and RELEASE.fullmatch(package.version)
    return package.needed and bool(plain) and package.name.lower() not in ("mlflow", "mlflow-skinny")


def example_of(sample: Conformance) -> dict[str, list[str] | list[list[Value]]]:
    """The first rows as a split data frame; JSON has no number that is not finite, so those are missing."""
    columns = [[finite(table.type, value) for value in table.values[:EXAMPLE_ROWS]] for table in sample.inputs]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return {"columns": [table.name for table in sample.inputs], "data": rows}


def finite(type_: str, value: Value) -> Value:
    return None if type_ in ("double", "float") and isinstance(value, str) else value


def yaml(words: dict[str, object]) -> bytes:
    from yaml import safe_dump  # type: ignore[import-untyped]

    return str(safe_dump(words, default_flow_style=False, allow_unicode=True)).encode()
