"""KNN-Shapley: the Shapley value of a nearest-neighbour classifier."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from influence.evidence import Evidence
from influence.features import last_layer_features
from influence.signals.base import Scores, with_threshold
from influence.signals.blockwise import row_blocks
from influence.signals.thresholds import upper_of_two_means

NEIGHBOURS = 10


def shapley_by_rank(match: NDArray[np.bool_], neighbours: int) -> NDArray[np.float64]:
    """Shapley values of training samples in order of their distance to a query, (m, n).

    The worth of a set is the share of its ``neighbours`` nearest members that match the query.

    Args:
        match: whether the label of the sample at each rank is that of the query, (m, n).
        neighbours: K.
    """
    n = match.shape[1]
    rank = np.arange(1, n + 1)
    last = match[:, -1:] * (min(neighbours, n) / (neighbours * n))
    steps = (match[:, :-1].astype(np.float64) - match[:, 1:]) / neighbours
    steps *= np.minimum(neighbours, rank[:-1]) / rank[:-1]
    backwards = np.hstack([steps, last])[:, ::-1].cumsum(axis=1)
    return np.asarray(backwards[:, ::-1])


@with_threshold(upper_of_two_means)
def knn_shapley(evidence: Evidence) -> Scores:
    """−mean_j of the Shapley value of sample i for the 10-nearest-neighbour classification of the
    validation sample j; flags the upper of two clusters of the scores.

    Source: Jia et al., PVLDB 2019; two-means as in OpenDataVal, Jiang et al., NeurIPS 2023.
    """
    features = last_layer_features(evidence)
    n, m = len(features.train), len(features.validation)
    total = np.zeros(n)
    for block in row_blocks(m, n):
        distances = cdist(features.validation[block], features.train)
        nearest = distances.argsort(axis=1, kind="stable")
        match = features.labels[nearest] == features.validation_labels[block, None]
        values = shapley_by_rank(match, NEIGHBOURS)
        total += np.bincount(nearest.ravel(), values.ravel(), minlength=n)
    return features.restore(-total / m)
