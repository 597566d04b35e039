"""Neural Relation Graph: wrong labels and outliers from one graph over all samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from influence.evidence import Evidence
from influence.features import Features, last_layer_features
from influence.signals.base import Scores, whole_training
from influence.signals.blockwise import row_blocks, unit_rows
from influence.signals.classifiers import cross_fitted_probabilities

LABEL_TEMPERATURE = 4.0
OUTLIER_TEMPERATURE = 1.0
ROUNDS = 10

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RelationGraph:
    """The kernel k(i, j) = max(0, cos(h_i, h_j)) ⟨p_i, p_j⟩ᵗ over all pairs of samples.

    Attributes:
        h: features in rows of length 1, (n, d).
        p: class probabilities, (n, C).
        temperature: t.
    """

    h: Floats
    p: Floats
    temperature: float

    def weighted_sums(self, weights: Floats) -> Floats:
        """Σ_{j ≠ i} k(i, j) w_{j,c} for each column c of ``weights``, (n, c)."""
        out = np.empty(weights.shape)
        for block in row_blocks(len(self.h), len(self.h)):
            kernel = np.maximum(self.h[block] @ self.h.T, 0.0)
            kernel *= (self.p[block] @ self.p.T) ** self.temperature
            kernel[np.arange(len(kernel)), np.arange(block.start, block.stop)] = 0.0
            out[block] = kernel @ weights
        return out


def label_noise_scores(graph: RelationGraph, labels: NDArray[np.int64], n_classes: int) -> Floats:
    """−Σ_j a_j r(i, j), (n,), with r = k for equal labels and −k for others.

    a_j is 1, or −1 for a sample that is taken for noisy, which its own score decides; repeated
    until no sample changes sides, at most 10 times.
    """
    given = np.eye(n_classes)[labels]
    rows = np.arange(len(labels))
    side = np.ones(len(labels))
    scores = np.zeros(len(labels))
    for _ in range(ROUNDS):
        sums = graph.weighted_sums(side[:, None] * given)
        scores = sums.sum(axis=1) - 2.0 * sums[rows, labels]
        previous, side = side, np.where(scores > 0, -1.0, 1.0)
        if (side == previous).all():
            break
    return scores


def _graph(evidence: Evidence, temperature: float) -> tuple[RelationGraph, Features]:
    features = last_layer_features(evidence)
    probabilities = cross_fitted_probabilities(
        features, evidence.n_classes, evidence.rng("neural_relation_graph")
    )
    return RelationGraph(unit_rows(features.train), probabilities, temperature), features


@whole_training
def relation_graph_label(evidence: Evidence) -> Scores:
    """−Σ_j a_j r(i, j) over the training samples, where r is max(0, cos(h_i, h_j)) ⟨p_i, p_j⟩⁴ for
    equal labels and its negative for others, and a_j = −1 for samples taken for noisy; p are
    out-of-fold class probabilities.

    Source: Kim et al. (Neural Relation Graph), NeurIPS 2023.
    """
    graph, features = _graph(evidence, LABEL_TEMPERATURE)
    return features.restore(label_noise_scores(graph, features.labels, evidence.n_classes))


@whole_training
def relation_graph_outlier(evidence: Evidence) -> Scores:
    """−Σ_{j ≠ i} max(0, cos(h_i, h_j)) ⟨p_i, p_j⟩ over the training samples; no labels, apart from
    those that the out-of-fold class probabilities p are fitted to.

    Source: Kim et al. (Neural Relation Graph), NeurIPS 2023.
    """
    graph, features = _graph(evidence, OUTLIER_TEMPERATURE)
    return features.restore(-graph.weighted_sums(np.ones((len(features.labels), 1)))[:, 0])
