"""Classes that are far rarer in training than in the reference set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from influence.diagnosis.config import RareClassConfig
from influence.diagnosis.inputs import Labels


def rare_classes(
    labels: Labels, reference_labels: Labels, n_classes: int, config: RareClassConfig
) -> NDArray[np.bool_]:
    """Classes that are too rare in training, and not by chance, (C,).

    Presumes that the reference set holds the classes in their natural proportions. Two-sample
    hypergeometric test, Bonferroni-corrected over classes.
    """
    counts = np.bincount(labels, minlength=n_classes)
    expected = np.bincount(reference_labels, minlength=n_classes)
    n, m = len(labels), len(reference_labels)
    p_values = hypergeom.cdf(counts, n + m, counts + expected, n)
    much_rarer = counts / n <= config.max_ratio * expected / m
    return np.asarray(much_rarer & (p_values * n_classes < config.significance))
