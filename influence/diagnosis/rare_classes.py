"""Classes that are far rarer in training than they should be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

SIGNIFICANCE = 1e-4
MUCH_RARER = 2 / 3

Labels = NDArray[np.int64]


def rare_classes(labels: Labels, validation_labels: Labels, n_classes: int) -> NDArray[np.bool_]:
    """Classes at most two thirds as common in training as in validation, and not by accident, (C,).

    It presumes that validation holds the classes in their natural shares. Two-sample
    hypergeometric test, Bonferroni over classes.
    """
    counts = np.bincount(labels, minlength=n_classes)
    expected = np.bincount(validation_labels, minlength=n_classes)
    n, m = len(labels), len(validation_labels)
    p_values = hypergeom.cdf(counts, n + m, counts + expected, n)
    much_rarer = counts / n <= MUCH_RARER * expected / m
    return np.asarray(much_rarer & (p_values * n_classes < SIGNIFICANCE))
