"""Many trees as one tree, so that one call walks them all.

    first splits: on the number of the tree, a column put beside the features
                  number ≤ 1.5
                 ┌─────┴─────┐
            ≤ 0.5            ≤ 2.5
           ┌──┴──┐         ┌──┴──┐
         tree 0  tree 1  tree 2  tree 3            a row is asked once for each number

To call into scikit-learn once per tree costs more than to walk it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

ROWS = 96
"""More rows than this are answered tree by tree: then the walking is what takes time, and stays in the cache."""


def planted(trees: Sequence[Any], features: int, names: tuple[str, str, str, str], inner: Any) -> tuple[Any, Any]:
    """(nodes, where each tree begins): the records of all trees behind those of the first splits.

    trees: arrays of one record dtype. names: of the fields left, right, feature and threshold in it.
    inner: which of a tree's records are splits, as a function of the tree.
    """
    left, right, feature, threshold = names
    sizes = np.array([len(tree) for tree in trees])
    starts = len(trees) - 1 + np.cumsum(sizes) - sizes
    nodes = np.zeros(len(trees) - 1 + sizes.sum(), trees[0].dtype)
    for start, tree in zip(starts.tolist(), trees, strict=True):
        split = inner(tree)
        moved = nodes[start : start + len(tree)]
        moved[:] = tree
        moved[left][split] += tree[left].dtype.type(start)
        moved[right][split] += tree[right].dtype.type(start)
    for at, low, high, middle in _first_splits(starts):
        nodes[left][at], nodes[right][at] = low, high
        nodes[feature][at], nodes[threshold][at] = features, middle
    return nodes, starts


def _first_splits(starts: Any) -> list[tuple[int, int, int, float]]:
    """(record, left, right, threshold) of a balanced search for the tree's number; the root is record 0."""
    splits: list[tuple[int, int, int, float]] = []

    def grow(first: int, end: int) -> int:
        if end - first == 1:
            return int(starts[first])
        at, middle = len(splits), (first + end) // 2
        splits.append((at, 0, 0, 0.0))
        splits[at] = (at, grow(first, middle), grow(middle, end), middle - 0.5)
        return at

    grow(0, len(starts))
    return splits


def numbered(matrix: Any, trees: int, kind: Any) -> Any:
    """Each row once per tree, tree by tree, with the tree's number in a further column."""
    rows, features = matrix.shape
    made = np.empty((trees, rows, features + 1), kind)
    made[:, :, :features] = matrix
    made[:, :, features] = np.arange(trees)[:, None]
    return made.reshape(trees * rows, features + 1)


def summed(values: Any, first: Any = 0.0) -> Any:
    """The sum over the first axis, added one after the other as scikit-learn does, from `first` on."""
    values[0] += first
    # A sum over a single column is regrouped by NumPy, so that its last digits differ.
    if values.size == len(values):
        return np.add.accumulate(values)[-1]
    return np.add.reduce(values)
