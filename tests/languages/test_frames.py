"""One frame in three tongues: golden files are read and written byte for byte, garbage is refused."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kronkers.languages import frames
from jupyter_kronkers.languages.frames import BadFrame, Column, decode, encode, read

HERE = Path(__file__).parent / "golden"
SOURCES = Path(frames.__file__).parent
GOOD = sorted(path.stem for path in HERE.glob("*.kf"))
BAD = sorted(path.stem for path in (HERE / "bad").glob("*.kf"))
OTHERS = {
    "r": ["Rscript", "--vanilla", str(HERE / "rewrite.R"), str(SOURCES / "r" / "frames.R")],
    "julia": ["julia", "--startup-file=no", str(HERE / "rewrite.jl"), str(SOURCES / "julia" / "frames.jl")],
}


@pytest.fixture(scope="module")
def rewritten(tmp_path_factory: pytest.TempPathFactory):
    """The folder in which a language has written all golden and bad frames again, or said why not."""
    done: dict[str, Path] = {}

    def by(language: str) -> Path:
        if language not in done:
            done[language] = tmp_path_factory.mktemp(language)
            for folder in (HERE, HERE / "bad"):
                command = [*OTHERS[language], str(folder), str(done[language])]
                subprocess.run(command, check=True, capture_output=True, timeout=120)
        return done[language]

    return by


def test_the_golden_files_are_those_that_the_words_of_the_spec_give(tmp_path):
    spec = importlib.util.spec_from_file_location("build", HERE / "build.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    build.main(tmp_path)
    made = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*.kf")}
    assert made == {str(path.relative_to(HERE)): path.read_bytes() for path in HERE.rglob("*.kf")}


@pytest.mark.parametrize("name", GOOD)
def test_python_reads_and_writes_golden_frames(name):
    golden = (HERE / f"{name}.kf").read_bytes()
    frame = read(io.BytesIO(golden))
    assert encode(frame.kind, frame.id, frame.columns, frame.rows) == golden


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", GOOD)
def test_r_and_julia_read_and_write_golden_frames(rewritten, language, name):
    written = rewritten(language) / f"{name}.kf"
    if (language, name) == ("r", "int64_extremes"):
        assert "column 'i' holds integers beyond 2^53" in Path(f"{written}.error").read_text()
    else:
        assert written.read_bytes() == (HERE / f"{name}.kf").read_bytes()


@pytest.mark.parametrize("name", BAD)
def test_python_refuses_malformed_frames(name):
    """faults: 189"""
    with pytest.raises(BadFrame):
        read(io.BytesIO((HERE / "bad" / f"{name}.kf").read_bytes()))


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", BAD)
def test_r_and_julia_refuse_malformed_frames(rewritten, language, name):
    """faults: 189"""
    assert (rewritten(language) / f"{name}.kf.error").read_text().startswith("BadFrame: ")


def test_golden_values_are_what_they_look_like():
    frame = read(io.BytesIO((HERE / "masks.kf").read_bytes()))
    assert [(c.name, c.values.tolist(), c.mask.tolist()) for c in frame.columns[:2]] == [
        ("f", [0.0, 1.5, 0.0], [True, False, True]),
        ("i", [0, 0, 3], [True, True, False]),
    ]


def test_the_end_of_a_stream_is_none():
    assert read(io.BytesIO(b"")) is None


def test_arrays_of_a_frame_can_be_changed():
    frame = read(io.BytesIO((HERE / "all_dtypes.kf").read_bytes()))
    frame.columns[0].values[0] = 7
    assert frame.columns[0].values.flags.aligned


def test_a_length_without_a_body_allocates_nothing():
    """faults: 189"""

    class Endless(io.RawIOBase):
        asked = 0

        def read(self, size=-1):
            self.asked = max(self.asked, size)
            return struct.pack("<I", 1 << 30) if size == 4 else b""

    stream = Endless()
    with pytest.raises(BadFrame):
        read(stream)
    assert stream.asked <= 1 << 20


NAMES = st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=0, max_size=5, unique=True)
DTYPES = {
    "float64": st.floats(),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "bool": st.booleans(),
    "object": st.text(st.characters(codec="utf-8"), max_size=10),
}


@st.composite
def tables(draw):
    rows = draw(st.integers(0, 8))
    columns = []
    for name in draw(NAMES):
        dtype = draw(st.sampled_from(sorted(DTYPES)))
        values = np.empty(rows, dtype)
        values[:] = draw(st.lists(DTYPES[dtype], min_size=rows, max_size=rows))
        mask = draw(st.none() | st.lists(st.booleans(), min_size=rows, max_size=rows).map(np.array))
        columns.append(Column(name, values, None if mask is None else mask.astype(bool)))
    return columns


@given(columns=tables(), kind=st.integers(0, 3), id=st.integers(0, 2**64 - 1))
def test_every_table_comes_back_as_it_was(columns, kind, id):
    written = encode(kind, id, columns)
    frame = decode(written[4:])
    assert (frame.kind, frame.id) == (kind, id)
    for before, after in zip(columns, frame.columns, strict=True):
        gone = before.mask if before.mask is not None else np.zeros(len(before.values), bool)
        assert after.name == before.name
        assert after.values.dtype == before.values.dtype
        assert np.array_equal(after.mask if after.mask is not None else np.zeros(len(gone), bool), gone)
        same = np.array_equal if before.values.dtype.kind != "f" else lambda a, b: np.array_equal(a, b, equal_nan=True)
        assert same(after.values[~gone], before.values[~gone])
    assert encode(kind, id, frame.columns, frame.rows) == written


@given(body=st.binary(max_size=200), head=st.booleans())
def test_garbage_is_a_bad_frame_or_a_frame_and_nothing_else(body, head):
    """faults: 189"""
    prefix = b"KF1\n\1" + bytes(8) + struct.pack("<IH", 3, 1) if head else b""
    with contextlib.suppress(BadFrame):
        decode(prefix + body)


@given(columns=tables(), at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_one_changed_byte_is_a_bad_frame_or_a_frame_and_nothing_else(columns, at, byte):
    """faults: 189"""
    written = bytearray(encode(1, 0, columns))
    written[at % len(written)] = byte
    with contextlib.suppress(BadFrame):
        read(io.BytesIO(bytes(written)))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ([Column("a", np.array([1.0])), Column("a", np.array([1.0]))], "occurs twice"),
        ([Column("a", np.array([1.0])), Column("b", np.array([1.0, 2.0]))], "shape"),
        ([Column("a", np.array([1j]))], "complex128"),
        ([Column("a", np.array([object()], object))], "holds object"),
        ([Column("a", np.array(["\ud800"], object))], "not Unicode"),
        ([Column("a", np.array([2**63], np.uint64))], "64 bits"),
        ([Column("a" * 70_000, np.array([1.0]))], "65,535"),
    ],
)
def test_what_a_frame_cannot_hold_is_refused_in_words(columns, words):
    with pytest.raises(BadFrame, match=words):
        encode(1, 0, columns)


def test_equal_tables_have_equal_bytes():
    odd_nan = np.frombuffer(bytes.fromhex("010000000000f8ff"), "<f8")
    whole = encode(1, 0, [Column("a", np.array([np.nan]), np.array([False]))])
    assert encode(1, 0, [Column("a", odd_nan)]) == whole


def drawn(random: np.random.Generator) -> list[Column]:
    """A table that all three languages can hold: R has no NUL characters and no integers beyond 2^53."""
    rows = int(random.integers(0, 50))
    letters = np.array(list('aé日🚲 \n"\\$'))
    kinds = {
        "float": lambda: random.choice([random.normal(size=rows), np.array([np.nan, np.inf, -0.0] * rows)[:rows]]),
        "int": lambda: random.integers(-(2**53), 2**53, rows, endpoint=True),
        "bool": lambda: random.integers(0, 2, rows).astype(bool),
        "text": lambda: np.array(["".join(random.choice(letters, 4)) for _ in range(rows)] + [None], object)[:-1],
    }
    masks = [None, random.integers(0, 2, rows).astype(bool)]
    return [Column(f"{kind} {k}", make(), masks[k % 2]) for k, (kind, make) in enumerate([*kinds.items()] * 2)]


@pytest.mark.parametrize("language", OTHERS)
def test_r_and_julia_write_random_tables_as_python_does(language, tmp_path):
    given, out = tmp_path / "given", tmp_path / "out"
    given.mkdir()
    out.mkdir()
    random = np.random.default_rng(2026)
    for k in range(100):
        (given / f"{k}.kf").write_bytes(encode(1, k, drawn(random)))
    subprocess.run([*OTHERS[language], str(given), str(out)], check=True, capture_output=True, timeout=120)
    differ = [path.name for path in given.iterdir() if (out / path.name).read_bytes() != path.read_bytes()]
    assert differ == []
