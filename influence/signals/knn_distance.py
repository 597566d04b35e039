"""Distance to the k-th nearest neighbour (Ramaswamy et al., SIGMOD 2000; on deep features Sun et
al., ICML 2022), by scikit-learn."""

from sklearn.neighbors import NearestNeighbors

from influence.evidence import Evidence
from influence.features import all_features, last_layer_features
from influence.signals.base import Scores, whole_training

NEIGHBOURS = 10


@whole_training
def knn_distance(evidence: Evidence) -> Scores:
    """Distance to the k-th other training sample, on the inputs of the last layer."""
    features = last_layer_features(evidence)
    search = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(features.train) - 1))
    distances, _ = search.fit(features.train).kneighbors()
    return features.restore(distances[:, -1])


@whole_training
def knn_distance_novelty(evidence: Evidence) -> Scores:
    """Distance to the k-th clean validation sample, on all stages."""
    features = all_features(evidence)
    search = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(features.validation)))
    distances, _ = search.fit(features.validation).kneighbors(features.train)
    return features.restore(distances[:, -1])
