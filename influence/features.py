"""Standardised features for detectors, in an order that depends on content alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from common.errors import UserError
from influence.evidence import Evidence

Matrix = NDArray[np.float64]


def content_order(x: NDArray[np.floating], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """An order of the samples, (n,), that depends on their content alone.

    Folds, bootstraps and draws over samples in this order are independent of the order of the
    file, and of how the classes are numbered.

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
        train, validation: (n, d) and (m, d), columns standardised by the mean and standard
            deviation of the training set, glitches included.
        labels, validation_labels: (n,) and (m,) int64.
    """

    train: Matrix
    labels: NDArray[np.int64]
    validation: Matrix
    validation_labels: NDArray[np.int64]
    _order: NDArray[np.int64]

    def restore(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Scores of the training rows, put back into the order of the evidence."""
        return restored(scores.astype(np.float64), self._order)


def restored(values: NDArray[Any], order: NDArray[np.int64]) -> NDArray[Any]:
    """Values of samples in content order, (n, ...), in the order of the evidence."""
    out = np.empty_like(values)
    out[order] = values
    return out


def last_layer_features(evidence: Evidence) -> Features:
    """Inputs of the last layer at the last checkpoint."""
    trace = evidence.trace
    return _features(evidence, [trace.train.inputs[-1]], [trace.validation.inputs[-1]])


def all_features(evidence: Evidence) -> Features:
    """The earlier stages and the inputs of the last layer, side by side.

    The columns of a stage are divided by the square root of their number, so that all stages have
    the same weight in a distance, whatever their width.
    """
    trace, (train, validation) = evidence.trace, evidence.stages
    features = _features(
        evidence,
        [*train.values(), trace.train.inputs[-1]],
        [*(validation[name] for name in train), trace.validation.inputs[-1]],
    )
    widths = [*(stage.shape[1] for stage in train.values()), trace.train.inputs[-1].shape[1]]
    weights = np.concatenate([np.full(width, width**-0.5) for width in widths])
    return replace(
        features, train=features.train * weights, validation=features.validation * weights
    )


def neighbours(wanted: int, available: int) -> int:
    """The number of neighbours to use: ``wanted``, or all that are available if these are fewer.

    Raises:
        UserError: there is none.
    """
    if available < 1:
        raise UserError("nearest neighbours need at least 2 samples, got 1")
    return min(wanted, available)


def sklearn_seed(rng: np.random.Generator) -> int:
    """A seed in the range that scikit-learn accepts."""
    return int(rng.integers(2**32))


def _features(
    evidence: Evidence,
    train: Sequence[NDArray[np.floating]],
    validation: Sequence[NDArray[np.floating]],
) -> Features:
    x, reference = np.hstack([*train]), np.hstack([*validation])
    order = content_order(x, evidence.labels)
    reference_order = content_order(reference, evidence.validation_labels)
    scaler = StandardScaler().fit(x[order].astype(np.float64))
    return Features(
        scaler.transform(x[order].astype(np.float64)),
        evidence.labels[order],
        scaler.transform(reference[reference_order].astype(np.float64)),
        evidence.validation_labels[reference_order],
        order,
    )
