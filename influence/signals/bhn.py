"""BHN: conformal p-values from clean samples, and the Benjamini–Hochberg procedure."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from common.errors import UserError
from influence.evidence import Evidence
from influence.features import last_layer_features
from influence.signals.base import Scores, with_threshold
from influence.signals.classifiers import fitted_probabilities, folds
from influence.signals.thresholds import above_one

FALSE_DISCOVERY_RATE = 0.1


def count_at_least(clean: NDArray[np.float64], queries: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many clean scores are at least as high as each query's, (n,).

    >>> count_at_least(np.array([0.1, 0.5, 0.9]), np.array([0.5, 0.95])).tolist()
    [2, 0]
    """
    return np.asarray(len(clean) - np.searchsorted(np.sort(clean), queries, side="left"))


@with_threshold(above_one)
def bhn(evidence: Evidence) -> Scores:
    """1 − probability of the given label, plus 1 for the samples that the Benjamini–Hochberg
    procedure rejects at a false discovery rate of .1.

    The p-value of a sample is the share of clean validation samples whose label is at most as
    probable, by logistic regressions fitted to the other four fifths of the validation set.

    Source: Yu et al. (BHN), ICML 2023; folds by cross-conformal prediction, Vovk 2015.
    """
    features = last_layer_features(evidence)
    clean, clean_labels = features.validation, features.validation_labels
    fold = folds(clean_labels, evidence.rng("bhn"))
    if len(np.unique(fold)) < 2:
        raise UserError("bhn needs at least 2 validation samples of a class, got at most 1")
    n, m = len(features.train), len(clean)
    above, scores = np.zeros(n), np.zeros(n)
    for held in np.unique(fold):
        kept = fold != held
        probabilities = fitted_probabilities(
            clean[kept],
            clean_labels[kept],
            np.vstack([features.train, clean[~kept]]),
            evidence.n_classes,
        )
        labels = np.concatenate([features.labels, clean_labels[~kept]])
        doubt = 1.0 - probabilities[np.arange(len(labels)), labels]
        above += count_at_least(doubt[n:], doubt[:n])
        scores += doubt[:n] / len(np.unique(fold))
    adjusted = false_discovery_control((1.0 + above) / (m + 1.0))
    rejected = adjusted <= FALSE_DISCOVERY_RATE
    return features.restore(rejected + np.clip(scores, 0.0, 1.0))
