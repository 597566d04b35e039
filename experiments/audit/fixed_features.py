"""One diagnosis of the whole set, where all folds see the same features.

Without a reference set, the diagnosis needs features and labels alone, and cross-fits its own
classifiers. Where no training changes the features, since only a classifier on a frozen backbone is
trained, the folds would repeat nearly the same diagnosis.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from common.seeds import generator
from experiments.audit.fold import (
    Rows,
    TrainedFold,
    concatenated,
    sample_blocks,
    without_class_warnings,
)
from influence.diagnosis.base import Diagnosis
from influence.diagnosis.without_reference import TrainingFeatures, diagnose_features


def diagnose_whole(trained: TrainedFold) -> Diagnosis:
    """The diagnosis of all samples, those that a fold was trained on and those held out."""
    fold, seed = trained.fold, trained.choice.seed
    features = _features(trained)
    blocks = list(sample_blocks(len(features.labels), seed))
    rng = generator(seed, "diagnosis of fixed features")
    with without_class_warnings():
        parts = [
            diagnose_features(features.rows(block), fold.train.n_classes, rng) for block in blocks
        ]
    return concatenated(parts, np.argsort(np.concatenate(blocks)))


def _features(trained: TrainedFold) -> TrainingFeatures:
    """The features of all samples, in the order of the audited set."""
    fold, trace = trained.fold, trained.trace
    rows = np.concatenate([fold.rows, fold.held_out])
    train, held_out = trained.prepared.stages()
    return TrainingFeatures(
        {name: _in_order(rows, train[name], held_out[name]) for name in train},
        _in_order(rows, trace.train.inputs[0], trace.validation.inputs[0]),
        np.concatenate([fold.train.y, fold.reference.y])[np.argsort(rows)],
        fold.groups,
    )


def _in_order(rows: Rows, *parts: NDArray[np.float32]) -> NDArray[np.float32]:
    out = np.empty((len(rows), parts[0].shape[1]), np.float32)
    out[rows] = np.concatenate(parts)
    return out
