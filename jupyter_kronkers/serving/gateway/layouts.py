"""Layouts: what one signature's plain rows look like, so that they are read, checked and framed without detours.

    body ──typed decoder──▶ rows of plain cells ──▶ one request frame for all that were asked together
      └── anything else: None, and the general way decides, and says what is wrong

A body is plain if it has the signature's columns in its order, no gaps, and cells of exactly the right kind. The
decoder is made from the signature, so msgspec checks every cell while it reads it.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from struct import Struct
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import UNSET, Meta, UnsetType

from jupyter_kronkers.languages import Signature, frames
from jupyter_kronkers.languages.frames import BOOL, FLOAT64, INT64, REQUEST, UTF8, Column
from jupyter_kronkers.languages.signatures import Field

Row = tuple[bool | int | float | str, ...]

EXACT = 1 << 53
# A double holds every whole number up to 2**53; beyond, the general way says whether it holds this one.
REAL = Annotated[int, Meta(ge=-EXACT, le=EXACT)] | float
CELLS: dict[str, Any] = {
    "double": REAL,
    "float": REAL,
    "long": Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)],
    "integer": Annotated[int, Meta(ge=-(1 << 31), le=(1 << 31) - 1)],
    "boolean": bool,
    "string": str,
}
DTYPES = {"double": FLOAT64, "float": FLOAT64, "long": INT64, "integer": INT64, "boolean": BOOL, "string": UTF8}
NATIVE: dict[int, Any] = {FLOAT64: np.float64, INT64: np.int64, BOOL: np.bool_}
CODES = {FLOAT64: "d", INT64: "q", BOOL: "?"}
MOST_LEVELS = 1_000
MOST_COLUMNS = 500
FEW = 3
"""Colons that are looked for one by one: 0.02 ms in two megabytes, where counting takes 0.7 (measured)."""


class Layout:
    """The plain rows of one signature."""

    def __init__(self, signature: Signature) -> None:
        fields = signature.inputs
        self.names = [field.name for field in fields]
        self._dtypes = [DTYPES[field.type] for field in fields]
        self._heads = [frames.column_head(field.name, DTYPES[field.type]) for field in fields]
        self._packs = [PACKS[dtype] for dtype in self._dtypes]
        self._single = single(self._heads, self._dtypes)
        self._decode = msgspec.json.Decoder(body_type(fields)).decode

    @classmethod
    def of(cls, signature: Signature) -> Layout | None:
        """None if the signature has columns that need a closer look: times, and very many columns or levels."""
        fields = signature.inputs
        plain = sys.byteorder == "little" and all(map(is_plain, fields))
        return cls(signature) if plain and 0 < len(fields) <= MOST_COLUMNS else None

    def read(self, body: bytes) -> list[Row] | None:
        """The rows of a JSON body of MLflow's forms; None if they are not plain, or not right."""
        try:
            asked: Any = self._decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        rows: Any
        keys = 1
        if asked.dataframe_split is not UNSET:
            rows, keys = asked.dataframe_split.data, 3
            if asked.dataframe_split.columns != self.names:
                return None
        elif asked.dataframe_records is not UNSET:
            rows = list(map(msgspec.structs.astuple, asked.dataframe_records))
            keys += len(rows) * len(self.names)
        else:
            rows = asked.instances if asked.instances is not UNSET else asked.inputs
        return rows if rows is not UNSET and has_keys(body, keys) else None

    def frame(self, id: int, rows: Sequence[Row]) -> bytes:
        """The request frame of these rows."""
        if len(rows) == 1 and self._single is not None:
            return self._single(id, rows[0])
        parts = [frames.head(REQUEST, id, len(rows), len(self.names))]
        for head, pack, cells in zip(self._heads, self._packs, zip(*rows, strict=True), strict=True):
            parts += (head, pack(cells))
        return frames.with_length(b"".join(parts))

    def columns(self, rows: Sequence[Row]) -> list[Column]:
        """The same as the general way gives them."""
        made = zip(self.names, self._dtypes, zip(*rows, strict=True), strict=True)
        return [Column(name, values_of(cells, dtype)) for name, dtype, cells in made]


# What bodies look like


def has_keys(body: bytes, keys: int) -> bool:
    """Whether it has no more. Of two equal keys the decoder takes the last, and each costs a colon."""
    if keys > FEW:
        return body.count(b":") == keys
    at = -1
    for _ in range(keys):
        at = body.find(b":", at + 1)
    return body.find(b":", at + 1) < 0


def is_plain(field: Field) -> bool:
    return field.type in CELLS and (field.levels is None or 0 < len(field.levels) <= MOST_LEVELS)


def body_type(fields: Sequence[Field]) -> type[msgspec.Struct]:
    """MLflow's forms with rows of these fields. Anything besides makes the decoder refuse."""
    row: Any = tuple[tuple(map(cell_type, fields))]  # type: ignore[misc]
    split = msgspec.defstruct("Split", [("columns", list[str]), ("data", list[row])], forbid_unknown_fields=True)
    forms: dict[str, Any] = {
        "dataframe_split": split,
        "dataframe_records": record_type(fields),
        "instances": list[row],
        "inputs": list[row],
    }
    described = [(form, kind | UnsetType, UNSET) for form, kind in forms.items() if kind is not None]
    missing = [(form, UnsetType, UNSET) for form, kind in forms.items() if kind is None]
    return msgspec.defstruct("Body", described + missing, forbid_unknown_fields=True)


def cell_type(field: Field) -> Any:
    return Literal[field.levels] if field.levels else CELLS[field.type]


def record_type(fields: Sequence[Field]) -> Any:
    """A list of records; None if a name cannot be a key of the decoder's."""
    own = {f"f{at}": field.name for at, field in enumerate(fields)}
    try:
        described = [(name, cell_type(field)) for name, field in zip(own, fields, strict=True)]
        return list[msgspec.defstruct("Record", described, rename=own, forbid_unknown_fields=True)]  # type: ignore[misc]
    except ValueError:
        return None


# What frames hold


def texts(cells: Iterable[Any]) -> bytes:
    encoded = [cell.encode() for cell in cells]
    return b"".join([array("I", map(len, encoded)).tobytes(), *encoded])


PACKS: dict[int, Callable[[Iterable[Any]], bytes]] = {
    FLOAT64: lambda cells: array("d", cells).tobytes(),
    INT64: lambda cells: array("q", cells).tobytes(),
    BOOL: bytes,
    UTF8: texts,
}


def single(heads: Sequence[bytes], dtypes: Sequence[int]) -> Callable[[int, Row], bytes] | None:
    """Writes the frame of one row in one call; None if a row has no fixed length."""
    if UTF8 in dtypes:
        return None
    nothing = bytes(sum(1 if dtype == BOOL else 8 for dtype in dtypes))
    sample = frames.with_length(frames.head(REQUEST, 0, 1, len(heads)) + b"".join(heads) + nothing)
    before, after = sample[: frames.ID.start], sample[frames.ID.stop : frames.HEAD_ENDS]
    cells = "".join(f"{len(head)}s{CODES[dtype]}" for head, dtype in zip(heads, dtypes, strict=True))
    layout = Struct(f"<{len(before)}sQ{len(after)}s{cells}")

    def write(id: int, row: Row) -> bytes:
        return layout.pack(before, id, after, *chain.from_iterable(zip(heads, row, strict=True)))

    return write


def values_of(cells: Sequence[Any], dtype: int) -> Any:
    return np.array([*cells, None], object)[:-1] if dtype == UTF8 else np.array(cells, NATIVE[dtype])
