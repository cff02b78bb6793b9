"""A ColumnTransformer: some columns become indicators or codes, some are scaled, some stay, side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .entries import Kind, Order, is_number, numbers, refuse_other_columns
from .steps import is_nothing, step, unchanged
from .words import Loaded, Matrix, Native, Parts, Plainly, Step

TEXTS = ("object", "str", "category", "category[ordered]")


class Mixed:
    """The matrix that a fitted ColumnTransformer makes."""

    def __init__(self, inputs: Sequence[Native], blocks: Sequence[Block], width: int, order: Order) -> None:
        self._order = order
        self.names = [native.name for native in inputs]
        self.takes_nan = False
        self._blocks, self._width = blocks, width

    @classmethod
    def fits(cls, plain: Loaded, transformer: Any, order: Order) -> Mixed | None:
        if plain.container not in ("dataframe", "array"):
            return None
        blocks, width = [], 0
        for name, each, chosen in transformer.transformers_:
            places = _places(chosen, [native.name for native in plain.inputs])
            reach = transformer.output_indices_[name]
            if (isinstance(each, str) and each == "drop") or reach.stop == reach.start:
                continue
            block = None if places is None else Block.fits(each, [plain.inputs[at] for at in places], places, reach)
            if block is None:
                return None
            blocks.append(block)
            width = max(width, reach.stop)
        return cls(plain.inputs, blocks, width, order) if blocks else None

    def matrix(self, columns: Sequence[Parts], rows: int) -> Matrix:
        refuse_other_columns(self.names, columns)
        made = np.zeros((rows, self._width), order=self._order)
        for block in self._blocks:
            block.write(columns, made, self.takes_nan)
        return made

    def column_of(self, feature: int) -> int | None:
        found = [block.places[feature - block.start] for block in self._blocks if block.holds(feature)]
        return found[0] if found else None


def _places(chosen: Any, names: list[str]) -> list[int] | None:
    """Which inputs a transformer is given; None where it is said in another way than by names or numbers."""
    if isinstance(chosen, slice):
        chosen = list(range(len(names)))[chosen] if all(map(_whole_or_none, (chosen.start, chosen.stop))) else None
    if chosen is None or isinstance(chosen, str) or not hasattr(chosen, "__iter__"):
        return None
    places = [names.index(each) if isinstance(each, str) else each for each in chosen]
    return [int(at) for at in places] if all(map(_is_whole, places)) else None


def _is_whole(thing: Any) -> bool:
    return isinstance(thing, int | np.integer) and not isinstance(thing, bool | np.bool_)


def _whole_or_none(thing: Any) -> bool:
    return thing is None or _is_whole(thing)


class Block:
    """Some inputs and the columns of the matrix that come of them."""

    def __init__(self, places: list[int], start: int, end: int) -> None:
        self.places, self.start, self.end = places, start, end

    @staticmethod
    def fits(transformer: Any, inputs: Sequence[Native], places: list[int], reach: slice) -> Block | None:
        steps = [each for _, each in transformer.steps] if type(transformer).__name__ == "Pipeline" else [transformer]
        if all(map(is_number, inputs)):
            made = [unchanged if is_nothing(each) else step(each) for each in steps]
            known = [each for each in made if each is not None]
            if len(known) == len(made):
                return Scaled(places, reach, list(map(Kind.of, inputs)), known)
        lookups = _lookups(steps[0], inputs) if len(steps) == 1 else None
        return None if lookups is None else Looked(places, reach, inputs, lookups)

    def holds(self, feature: int) -> bool:
        return self.start <= feature < self.end and self.end - self.start == len(self.places)

    def write(self, columns: Sequence[Parts], made: Matrix, takes_nan: bool) -> None:
        raise NotImplementedError


class Scaled(Block):
    """Numbers, as they are or scaled."""

    def __init__(self, places: list[int], reach: slice, kinds: Sequence[Kind], steps: Sequence[Step]) -> None:
        super().__init__(places, reach.start, reach.stop)
        self._kinds, self._steps = kinds, [each for each in steps if each is not unchanged]

    def write(self, columns: Sequence[Parts], made: Matrix, takes_nan: bool) -> None:
        own = made[:, self.start : self.end]
        for at, (place, kind) in enumerate(zip(self.places, self._kinds, strict=True)):
            own[:, at] = numbers(columns[place], kind)
        if not np.isfinite(own).all() and (not takes_nan or np.isinf(own).any()):
            raise Plainly
        if self._steps:
            changed: Matrix = own.copy()
            for each in self._steps:
                changed = each(changed)
            own[:] = changed


class Looked(Block):
    """Words or numbers that are looked up: indicators of a category, or its code."""

    def __init__(self, places: list[int], reach: slice, inputs: Sequence[Native], lookups: Sequence[Lookup]) -> None:
        super().__init__(places, reach.start, reach.stop)
        self._lookups = lookups
        self._kinds = [Kind.of(native) if is_number(native) else None for native in inputs]

    def holds(self, feature: int) -> bool:
        return False

    def write(self, columns: Sequence[Parts], made: Matrix, takes_nan: bool) -> None:
        at = self.start
        for place, kind, lookup in zip(self.places, self._kinds, self._lookups, strict=True):
            _, values, mask = columns[place]
            if mask is not None:
                raise Plainly
            lookup.write((values if kind is None else numbers(columns[place], kind)).tolist(), made, at)
            at += lookup.width


class Lookup:
    """One column's categories. unknown: what becomes of another one: its code, None for no indicator, or Plainly."""

    def __init__(self, codes: Mapping[Any, float], width: int, unknown: Any, indicators: bool) -> None:
        self._codes, self._unknown, self._indicators = codes, unknown, indicators
        self.width = width

    def write(self, values: list[Any], made: Matrix, at: int) -> None:
        found = [self._codes.get(value, self._unknown) for value in values]
        if Plainly in found:
            raise Plainly
        if not self._indicators:
            made[:, at] = found
            return
        rows = [row for row, code in enumerate(found) if code is not None]
        made[rows, [at + found[row] for row in rows]] = 1.0


def _lookups(encoder: Any, inputs: Sequence[Native]) -> list[Lookup] | None:
    if not all(native.native in TEXTS or is_number(native) for native in inputs):
        return None
    kind = f"{type(encoder).__module__.split('.')[0]}.{type(encoder).__name__}"
    make = {"sklearn.OneHotEncoder": _indicators, "sklearn.OrdinalEncoder": _codes}.get(kind)
    if make is None or getattr(encoder, "infrequent_categories_", None) or encoder.dtype is not np.float64:
        return None
    made = [make(encoder, at, native) for at, native in enumerate(inputs)]
    known = [each for each in made if each is not None]
    return known if len(known) == len(made) else None


def _indicators(encoder: Any, at: int, native: Native) -> Lookup | None:
    categories = _plain(encoder.categories_[at])
    if categories is None:
        return None
    dropped = None if encoder.drop_idx_ is None else encoder.drop_idx_[at]
    kept = [each for place, each in enumerate(categories) if place != dropped]
    codes: dict[Any, Any] = {each: place for place, each in enumerate(kept)}
    if dropped is not None:
        codes[categories[dropped]] = None
    ignored = encoder.handle_unknown in ("ignore", "infrequent_if_exist") and not _closed(native)
    return Lookup(codes, len(kept), None if ignored else Plainly, indicators=True)


def _codes(encoder: Any, at: int, native: Native) -> Lookup | None:
    categories = _plain(encoder.categories_[at])
    if categories is None:
        return None
    ignored = encoder.handle_unknown == "use_encoded_value" and not _closed(native)
    codes = {each: float(place) for place, each in enumerate(categories)}
    return Lookup(codes, 1, encoder.unknown_value if ignored else Plainly, indicators=False)


def _closed(native: Native) -> bool:
    """True for a category: a word beyond its levels is missing to pandas, rather than unknown."""
    return native.native.startswith("category")


def _plain(categories: Any) -> list[Any] | None:
    """The categories as Python's own values; None if one of them is missing."""
    values: list[Any] = np.asarray(categories).tolist()
    return (
        None if any(value is None or (isinstance(value, float) and math.isnan(value)) for value in values) else values
    )
