"""Python models for the hosts' tests, good and bad, each saved as a capture has it.

python models.py FOLDER
"""

from __future__ import annotations

import ctypes
import json
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import cloudpickle
import numpy as np
import pandas as pd

X = {"name": "x", "type": "double", "native": "float64", "levels": None, "missing": False}
ANSWER = {"name": "prediction", "type": "double", "native": "float64", "levels": None, "missing": False}


def save(folder, name, content, inputs=(X,), container="dataframe", outputs=(ANSWER,)):
    target = folder / name
    (target / "model").mkdir(parents=True)
    (target / "model" / "model.pkl").write_bytes(content)
    facts = {
        "format": 1,
        "language": "python",
        "runtime": {"version": "3.11"},
        "model": {"class": "X", "loader": "cloudpickle", "file": "model/model.pkl"},
        "container": container,
        "inputs": list(inputs),
        "outputs": list(outputs),
    }
    (target / "capture.json").write_text(json.dumps(facts))


def field(name, type_, native, levels=None):
    return X | {"name": name, "type": type_, "native": native, "levels": levels, "missing": True}


def kinds(_model, d):
    described = {name: str(d[name].dtype) for name in d}
    described["category"] = ",".join(d["category"].cat.categories)
    described["date"] = type(d["date"].dropna().iloc[0]).__name__
    described["object"] = type(d["object"].iloc[0]).__name__
    return pd.DataFrame({name: [word] * len(d) for name, word in described.items()})


def missing(_model, d):
    return [", ".join(name for name in d if pd.isna(d[name].iloc[row])) for row in range(len(d))]


KINDS = [
    field("int32", "integer", "int32"),
    field("float32", "float", "float32"),
    field("bool", "boolean", "bool"),
    field("category", "string", "category", ["a", "b"]),
    field("datetime64", "datetime", "datetime64[ns]"),
    field("zoned", "datetime", "datetime64[us, Europe/Amsterdam]"),
    field("date", "datetime", "object"),
    field("text", "string", "str"),
    field("object", "string", "object"),
    field("nullable", "double", "Int64"),
    field("truth", "boolean", "boolean"),
]


def answers(_model, d):
    return pd.DataFrame(
        {
            "f": d["x"],
            "i": d["x"].astype("int32"),
            "b": d["x"] > 1,
            "s": pd.Categorical(["low"] * len(d)),
            "t": pd.Timestamp("2026-03-03T12:00:00.5"),
            "gap": [None, *["é"] * (len(d) - 1)],
        }
    )


def environment(_model, d):
    told = {"environ": dict(os.environ), "cwd": os.getcwd(), "umask": os.umask(0o077), "sid": os.getsid(0)}
    return [json.dumps(told)] * len(d)


def loops(_model, d):
    while True:
        pass


def prints(_model, d):
    while True:
        print("x" * 1_000_000)


def prints_then_answers(_model, d):
    print("KF1 " * 1000)
    os.write(1, b"KF1\n\0\0")
    return d["x"]


def eats(_model, d):
    return [bytearray(1 << 20) for _ in range(1 << 20)]


def leaves_children(_model, d):
    subprocess.Popen(["sleep", "86399"], start_new_session=True)
    if os.fork() == 0:
        os.setsid()
        os.execvp("sleep", ["sleep", "86399"])
    os._exit(0)


def closes_its_pipes(_model, d):
    os.closerange(3, 256)
    while True:
        pass


def exits(_model, d):
    sys.exit(3)


def crashes(_model, d):
    ctypes.string_at(0)


def raises(_model, d):
    raise ValueError("no é")


def writes_much(_model, d):
    with open("file", "wb") as file:
        file.write(bytes(100 << 20))


def opens_many(_model, d):
    files = [open(os.devnull) for _ in range(10_000)]  # noqa: SIM115
    return d["x"] + len(files)


class Slow:
    def __reduce__(self):
        return time.sleep, (600,)


class Main:
    def predict(self, d):
        return d.sum(axis=1)


PREDICTS = {
    "doubles": lambda _m, d: d["x"] * 2,
    "answers": answers,
    "environment": environment,
    "loops": loops,
    "prints": prints,
    "prints_then_answers": prints_then_answers,
    "eats": eats,
    "leaves_children": leaves_children,
    "closes_its_pipes": closes_its_pipes,
    "exits": exits,
    "quits": lambda _m, d: os._exit(0),
    "crashes": crashes,
    "raises": raises,
    "writes_much": writes_much,
    "opens_many": opens_many,
    "short": lambda _m, d: d["x"].iloc[:1],
    "strange": lambda _m, d: [object()] * len(d),
    "not_finite": lambda _m, d: np.array([np.nan, np.inf, -0.0])[: len(d)],
    "whole": lambda _m, d: d["x"].astype(int),
    "matrix": lambda _m, d: np.column_stack([d["x"], d["x"] * 2]),
    "undefined": eval("lambda _m, d: rush_hour(d)", {}),
}


def main(folder: Path) -> None:
    for name, predict in PREDICTS.items():
        save(folder, name, cloudpickle.dumps({"object": None, "predict": predict}))
    save(folder, "kinds", cloudpickle.dumps({"object": None, "predict": kinds}), KINDS)
    save(folder, "missing", cloudpickle.dumps({"object": None, "predict": missing}), KINDS[:2][1:] + KINDS[3:])
    save(folder, "own_class", cloudpickle.dumps({"object": Main(), "predict": None}))
    for container in ("array", "series", "vector", "list"):
        told = cloudpickle.dumps({"object": None, "predict": lambda _m, d: [f"{type(d).__name__} {d[0]}"] * len(d)})
        save(folder, container, told, container=container)
    save(folder, "needs_package", b"cno_such_package\nThing\n.")
    save(folder, "needs_definition", b"c__main__\nRushHour\n.")
    save(folder, "slow", pickle.dumps({"object": Slow(), "predict": None}))
    save(folder, "garbage", b"\0garbage")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
