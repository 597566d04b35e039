"""Isolation forest, by scikit-learn."""

from sklearn.ensemble import IsolationForest

from influence.evidence import Evidence
from influence.features import all_features, last_layer_features, sklearn_seed
from influence.signals.base import Scores, whole_training


@whole_training
def isolation_forest(evidence: Evidence) -> Scores:
    """Anomaly score of an isolation forest fitted to the training set.

    Source: Liu et al., ICDM 2008; scikit-learn.
    """
    features = last_layer_features(evidence)
    seed = sklearn_seed(evidence.rng("isolation_forest"))
    forest = IsolationForest(random_state=seed).fit(features.train)
    return features.restore(-forest.score_samples(features.train))


@whole_training
def isolation_forest_novelty(evidence: Evidence) -> Scores:
    """Anomaly score of an isolation forest fitted to the clean validation set, on all stages.

    Source: Liu et al., ICDM 2008; scikit-learn.
    """
    features = all_features(evidence)
    seed = sklearn_seed(evidence.rng("isolation_forest_novelty"))
    forest = IsolationForest(random_state=seed).fit(features.validation)
    return features.restore(-forest.score_samples(features.train))
