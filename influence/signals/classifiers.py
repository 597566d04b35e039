"""Class probabilities of training samples by classifiers that were not fitted to them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from common.errors import UserError
from influence.features import Features, Matrix

Labels = NDArray[np.int64]
FOLDS = 5
INVERSE_PENALTY = 0.01  # C of scikit-learn; strong, since the features are already trained


def folds(labels: Labels, rng: np.random.Generator) -> NDArray[np.int64]:
    """The fold of each sample, (n,); each class is spread evenly over the folds."""
    shuffled = rng.permutation(len(labels))
    out = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rows = shuffled[labels[shuffled] == label]
        out[rows] = np.arange(len(rows)) % FOLDS
    return out


def fitted_probabilities(x: Matrix, y: Labels, queries: Matrix, n_classes: int) -> Matrix:
    """Class probabilities of the queries, (q, C), by a logistic regression fitted to x and y.

    Args:
        x: (k, d), k at least 1.
        y: (k,).
        queries: (q, d).
        n_classes: C; classes that do not occur in y have the probability 0.
    """
    if len(np.unique(y)) == 1:  # no regression: the class is certain
        return np.tile(np.eye(n_classes)[y[0]], (len(queries), 1))
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=1000).fit(x, y)
    out = np.zeros((len(queries), n_classes))
    out[:, model.classes_] = model.predict_proba(queries)
    return out


def cross_fitted_probabilities(
    features: Features, n_classes: int, rng: np.random.Generator
) -> Matrix:
    """Out-of-fold class probabilities of the training samples, (n, C), by logistic regressions
    fitted to the other folds and the validation samples."""
    out = np.zeros((len(features.train), n_classes))
    fold = folds(features.labels, rng)
    for held in np.unique(fold):
        kept = fold != held
        out[~kept] = fitted_probabilities(
            np.vstack([features.train[kept], features.validation]),
            np.concatenate([features.labels[kept], features.validation_labels]),
            features.train[~kept],
            n_classes,
        )
    return out


def reference_probabilities(features: Features, n_classes: int) -> Matrix:
    """Class probabilities of the training samples, (n, C), by a logistic regression fitted to the
    clean validation samples only."""
    return fitted_probabilities(
        features.validation, features.validation_labels, features.train, n_classes
    )


@contextmanager
def without_small_class_warnings() -> Iterator[None]:
    """Silence cleanlab's warning, once per class, that few samples limit how many it prunes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "May not flag all label issues", UserWarning)
        yield


def restricted_to_present_classes(labels: Labels, probabilities: Matrix) -> tuple[Labels, Matrix]:
    """Labels and probabilities restricted to the classes that occur, renumbered from 0.

    For libraries that reject a class without samples.

    Raises:
        UserError: all labels are equal, so that none can be called wrong.
    """
    present, renamed = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        raise UserError("label detectors need at least 2 classes in the training set, got 1")
    kept = np.maximum(probabilities[:, present], np.finfo(np.float64).tiny)
    return renamed, kept / kept.sum(axis=1, keepdims=True)
