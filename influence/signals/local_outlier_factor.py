"""Local outlier factor, by scikit-learn."""

from sklearn.neighbors import LocalOutlierFactor

from influence.evidence import Evidence
from influence.features import all_features, last_layer_features, neighbours
from influence.signals.base import Scores, whole_training

NEIGHBOURS = 20


@whole_training
def local_outlier_factor(evidence: Evidence) -> Scores:
    """Local outlier factor within the training set, 20 neighbours.

    Source: Breunig et al., SIGMOD 2000; scikit-learn.
    """
    features = last_layer_features(evidence)
    detector = LocalOutlierFactor(neighbours(NEIGHBOURS, len(features.train) - 1))
    return features.restore(-detector.fit(features.train).negative_outlier_factor_)


@whole_training
def local_outlier_factor_novelty(evidence: Evidence) -> Scores:
    """Local outlier factor with respect to the clean validation set, 20 neighbours, on all stages.

    Source: Breunig et al., SIGMOD 2000; scikit-learn.
    """
    features = all_features(evidence)
    used = neighbours(NEIGHBOURS, len(features.validation) - 1)
    detector = LocalOutlierFactor(used, novelty=True).fit(features.validation)
    return features.restore(-detector.score_samples(features.train))
