"""What samples look like: features in which near means alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from experiments.audit.fold import Opinion, Rows
from models.backbone import GRID

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Looks:
    """Features of the audited samples, (n, d), and of the validation samples, (m, d)."""

    train: Matrix
    validation: Matrix

    def nearest(self, rows: Rows, count: int) -> tuple[Rows, NDArray[np.float32]]:
        """The training samples that are most like each of ``rows``, itself left out.

        Returns:
            Their rows and distances, (r, count), nearest first.
        """
        count = min(count, len(self.train) - 1)
        distances, found = (
            NearestNeighbors(n_neighbors=count + 1, algorithm="brute")
            .fit(self.train)
            .kneighbors(self.train[rows])
        )
        # among exact copies a sample need not be its own nearest one
        away = found != rows[:, None]
        away[away.all(axis=1), -1] = False
        shape = len(rows), count
        return found[away].reshape(shape), distances[away].reshape(shape)


def looks_of(one: Opinion, n: int) -> Looks:
    """The looks of n audited samples, each of which the opinion was trained on or validated with.

    Of an image network the channels' means and deviations of each stage; of other models the raw
    samples. Each column is standardised, and each stage counts alike.
    """
    stages, validation_stages = one.prepared.stages()
    chosen = [name for name in stages if not name.endswith(GRID)]
    train = np.hstack([stages[name] for name in chosen])
    validation = np.hstack([validation_stages[name] for name in chosen])
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    widths = [stages[name].shape[1] for name in chosen]
    scale = np.repeat(np.array(widths, np.float32), widths)
    factor = np.divide(
        scale**-0.5, deviation, out=np.zeros_like(deviation), where=deviation > 1e-6
    ).astype(np.float32)
    train, validation = (train - mean) * factor, (validation - mean) * factor
    if not len(one.validation_rows):
        return Looks(train, validation)
    whole = np.empty((n, train.shape[1]), np.float32)
    whole[one.rows], whole[one.validation_rows] = train, validation
    return Looks(whole, validation[:0])
