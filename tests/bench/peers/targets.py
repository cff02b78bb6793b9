"""What is measured: an address, what is sent there, and the processes that answer."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import psutil


@dataclass(frozen=True)
class Target:
    """`pid`: the first of its processes; all below it are counted."""

    name: str
    url: str
    pid: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def sending(self, body: bytes, content_type: str = "application/json", **more: str) -> Target:
        headers = {"Content-Type": content_type, **{name.replace("_", "-"): value for name, value in more.items()}}
        return replace(self, body=body, headers={**self.headers, **headers})

    def at(self, path: str) -> Target:
        """Another address of the same server."""
        return replace(self, url="/".join(self.url.split("/")[:3]) + path)

    def ask(self) -> bytes:
        request = urllib.request.Request(self.url, self.body, dict(self.headers))
        with urllib.request.urlopen(request, timeout=60) as got:
            return bytes(got.read())

    def answers(self) -> list[float]:
        """The predictions of one call, whatever form this server answers in."""
        found = json.loads(self.ask())
        if isinstance(found, dict) and "outputs" in found:
            return [float(value) for value in found["outputs"][0]["data"]]
        values = found["predictions"] if isinstance(found, dict) else found
        return [float(value) for value in values]

    def processes(self) -> list[psutil.Process]:
        own = psutil.Process(self.pid)
        return [own, *own.children(recursive=True)]

    def cpu_s(self) -> float:
        """Processor seconds of all its processes until now, of those that have ended too."""
        found = 0.0
        for process in self.processes():
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            found += times.user + times.system
            found += times.children_user + times.children_system
        return found

    def megabytes(self) -> float:
        """Proportional share of memory of all its processes: what two share counts half for each."""
        return sum(process.memory_full_info().pss for process in self.processes()) / 1e6


def split_rows(rows: pd.DataFrame) -> bytes:
    """MLflow's `dataframe_split`."""
    split = {"columns": list(rows.columns), "data": rows.to_numpy().tolist()}
    return json.dumps({"dataframe_split": split}).encode()


def tensor_rows(rows: pd.DataFrame) -> bytes:
    """Open Inference Protocol, one tensor: as MLServer's scikit-learn runtime wants it."""
    values = rows.to_numpy()
    tensor = {"name": "x", "shape": list(values.shape), "datatype": "FP64", "data": values.tolist()}
    return json.dumps({"inputs": [tensor]}).encode()


def binary_rows(rows: pd.DataFrame) -> tuple[bytes, int]:
    """Open Inference Protocol with its binary extension, one tensor per column; and the length of its JSON part."""
    columns = {name: np.ascontiguousarray(rows[name].to_numpy(), "<f8").tobytes() for name in rows.columns}
    inputs = [
        {"name": name, "shape": [len(rows)], "datatype": "FP64", "parameters": {"binary_data_size": len(raw)}}
        for name, raw in columns.items()
    ]
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    return head + b"".join(columns.values()), len(head)


def arrow_rows(rows: pd.DataFrame) -> bytes:
    """An Arrow stream."""
    import pyarrow as pa

    table = pa.Table.from_pandas(rows, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())
