"""Writes the golden frames from the words of `frames.md`, with `struct` alone: no code under test takes part.

python build.py FOLDER
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path


def frame(kind: int, id: int, rows: int, *columns: bytes) -> bytes:
    body = b"KF1\n" + struct.pack("<BQIH", kind, id, rows, len(columns)) + b"".join(columns)
    return struct.pack("<I", len(body)) + body


def column(name: str, dtype: int, values: bytes, mask: bytes | None = None) -> bytes:
    encoded = name.encode()
    head = struct.pack("<H", len(encoded)) + encoded + bytes([dtype, mask is not None])
    return head + (mask or b"") + values


def floats(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}d", *values)


def ints(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}q", *values)


def texts(*values: str) -> bytes:
    encoded = [value.encode() for value in values]
    return struct.pack(f"<{len(values)}I", *map(len, encoded)) + b"".join(encoded)


NAN = bytes.fromhex("000000000000f87f")
TINIEST, LARGEST = 5e-324, 1.7976931348623157e308

GOLDEN = {
    "all_dtypes": frame(
        1,
        0,
        3,
        column("temperature", 0, floats(0.1, -2.5, 1e300)),
        column("count", 1, ints(1, -7, 4_000_000_000)),
        column("holiday", 2, bytes([1, 0, 1])),
        column("season", 3, texts("spring", "", "winter")),
    ),
    "masks": frame(
        1,
        0,
        3,
        column("f", 0, floats(0, 1.5, 0), b"\1\0\1"),
        column("i", 1, ints(0, 0, 3), b"\1\1\0"),
        column("b", 2, bytes([0, 1, 0]), b"\1\0\0"),
        column("s", 3, texts("a", "", ""), b"\0\1\0"),
        column("all", 1, ints(0, 0, 0), b"\1\1\1"),
    ),
    "floats": frame(
        2,
        0,
        9,
        column("prediction", 0, NAN + floats(float("inf"), -float("inf"), -0.0, 0.0, TINIEST, LARGEST, -1.0, 1 / 3)),
    ),
    "nan_beside_missing": frame(2, 0, 3, column("x", 0, NAN + floats(0, 2.0), b"\0\1\0")),
    "unicode": frame(
        1,
        0,
        5,
        column("größe ✓", 3, texts("é", "日本", "🚲🚲", "e\u0301", "a'\"\\\n\t$x")),
        column("тест", 0, floats(1, 2, 3, 4, 5)),
    ),
    "empty_strings": frame(1, 0, 4, column("s", 3, texts("", "", "", ""))),
    "no_rows": frame(1, 0, 0, column("f", 0, b""), column("i", 1, b""), column("b", 2, b""), column("s", 3, b"")),
    "no_columns": frame(1, 0, 7),
    "int64_exact_in_r": frame(1, 0, 6, column("i", 1, ints(2**53, -(2**53), 2**32, -(2**32), 2**31, -(2**31)))),
    "int64_extremes": frame(1, 0, 5, column("i", 1, ints(2**63 - 1, -(2**63), 2**53 + 1, 0, -1))),
    "error": frame(
        3,
        2**64 - 1,
        1,
        column("class", 3, texts("ValueError")),
        column("message", 3, texts("no")),
        column("language", 3, texts("python")),
        column("remedy", 3, texts("")),
    ),
    "largest_id": frame(2, 2**63 + 5, 1, column("prediction", 0, floats(41.2))),
}

BAD = {
    "empty_length": b"\1\2",
    "length_too_small": struct.pack("<I", 18) + bytes(18),
    "length_2_to_63": struct.pack("<Q", 2**63) + b"KF1\n",
    "length_above_a_gibibyte": struct.pack("<I", 2**30 + 1) + b"KF1\n",
    "length_all_ones": b"\xff\xff\xff\xff" + b"KF1\n",
    "length_without_body": struct.pack("<I", 2**30) + b"KF1\n",
    "truncated": GOLDEN["all_dtypes"][:-1],
    "garbage": struct.pack("<I", 64) + bytes(range(64)),
    "other_magic": struct.pack("<I", 19) + b"CF1\n" + bytes(15),
    "unknown_kind": frame(4, 0, 0),
    "unknown_dtype": frame(1, 0, 1, column("x", 4, floats(1.0))),
    "mask_of_2": frame(1, 0, 1, column("x", 0, floats(0.0), b"\2")),
    "bool_of_2": frame(1, 0, 1, column("x", 2, b"\2")),
    "hasmask_of_2": frame(1, 0, 1, b"\1\0x\0\2" + floats(1.0)),
    "rows_beyond_body": frame(1, 0, 2**32 - 1, column("x", 0, floats(1.0))),
    "texts_beyond_body": frame(1, 0, 2, column("x", 3, struct.pack("<II", 2**32 - 1, 2**32 - 1) + b"ab")),
    "columns_beyond_body": struct.pack("<I", 19) + b"KF1\n" + struct.pack("<BQIH", 1, 0, 1, 65535),
    "left_over": struct.pack("<I", 20) + b"KF1\n" + struct.pack("<BQIH", 1, 0, 0, 0) + b"x",
    "name_twice": frame(1, 0, 1, column("x", 0, floats(1.0)), column("x", 0, floats(1.0))),
    "name_not_utf8": frame(1, 0, 1, b"\1\0\xff\0\0" + floats(1.0)),
    "text_not_utf8": frame(1, 0, 1, column("x", 3, struct.pack("<I", 2) + b"\xc3\x28")),
}


def main(folder: Path) -> None:
    (folder / "bad").mkdir(parents=True, exist_ok=True)
    for name, content in GOLDEN.items():
        (folder / f"{name}.kf").write_bytes(content)
    for name, content in BAD.items():
        (folder / "bad" / f"{name}.kf").write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
