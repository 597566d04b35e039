"""SimiFeat: labels by the vote of the nearest neighbours (Zhu et al., ICML 2022)."""

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training
from influence.signals.features import last_layer_features

NEIGHBOURS = 10
ROUNDS = 21
VOTERS = 0.5
REACH = 4


def vote_score(
    neighbours: NDArray[np.int64], labels: NDArray[np.int64], n_classes: int
) -> NDArray[np.float64]:
    """1 − cos(votes, one-hot of the given label), (n,), in [0, 1].

    Args:
        neighbours: rows of each sample's voters, (n, k); a negative one does not vote.
        labels: given labels, (n,).
        n_classes: C.
    """
    n = len(labels)
    votes = np.zeros((n, n_classes))
    sample, place = np.nonzero(neighbours >= 0)
    np.add.at(votes, (sample, labels[neighbours[sample, place]]), 1.0)
    length = np.linalg.norm(votes, axis=1)
    agreement = votes[np.arange(n), labels]
    return 1.0 - np.divide(agreement, length, out=np.zeros(n), where=length > 0)


@whole_training
def simifeat(evidence: Evidence) -> Scores:
    """Mean of :func:`vote_score` over rounds, in each of which a random half of the training set
    votes; neighbours by cosine similarity of the last layer's inputs.

    The source's threshold, from an estimated noise matrix, is left out: only the ranking counts.
    """
    features = last_layer_features(evidence)
    n = len(features.train)
    reach = min(REACH * NEIGHBOURS, n - 1)
    search = NearestNeighbors(n_neighbors=reach, metric="cosine").fit(features.train)
    nearest = search.kneighbors(return_distance=False)
    rng = evidence.rng("simifeat")
    total = np.zeros(n)
    for _ in range(ROUNDS):
        votes = (rng.random(n) < VOTERS)[nearest]
        votes &= votes.cumsum(axis=1) <= NEIGHBOURS
        total += vote_score(np.where(votes, nearest, -1), features.labels, evidence.n_classes)
    return features.restore(total / ROUNDS)
