"""LAVA: the gradient of the optimal-transport distance to the validation set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from influence.evidence import Evidence
from influence.features import Features, last_layer_features
from influence.signals.base import Scores, with_threshold
from influence.signals.blockwise import row_blocks
from influence.signals.thresholds import upper_of_two_means

REGULARISATION = 0.05  # ε, as a multiple of the mean cost
ITERATIONS = 100
TOLERANCE = 1e-4  # of the mean cost
KEPT_PAIRS = 1 << 25  # costs up to 256 MiB are kept, larger ones computed in each iteration

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Transport:
    """Entropic optimal transport between n training and m validation samples, uniform weights.

    The cost of moving (x, y) to (x', y') is ‖x − x'‖² plus the squared Wasserstein distance between
    the features of the classes y and y', each taken for a Gaussian with a diagonal covariance.

    Attributes:
        x, y: features and labels of the training samples, (n, d) and (n,).
        v, u: of the validation samples, (m, d) and (m,).
        between: the distances between the classes, (C, C).
    """

    x: Floats
    y: NDArray[np.int64]
    v: Floats
    u: NDArray[np.int64]
    between: Floats

    def blocks(self) -> Callable[[], Iterable[tuple[slice, Floats]]]:
        """Returns a function that goes through all costs, block by block."""

        def computed() -> Iterator[tuple[slice, Floats]]:
            return ((block, self.cost(block)) for block in row_blocks(len(self.x), len(self.v)))

        if len(self.x) * len(self.v) > KEPT_PAIRS:
            return computed
        kept = list(computed())
        return lambda: kept

    def cost(self, block: slice) -> Floats:
        """Cost of a block of training samples, (b, m)."""
        squared = cdist(self.x[block], self.v, "sqeuclidean")
        return np.asarray(squared + self.between[self.y[block, None], self.u])

    def potentials(self) -> tuple[Floats, Floats, float]:
        """Dual potentials f (n,) and g (m,), and ε.

        Both are updated at once and averaged with their last values (Feydy et al. 2019), so that
        each iteration reads every cost once.
        """
        n, m = len(self.x), len(self.v)
        blocks = self.blocks()
        mean = sum(float(cost.sum()) for _, cost in blocks()) / (n * m)
        epsilon = REGULARISATION * mean
        f, g = np.zeros(n), np.zeros(m)
        if epsilon == 0:
            return f, g, epsilon
        for _ in range(ITERATIONS):
            new_f, columns = np.empty(n), np.full(m, -np.inf)
            for block, cost in blocks():
                new_f[block] = -epsilon * logsumexp((g - cost) / epsilon, axis=1, b=1 / m)
                down = logsumexp((f[block, None] - cost) / epsilon, axis=0, b=1 / n)
                columns = np.logaddexp(columns, down)
            new_g = -epsilon * columns
            change = max(np.abs(new_f - f).max(), np.abs(new_g - g).max())
            f, g = (f + new_f) / 2, (g + new_g) / 2
            if change < TOLERANCE * mean:
                break
        return f, g, epsilon


def class_distances(features: Features, n_classes: int) -> Floats:
    """Squared Wasserstein distance between training class c and validation class c', (C, C); 0 for
    classes without samples."""
    moments = [
        [
            (part.mean(axis=0), part.std(axis=0)) if len(part) else None
            for part in (x[labels == c] for c in range(n_classes))
        ]
        for x, labels in (
            (features.train, features.labels),
            (features.validation, features.validation_labels),
        )
    ]
    out = np.zeros((n_classes, n_classes))
    for c, mine in enumerate(moments[0]):
        for k, theirs in enumerate(moments[1]):
            if mine is not None and theirs is not None:
                out[c, k] = sum(((a - b) ** 2).sum() for a, b in zip(mine, theirs, strict=True))
    return out


@with_threshold(upper_of_two_means)
def lava(evidence: Evidence) -> Scores:
    """n (f_i − mean f) / (n − 1), where f are the dual potentials of the optimal transport of the
    training set to the validation set, with a cost of features and labels; flags the upper of two
    clusters of the scores.

    Source: Just et al. (LAVA), ICLR 2023; entropic transport as in Feydy et al., AISTATS 2019;
    two-means as in OpenDataVal, Jiang et al., NeurIPS 2023.
    """
    features = last_layer_features(evidence)
    transport = Transport(
        features.train,
        features.labels,
        features.validation,
        features.validation_labels,
        class_distances(features, evidence.n_classes),
    )
    f, _, _ = transport.potentials()
    return features.restore((f - f.mean()) * (len(f) / max(len(f) - 1, 1)))
