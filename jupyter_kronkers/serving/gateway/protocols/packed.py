"""Columns that came from a reader: a frame's bytes, which a host gets as they are, and columns for whoever looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import overload

from jupyter_kronkers.languages.frames import ID, Column, decode

_LENGTH = 4


class Packed(Sequence[Column]):
    """The columns of one request frame, decoded only when somebody looks at them.

    frame: the whole frame, with its length before it.
    """

    def __init__(self, frame: bytes) -> None:
        self._frame = frame

    def frame(self, id: int) -> bytes:
        """The request frame with this id."""
        frame = memoryview(self._frame)
        return b"".join((frame[: ID.start], id.to_bytes(8, "little"), frame[ID.stop :]))

    @cached_property
    def _columns(self) -> list[Column]:
        return decode(memoryview(self._frame)[_LENGTH:]).columns

    @overload
    def __getitem__(self, place: int) -> Column: ...
    @overload
    def __getitem__(self, place: slice) -> list[Column]: ...
    def __getitem__(self, place: int | slice) -> Column | list[Column]:
        return self._columns[place]

    def __len__(self) -> int:
        return len(self._columns)

    def __iter__(self) -> Iterator[Column]:
        return iter(self._columns)
