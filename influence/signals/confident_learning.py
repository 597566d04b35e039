"""Confident learning, by cleanlab."""

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from numpy.typing import NDArray

from influence.evidence import Evidence
from influence.features import Matrix, last_layer_features
from influence.signals.base import Scores, with_threshold
from influence.signals.classifiers import (
    cross_fitted_probabilities,
    reference_probabilities,
    restricted_to_present_classes,
    without_small_class_warnings,
)
from influence.signals.thresholds import above_one


def _pruned_first(labels: NDArray[np.int64], probabilities: Matrix, ranking: str) -> Scores:
    """1 − label quality in [0, 1], plus 1 for samples that confident learning prunes, (n,)."""
    labels, probabilities = restricted_to_present_classes(labels, probabilities)
    with without_small_class_warnings():
        pruned = find_label_issues(labels, probabilities, n_jobs=1)
    return pruned + 1.0 - get_label_quality_scores(labels, probabilities, method=ranking)


@with_threshold(above_one)
def confident_learning(evidence: Evidence) -> Scores:
    """1 − normalised margin, samples that the confident joint prunes first; out-of-fold class
    probabilities.

    Source: Northcutt et al., JAIR 2021; cleanlab.
    """
    features = last_layer_features(evidence)
    rng = evidence.rng("confident_learning")
    probabilities = cross_fitted_probabilities(features, evidence.n_classes, rng)
    return features.restore(_pruned_first(features.labels, probabilities, "normalized_margin"))


@with_threshold(above_one)
def confident_learning_validation(evidence: Evidence) -> Scores:
    """1 − probability of the given label, samples that the confident joint prunes first; class
    probabilities learned from validation.

    Source: Northcutt et al., JAIR 2021; cleanlab.
    """
    features = last_layer_features(evidence)
    probabilities = reference_probabilities(features, evidence.n_classes)
    return features.restore(_pruned_first(features.labels, probabilities, "self_confidence"))
