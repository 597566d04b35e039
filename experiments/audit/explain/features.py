"""The feature space in which samples are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from experiments.audit.fold import FoldResult, Rows
from models.backbone import GRID

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class FeatureSpace:
    """Features of the audited samples, (n, d), and of the reference set, (m, d); m = 0 if there is
    none."""

    train: Matrix
    reference: Matrix

    def nearest(self, rows: Rows, count: int) -> tuple[Rows, NDArray[np.float32]]:
        """The nearest training samples of each of ``rows``, without itself.

        Returns:
            Their rows and their Euclidean distances, (r, count), nearest first.
        """
        count = min(count, len(self.train) - 1)
        distances, found = (
            NearestNeighbors(n_neighbors=count + 1, algorithm="brute")
            .fit(self.train)
            .kneighbors(self.train[rows])
        )
        # Among exact copies, a sample need not be listed as its own nearest neighbour.
        away = found != rows[:, None]
        away[away.all(axis=1), -1] = False
        shape = len(rows), count
        return found[away].reshape(shape), distances[away].reshape(shape)


def feature_space(result: FoldResult, n: int) -> FeatureSpace:
    """The feature space of n audited samples, by the model of a fold.

    For image networks the features are the channel means and standard deviations of each stage, for
    other models the raw samples. Columns are standardized, and each stage has the same weight.
    """
    stages, reference_stages = result.prepared.stages(wanted=lambda name: not name.endswith(GRID))
    names = list(stages)
    train = np.hstack([stages[name] for name in names])
    reference = np.hstack([reference_stages[name] for name in names])
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    widths = [stages[name].shape[1] for name in names]
    weight = np.repeat(np.array(widths, np.float32), widths) ** -0.5
    factor = np.divide(
        weight, deviation, out=np.zeros_like(deviation), where=deviation > 1e-6
    ).astype(np.float32)
    train, reference = (train - mean) * factor, (reference - mean) * factor
    if not len(result.fold.held_out):
        return FeatureSpace(train, reference)
    whole = np.empty((n, train.shape[1]), np.float32)
    whole[result.fold.rows], whole[result.fold.held_out] = train, reference
    return FeatureSpace(whole, reference[:0])
