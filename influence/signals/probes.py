"""Class probabilities of training samples by a classifier that has not seen them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from influence.signals.features import Features

FOLDS = 5


def folds(labels: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """The fold of each sample, (n,), each class spread evenly over the folds."""
    shuffled = rng.permutation(len(labels))
    out = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rows = shuffled[labels[shuffled] == label]
        out[rows] = np.arange(len(rows)) % FOLDS
    return out


def cross_fitted_probabilities(
    features: Features, n_classes: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Class probabilities of the training samples, (n, C), each by a logistic regression fitted to
    the other folds and to the validation samples."""
    out = np.zeros((len(features.train), n_classes))
    fold = folds(features.labels, rng)
    for held in np.unique(fold):
        kept = fold != held
        model = LogisticRegression(max_iter=1000).fit(
            np.vstack([features.train[kept], features.validation]),
            np.concatenate([features.labels[kept], features.validation_labels]),
        )
        rows = np.flatnonzero(~kept)
        out[np.ix_(rows, model.classes_)] = model.predict_proba(features.train[rows])
    return out


def over_present_classes(
    labels: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Labels and probabilities over the classes that occur among the labels, numbered anew.

    For libraries that refuse a class without samples.
    """
    present, renamed = np.unique(labels, return_inverse=True)
    kept = probabilities[:, present]
    return renamed, kept / kept.sum(axis=1, keepdims=True)
