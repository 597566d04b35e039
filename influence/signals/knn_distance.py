"""Distance to the k-th nearest neighbour, by scikit-learn."""

from sklearn.neighbors import NearestNeighbors

from influence.evidence import Evidence
from influence.features import all_features, last_layer_features, neighbours
from influence.signals.base import Scores, whole_training

NEIGHBOURS = 10


@whole_training
def knn_distance(evidence: Evidence) -> Scores:
    """Distance to the 10th nearest other training sample.

    Source: Ramaswamy et al., SIGMOD 2000; scikit-learn.
    """
    features = last_layer_features(evidence)
    search = NearestNeighbors(n_neighbors=neighbours(NEIGHBOURS, len(features.train) - 1))
    distances, _ = search.fit(features.train).kneighbors()
    return features.restore(distances[:, -1])


@whole_training
def knn_distance_novelty(evidence: Evidence) -> Scores:
    """Distance to the 10th nearest clean validation sample, on all stages.

    Source: Sun et al., ICML 2022; scikit-learn.
    """
    features = all_features(evidence)
    search = NearestNeighbors(n_neighbors=neighbours(NEIGHBOURS, len(features.validation)))
    distances, _ = search.fit(features.validation).kneighbors(features.train)
    return features.restore(distances[:, -1])
