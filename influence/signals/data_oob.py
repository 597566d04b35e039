"""Data-OOB: the out-of-bag accuracy of a sample in an ensemble of trees."""

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from common.errors import UserError
from influence.evidence import Evidence
from influence.features import last_layer_features, sklearn_seed
from influence.signals.base import Scores, with_threshold
from influence.signals.thresholds import upper_of_two_means

TREES = 300


@with_threshold(upper_of_two_means)
def data_oob(evidence: Evidence) -> Scores:
    """−share of the trees of a random forest without the sample in their bootstrap that predict its
    label; flags the upper of two clusters of the scores.

    The trees are grown until their leaves are pure, so that a prediction is a vote.

    Source: Kwon and Zou (Data-OOB), ICML 2023; scikit-learn's random forest; two-means as in
    OpenDataVal, Jiang et al., NeurIPS 2023.
    """
    features = last_layer_features(evidence)
    if len(np.unique(features.labels)) < 2:
        raise UserError("data_oob needs at least 2 classes in the training set, got 1")
    seed = sklearn_seed(evidence.rng("data_oob"))
    forest = RandomForestClassifier(TREES, oob_score=True, random_state=seed)
    forest.fit(features.train, features.labels)
    column = np.searchsorted(forest.classes_, features.labels)
    votes = forest.oob_decision_function_[np.arange(len(column)), column]
    return features.restore(-votes)
