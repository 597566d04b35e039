"""Thresholds of signals that decide which samples they flag."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


def above_zero(scores: Values) -> Flags:
    """For scores that are log-odds."""
    return scores > 0


def above_one(scores: Values) -> Flags:
    """For scores in [0, 1] to which 1 was added for the samples that a rule flags."""
    return scores > 1


def upper_of_two_means(scores: Values) -> Flags:
    """The cluster with the higher mean, of two by k-means; none where all scores are equal.

    Source: the detection of noisy samples in OpenDataVal, Jiang et al., NeurIPS 2023.

    >>> upper_of_two_means(np.array([0.0, 0.1, 3.0])).tolist()
    [False, False, True]
    """
    low, high = scores.min(), scores.max()
    if low == high:
        return np.zeros(len(scores), dtype=bool)
    scaled = ((scores - low) / (high - low))[:, None]
    means = KMeans(2, init=np.array([[0.0], [1.0]]), n_init=1).fit(scaled)
    return np.asarray(means.labels_ == 1)
