"""Frames: tables between processes and in `.kf` files, as `frames.md` beside this file specifies them.

    frame = u32 length | "KF1\\n" | u8 kind | u64 id | u32 rows | u16 columns | column …

Copied into every artifact, so it imports nothing of ours: the standard library and NumPy only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

READY, REQUEST, REPLY, ERROR = 0, 1, 2, 3
FLOAT64, INT64, BOOL, UTF8 = 0, 1, 2, 3
LARGEST_BODY = 1 << 30
ID, HEAD_ENDS = slice(9, 17), 23
"""Where the id stands in a frame with its length before it, and where its columns begin."""

_MAGIC = b"KF1\n"
_HEAD = struct.Struct("<4sBQIH")
_LENGTH = struct.Struct("<I")
_PIECE = 1 << 20
_MOST_KNOWN = 1_024
_DTYPE_OF_KIND: dict[str, int] = {"f": FLOAT64, "i": INT64, "u": INT64, "b": BOOL, "O": UTF8, "U": UTF8, "T": UTF8}
_STORED_AS: dict[int, np.dtype[Any]] = {FLOAT64: np.dtype("<f8"), INT64: np.dtype("<i8"), BOOL: np.dtype("u1")}
_NATIVE: dict[int, np.dtype[Any]] = {FLOAT64: np.dtype("f8"), INT64: np.dtype("i8"), BOOL: np.dtype("?")}

Values = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]


class BadFrame(ValueError):
    """The bytes are not a frame, or the table cannot be written as one."""


class Column(NamedTuple):
    """One column: `values` of dtype float64, int64, bool or object (str); `mask` is True where a value is missing."""

    name: str
    values: Values
    mask: Mask | None = None


class Frame(NamedTuple):
    kind: int
    id: int
    rows: int
    columns: list[Column]


# Writing


def encode(kind: int, id: int, columns: Sequence[Column], rows: int | None = None) -> bytes:
    """The frame's bytes, with the length before the body. `rows` is needed only when there are no columns."""
    count = len(columns[0].values) if columns else rows or 0
    if rows is not None and rows != count:
        raise BadFrame(f"{rows} rows were promised, the columns have {count}")
    if len({column.name for column in columns}) != len(columns):
        raise BadFrame("a column name occurs twice")
    parts: list[bytes | memoryview] = [head(kind, id, count, len(columns))]
    for column in columns:
        parts.extend(_column_parts(column, count))
    length = sum(map(len, parts))
    if length > LARGEST_BODY:
        raise BadFrame(f"the table takes {length:,} bytes, a frame holds {LARGEST_BODY:,}")
    return b"".join([_LENGTH.pack(length), *parts])


def head(kind: int, id: int, rows: int, columns: int) -> bytes:
    """What stands before the columns. Raises BadFrame."""
    try:
        return _HEAD.pack(_MAGIC, kind, id, rows, columns)
    except struct.error as error:
        raise BadFrame(f"kind {kind}, id {id}, {rows} rows or {columns} columns do not fit a frame") from error


def column_head(name: str, dtype: int, hasmask: bool = False) -> bytes:
    """What stands before a column's mask and values. Raises BadFrame."""
    encoded = _utf8(name, name)
    if len(encoded) > 0xFFFF:
        raise BadFrame("a column name is longer than 65,535 bytes")
    return struct.pack("<H", len(encoded)) + encoded + bytes((dtype, hasmask))


def with_length(body: bytes) -> bytes:
    """The frame as it travels: with the length of its body before it. Raises BadFrame if it is too long."""
    if len(body) > LARGEST_BODY:
        raise BadFrame(f"the table takes {len(body):,} bytes, a frame holds {LARGEST_BODY:,}")
    return _LENGTH.pack(len(body)) + body


def _column_parts(column: Column, rows: int) -> Iterator[bytes | memoryview]:
    values, mask = column.values, column.mask
    if values.shape != (rows,) or (mask is not None and mask.shape != (rows,)):
        raise BadFrame(f"column {column.name!r} has shape {values.shape}, not ({rows},)")
    if mask is not None and not mask.any():
        mask = None
    dtype = _dtype(column)
    yield column_head(column.name, dtype, mask is not None)
    if mask is not None:
        yield np.asarray(mask, np.bool_).tobytes()
    yield from _text_parts(column.name, values, mask) if dtype == UTF8 else [_number_part(column, dtype, mask)]


def _dtype(column: Column) -> int:
    try:
        return _DTYPE_OF_KIND[column.values.dtype.kind]
    except KeyError:
        raise BadFrame(f"column {column.name!r} has dtype {column.values.dtype}, which a frame cannot hold") from None


def _number_part(column: Column, dtype: int, mask: Mask | None) -> bytes | memoryview:
    values = column.values
    if values.dtype.kind == "u" and values.size and int(values.max()) > np.iinfo(np.int64).max:
        raise BadFrame(f"column {column.name!r} has integers beyond 64 bits with sign")
    stored = np.ascontiguousarray(values, _STORED_AS[dtype])
    blank = np.isnan(stored) if dtype == FLOAT64 else mask
    if blank is not None and (mask is not None or blank.any()):
        stored = stored.copy() if stored is values else stored
        stored[blank] = np.nan if dtype == FLOAT64 else 0
        if mask is not None:
            stored[mask] = 0
    return stored.data.cast("B") if stored.size else b""


def _text_parts(name: str, values: Values, mask: Mask | None) -> Iterator[bytes]:
    texts = values.tolist()
    if mask is not None:
        texts = ["" if missing else text for text, missing in zip(texts, mask.tolist(), strict=True)]
    encoded = [_utf8(text, name) for text in texts]
    yield np.fromiter(map(len, encoded), np.dtype("<u4"), len(encoded)).tobytes()
    yield b"".join(encoded)


def _utf8(text: object, column: str) -> bytes:
    if not isinstance(text, str):
        raise BadFrame(f"column {column!r} holds {type(text).__name__} where text is expected")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadFrame(f"column {column!r} holds text that is not Unicode: {error.reason}") from error


# Reading


def decode(body: bytes | bytearray | memoryview) -> Frame:
    """The frame in `body`, which is what follows the length. Arrays are fresh and writable. Raises BadFrame."""
    cursor = _Cursor(memoryview(body))
    magic, kind, id, rows, count = _HEAD.unpack(cursor.take(_HEAD.size, "the head"))
    if magic != _MAGIC:
        raise BadFrame("the bytes do not start with KF1")
    if kind > ERROR:
        raise BadFrame(f"kind {kind} is unknown")
    columns = [_decode_column(cursor, rows) for _ in range(count)]
    if cursor.left:
        raise BadFrame(f"{cursor.left} bytes are left over")
    if len({column.name for column in columns}) != count:
        raise BadFrame("a column name occurs twice")
    return Frame(kind, id, rows, columns)


class _Cursor:
    """Takes bytes off the front; refuses to take more than there are."""

    def __init__(self, body: memoryview) -> None:
        self._body = body
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._body) - self._at

    def take(self, size: int, what: str) -> memoryview:
        if size > self.left:
            raise BadFrame(f"{what!r} needs {size:,} bytes, {self.left:,} are left")
        self._at += size
        return self._body[self._at - size : self._at]


def _decode_column(cursor: _Cursor, rows: int) -> Column:
    name, dtype, hasmask = _described(cursor)
    mask = _flags(cursor.take(rows, f"the mask of {name!r}"), name) if hasmask else None
    return Column(name, _values(cursor, name, dtype, rows), mask)


_known: dict[bytes, tuple[str, int, int]] = {}
"""What columns were called before, since all frames of one model look alike. Bounded."""


def _described(cursor: _Cursor) -> tuple[str, int, int]:
    """The name, dtype and hasmask that stand before a column."""
    raw = cursor.take(2, "a name's length")
    length = raw[0] | raw[1] << 8
    head = bytes(cursor.take(length + 2, "a name and a type"))
    if (known := _known.get(head)) is not None:
        return known
    name, dtype, hasmask = _text(head[:-2], "a column name"), head[-2], head[-1]
    if dtype > UTF8 or hasmask > 1:
        raise BadFrame(f"column {name!r} has dtype {dtype} and hasmask {hasmask}")
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[head] = name, dtype, hasmask
    return name, dtype, hasmask


def _values(cursor: _Cursor, name: str, dtype: int, rows: int) -> Values:
    if dtype == UTF8:
        return _texts(cursor, name, rows)
    stored = _STORED_AS[dtype]
    taken = cursor.take(rows * stored.itemsize, name)
    if dtype == BOOL:
        return _flags(taken, name)
    return np.frombuffer(taken, stored).astype(_NATIVE[dtype])


def _flags(taken: memoryview, name: str) -> Mask:
    flags = np.frombuffer(taken, np.uint8)
    if flags.size and flags.max() > 1:
        raise BadFrame(f"column {name!r} has a flag that is neither 0 nor 1")
    return flags.astype(np.bool_)


def _texts(cursor: _Cursor, name: str, rows: int) -> Values:
    lengths = np.frombuffer(cursor.take(4 * rows, f"the lengths of {name!r}"), "<u4")
    ends = np.cumsum(lengths, dtype=np.int64).tolist()
    taken = bytes(cursor.take(ends[-1] if ends else 0, f"the text of {name!r}"))
    texts = np.empty(rows, object)
    start = 0
    for row, end in enumerate(ends):
        texts[row] = _text(taken[start:end], f"column {name!r}")
        start = end
    return texts


def _text(taken: bytes | memoryview, what: str) -> str:
    try:
        return str(taken, "utf-8")
    except UnicodeDecodeError as error:
        raise BadFrame(f"{what} is not UTF-8") from error


# Streams


def read(stream: BinaryIO) -> Frame | None:
    """The next frame of a binary stream; None at its end. Raises BadFrame."""
    head = _read_exactly(stream, _LENGTH.size)
    if not head:
        return None
    if len(head) < _LENGTH.size:
        raise BadFrame("the stream ends within a length")
    length = body_length(head)
    body = _read_exactly(stream, length)
    if len(body) < length:
        raise BadFrame(f"the stream ends after {len(body):,} of {length:,} bytes")
    return decode(body)


def body_length(head: bytes | bytearray) -> int:
    """The length that the first four bytes of a frame announce. Raises BadFrame if no frame has it."""
    (length,) = _LENGTH.unpack(head)
    if not _HEAD.size <= length <= LARGEST_BODY:
        raise BadFrame(f"a frame of {length:,} bytes is announced; {_HEAD.size} to {LARGEST_BODY:,} are possible")
    return int(length)


def _read_exactly(stream: BinaryIO, size: int) -> bytearray:
    # In pieces, so that a length without a body behind it costs no memory.
    taken = bytearray()
    while len(taken) < size:
        piece = stream.read(min(size - len(taken), _PIECE))
        if not piece:
            break
        taken += piece
    return taken


def write(stream: BinaryIO, kind: int, id: int, columns: Sequence[Column], rows: int | None = None) -> None:
    """Write one frame and flush it."""
    remaining = memoryview(encode(kind, id, columns, rows))
    while remaining:
        # An unbuffered pipe takes only a part at a time.
        remaining = remaining[stream.write(remaining) :]
    stream.flush()
