"""Pairs of samples block by block, so that no matrix of all pairs is in memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

PAIRS = 1 << 22
"""Pairs in one block: 32 MiB of float64."""


def row_blocks(rows: int, columns: int) -> Iterator[slice]:
    """Consecutive slices of the rows of a matrix, each with at most 2²² of its entries.

    >>> [(block.start, block.stop) for block in row_blocks(5, 1 << 21)]
    [(0, 2), (2, 4), (4, 5)]
    """
    size = max(1, PAIRS // max(1, columns))
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))


def unit_rows(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rows divided by their lengths; rows of zeros stay.

    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    scaled = x / np.maximum(np.abs(x).max(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
    return np.divide(scaled, lengths, out=np.zeros_like(scaled), where=lengths > 0)
