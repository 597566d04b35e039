"""SimiFeat: labels by the vote of the nearest neighbours."""

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from influence.evidence import Evidence
from influence.features import last_layer_features, neighbours
from influence.signals.base import Scores, whole_training

NEIGHBOURS = 50
ROUNDS = 21
VOTING_SHARE = 0.5
REACH = 4  # times the neighbours are searched, to find enough of those that vote


def vote_score(
    votes: NDArray[np.int64], labels: NDArray[np.int64], n_classes: int
) -> NDArray[np.float64]:
    """1 − cos(count of votes by class, one-hot of the given label), (n,), in [0, 1].

    Args:
        votes: the labels that the neighbours of each sample vote for, (n, k); negative numbers
            are abstentions.
        labels: given labels, (n,).
        n_classes: C.
    """
    counts = np.stack([(votes == c).sum(axis=1) for c in range(n_classes)], axis=1)
    length = np.linalg.norm(counts, axis=1)
    agreement = counts[np.arange(len(labels)), labels]
    return 1.0 - np.divide(agreement, length, out=np.zeros(len(labels)), where=length > 0)


def voting_neighbours(voters: int, n_classes: int) -> int:
    """The number of neighbours that vote: 50, or half the average class size if that is less."""
    return max(1, min(NEIGHBOURS, voters // (2 * n_classes)))


@whole_training
def simifeat(evidence: Evidence) -> Scores:
    """1 − cos(votes of the 50 nearest training samples, given label), averaged over 21 rounds, in
    each of which a random half of the training set votes.

    The threshold of the source, from an estimated noise matrix, is not used.

    Source: Zhu et al., ICML 2022; neighbours by scikit-learn.
    """
    features = last_layer_features(evidence)
    n, k = len(features.train), voting_neighbours(len(features.train), evidence.n_classes)
    search = NearestNeighbors(n_neighbors=neighbours(REACH * k, n - 1)).fit(features.train)
    nearest = search.kneighbors(return_distance=False)
    rng = evidence.rng("simifeat")
    total = np.zeros(n)
    for _ in range(ROUNDS):
        voting = (rng.random(n) < VOTING_SHARE)[nearest]
        voting &= voting.cumsum(axis=1) <= k
        votes = np.where(voting, features.labels[nearest], -1)
        total += vote_score(votes, features.labels, evidence.n_classes)
    return features.restore(total / ROUNDS)


@whole_training
def simifeat_validation(evidence: Evidence) -> Scores:
    """1 − cos(votes of the 50 nearest clean validation samples, given label).

    Source: Zhu et al., ICML 2022; neighbours by scikit-learn.
    """
    features = last_layer_features(evidence)
    k = voting_neighbours(len(features.validation), evidence.n_classes)
    search = NearestNeighbors(n_neighbors=k).fit(features.validation)
    nearest = search.kneighbors(features.train, return_distance=False)
    votes = features.validation_labels[nearest]
    return features.restore(vote_score(votes, features.labels, evidence.n_classes))
