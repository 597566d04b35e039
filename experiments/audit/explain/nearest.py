"""The nearest other sample of every sample."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

TILE = 512
"""Samples on each side of a product: the distances between them fit the cache of a core."""


@torch.no_grad()
def nearest_others(
    x: NDArray[np.float32], progress: Callable[[int, int], None]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The nearest other sample of every sample, in single precision; each pair is compared once.

    Args:
        x: at least two samples, (n, d), about centred.
        progress: is told how many pairs are compared, and of how many.

    Returns:
        Their rows, (n,), and their Euclidean distances, (n,).
    """
    samples = torch.from_numpy(x)
    half = samples.square().sum(dim=1) / 2
    found = _Nearest(len(x))
    parts = [slice(start, start + TILE) for start in range(0, len(x), TILE)]
    pairs = len(parts) * (len(parts) + 1) // 2
    for place, part in enumerate(parts):
        progress(place * len(parts) - place * (place - 1) // 2, pairs)
        for other in parts[place:]:
            # half the squared distance, up to a constant of the row, with the sign reversed
            closeness = torch.addmm(-half[other], samples[part], samples[other].T)
            if part is other:
                closeness.fill_diagonal_(-torch.inf)
            else:
                by_column = closeness + (half[other] - half[part].unsqueeze(1))
                found.improve(other, by_column.T, part.start)
            found.improve(part, closeness, other.start)
    progress(pairs, pairs)
    rows = found.rows.numpy()
    # a difference of large squares, as above, loses the digits of a small distance
    distances = [
        np.linalg.norm(x[part].astype(np.float64) - x[rows[part]], axis=1) for part in parts
    ]
    return rows, np.concatenate(distances)


class _Nearest:
    """The nearest of the samples that each of n samples was compared with so far."""

    def __init__(self, n: int) -> None:
        self.rows = torch.zeros(n, dtype=torch.int64)
        self._closeness = torch.full((n,), -torch.inf)

    def improve(self, part: slice, closeness: Tensor, first: int) -> None:
        """Compare the samples of ``part`` with others, whose rows begin at ``first``.

        Args:
            part: r samples.
            closeness: to each of s others, (r, s).
            first: row of the first of them.
        """
        best = closeness.amax(dim=1)
        # in a large set a tile seldom holds a nearer sample
        better = (best > self._closeness[part]).nonzero().squeeze(1)
        if len(better):
            rows = better + part.start
            self._closeness[rows] = best[better]
            self.rows[rows] = closeness[better].argmax(dim=1) + first
