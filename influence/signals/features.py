"""Features as detectors take them: standardised, in an order that tells nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from influence.evidence import Evidence
from influence.signals.base import Scores

Matrix = NDArray[np.float64]


def content_order(x: NDArray[np.floating], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """An order of the samples, (n,), that depends on their content alone.

    Folds, bootstraps and draws over samples in this order cannot know where one lay in the file,
    nor how the classes are numbered.

    >>> x, y = np.array([[1.0], [2.0], [3.0]]), np.array([0, 0, 1])
    >>> (x[content_order(x, y)] == x[::-1][content_order(x[::-1], y[::-1])]).all()
    np.True_
    """
    digests = [hashlib.sha256(row.tobytes()).hexdigest() for row in np.ascontiguousarray(x)]
    return np.lexsort((y, np.array(digests)))


@dataclass(frozen=True)
class Features:
    """Features and labels of training and validation samples, rows in content order.

    Attributes:
        train, validation: (n, d) and (m, d), standardised with mean and deviation of the training
            set as it is.
        labels, validation_labels: (n,) and (m,) int64.
    """

    train: Matrix
    labels: NDArray[np.int64]
    validation: Matrix
    validation_labels: NDArray[np.int64]
    _order: NDArray[np.int64]

    @classmethod
    def of(
        cls, evidence: Evidence, train: NDArray[np.floating], validation: NDArray[np.floating]
    ) -> Features:
        """From raw features of the evidence's samples."""
        order = content_order(train, evidence.labels)
        reference = content_order(validation, evidence.validation_labels)
        scaler = StandardScaler().fit(train[order].astype(np.float64))
        return cls(
            scaler.transform(train[order].astype(np.float64)),
            evidence.labels[order],
            scaler.transform(validation[reference].astype(np.float64)),
            evidence.validation_labels[reference],
            order,
        )

    def restore(self, scores: NDArray[np.floating]) -> Scores:
        """Scores of the training rows, back in the order of the evidence."""
        out = np.empty(len(scores), dtype=np.float64)
        out[self._order] = scores
        return out


def last_layer_features(evidence: Evidence) -> Features:
    """Inputs of the last layer at the last checkpoint."""
    trace = evidence.trace
    return Features.of(evidence, trace.train.inputs[-1], trace.validation.inputs[-1])


def all_features(evidence: Evidence) -> Features:
    """Early and middle stages beside the inputs of the last layer."""
    trace = evidence.trace
    train, validation = evidence.stages
    return Features.of(
        evidence,
        np.hstack([*(train[name] for name in train), trace.train.inputs[-1]]),
        np.hstack([*(validation[name] for name in train), trace.validation.inputs[-1]]),
    )


def sklearn_seed(rng: np.random.Generator) -> int:
    """A seed as scikit-learn takes it."""
    return int(rng.integers(2**32))
