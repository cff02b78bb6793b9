"""Arrow and Parquet: tables of other tools, read column by column; answers as an Arrow stream.

In a reader process only, where memory is limited: these formats are read by C++ that allocates what a body claims.
Only columns of the signature are looked at. Whatever Arrow itself finds wrong with a body is the body's fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from jupyter_kronkers.errors import Fault, Invalid, TooLarge
from jupyter_kronkers.languages import Signature
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.serving.gateway.protocols.numbers import Cells, fitted
from jupyter_kronkers.serving.gateway.protocols.scoring import check_finite
from jupyter_kronkers.serving.gateway.protocols.shape import BATCH, About, Read, Reply, Written, check_rows

STREAM = b"application/vnd.apache.arrow.stream"

pa.set_cpu_count(1)
pa.set_io_thread_count(1)


def read_stream(signature: Signature, body: bytes, most_rows: int, _json_bytes: int | None = None) -> Read:
    """An Arrow IPC stream."""
    with fault_of_the_body("an Arrow stream"), pa.ipc.open_stream(pa.py_buffer(body)) as opened:
        return table_of(opened.schema, iter(opened), signature, most_rows)


def read_file(signature: Signature, body: bytes, most_rows: int, _json_bytes: int | None = None) -> Read:
    """An Arrow IPC file, which is what Feather is."""
    with fault_of_the_body("an Arrow file"), pa.ipc.open_file(pa.py_buffer(body)) as opened:
        batches = (opened.get_batch(n) for n in range(opened.num_record_batches))
        return table_of(opened.schema, batches, signature, most_rows)


def read_parquet(signature: Signature, body: bytes, most_rows: int, _json_bytes: int | None = None) -> Read:
    """A Parquet file."""
    from pyarrow import parquet

    with fault_of_the_body("Parquet"), parquet.ParquetFile(pa.BufferReader(body)) as opened:
        check_rows(opened.metadata.num_rows, most_rows)
        names = needed(opened.schema_arrow, signature)
        batches = opened.iter_batches(batch_size=most_rows + 1, columns=names, use_threads=False)
        return table_of(opened.schema_arrow, batches, signature, most_rows, rows=opened.metadata.num_rows)


@contextmanager
def fault_of_the_body(what: str) -> Iterator[None]:
    """Arrow's errors as ours: damaged, or larger than a body may be once it is unpacked."""
    try:
        yield
    except (MemoryError, pa.ArrowMemoryError, pa.ArrowCapacityError, OverflowError):
        raise TooLarge("The unpacked body", pa.total_allocated_bytes(), 1 << 30, remedy=BATCH) from None
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError) as problem:
        words = str(problem).partition("\n")[0] or type(problem).__name__
        raise Invalid(message=f"The body is not {what} that can be read: {words[:300]}.", code="malformed") from None


def needed(schema: Any, signature: Signature) -> list[str]:
    """The columns to look at. Raises Invalid for one that is there twice or of a type that is not known here."""
    wanted = {field.name for field in signature.inputs}
    names = [name for name in schema.names if name in wanted]
    twice = sorted({name for name in names if names.count(name) > 1})
    faults = [Fault(f"columns.{name}", "occurs twice") for name in twice]
    strange = [name for name in names if name not in twice and not of_type(schema.field(name).type)]
    faults += [Fault(f"columns.{n}", f"has the type {schema.field(n).type}, which is not known here") for n in strange]
    if faults:
        raise Invalid(*faults, remedy="Send numbers, truth values, texts, dates and timestamps.")
    return names


def table_of(schema: Any, batches: Iterator[Any], signature: Signature, most_rows: int, *, rows: int = 0) -> Read:
    """rows: how many there are, where batches without a column of ours cannot tell."""
    names = needed(schema, signature)
    pieces: dict[str, list[Any]] = {name: [] for name in names}
    count = 0
    for batch in batches:
        count += batch.num_rows
        check_rows(count, most_rows)
        for name in names:
            piece = batch.column(batch.schema.get_field_index(name))
            piece.validate(full=True)  # what it claims about its own bytes may be wrong
            pieces[name].append(piece)
    table = {name: column(name, schema.field(name).type, parts) for name, parts in pieces.items()}
    return Read(fitted(signature, table), max(count, rows))


# Columns


def column(name: str, kind: Any, pieces: list[Any]) -> Column | Cells:
    whole = pa.chunked_array(pieces, kind)
    make = of_type(kind) or of_texts
    return make(name, whole)


def of_type(kind: Any) -> Callable[[str, Any], Column | Cells] | None:
    """How columns of an Arrow type are made; None if the type is not known here."""
    if pa.types.is_dictionary(kind):
        return of_dictionary if of_type(kind.value_type) else None
    for known, make in TYPES:
        if known(kind):
            return make
    return None


def of_dictionary(name: str, whole: Any) -> Column | Cells:
    plain = whole.cast(whole.type.value_type)
    return column(name, plain.type, plain.chunks)


def of_numbers(name: str, whole: Any) -> Column:
    mask = gaps(whole)
    blank = False if pa.types.is_boolean(whole.type) else 0
    filled = whole if mask is None else whole.fill_null(pa.scalar(blank, whole.type))
    return Column(name, filled.to_numpy(), mask)


def of_texts(_name: str, whole: Any) -> Cells:
    cells: Cells = whole.to_pylist()
    return cells


def of_times(name: str, whole: Any) -> Column:
    """Times in UTC, as a timestamp with a zone holds them; one without has none here either."""
    mask = gaps(whole)
    times = whole.cast(pa.int32() if pa.types.is_date32(whole.type) else pa.int64()).fill_null(0).to_numpy()
    texts = np.datetime_as_string(times.astype(np.int64).astype(f"datetime64[{unit(whole.type)}]")).astype(object)
    return Column(name, texts, mask)


def unit(kind: Any) -> str:
    return "D" if pa.types.is_date32(kind) else "ms" if pa.types.is_date64(kind) else str(kind.unit)


def gaps(whole: Any) -> Any:
    return whole.is_null().to_numpy() if whole.null_count else None


TYPES: tuple[tuple[Callable[[Any], bool], Callable[[str, Any], Column | Cells]], ...] = (
    (pa.types.is_boolean, of_numbers),
    (pa.types.is_integer, of_numbers),
    (pa.types.is_floating, of_numbers),
    (pa.types.is_string, of_texts),
    (pa.types.is_large_string, of_texts),
    (pa.types.is_string_view, of_texts),
    (pa.types.is_null, of_texts),
    (pa.types.is_date, of_times),
    (pa.types.is_timestamp, of_times),
)


# Answers


def write_stream(signature: Signature, columns: Sequence[Column], _reply: Reply, _about: About) -> Written:
    """An Arrow IPC stream of one batch; missing answers are null."""
    for field, one in zip(signature.outputs, columns, strict=True):
        if one.values.dtype.kind == "f":
            check_finite(field, one)
    arrays = [array(one) for one in columns]
    batch = pa.RecordBatch.from_arrays(arrays, [one.name for one in columns])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return Written(sink.getvalue().to_pybytes(), STREAM)


def array(column: Column) -> Any:
    mask = column.mask
    if column.values.dtype.kind == "f" and not np.isfinite(column.values).all():
        mask = ~np.isfinite(column.values) if mask is None else mask | ~np.isfinite(column.values)
    return pa.array(column.values, type=pa.string() if column.values.dtype.kind == "O" else None, mask=mask)
