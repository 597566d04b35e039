"""One diagnosis of the whole set, where all folds see the same features.

Without a reference set, the diagnosis needs features and labels alone, and cross-fits its own
classifiers. Where no training changes the features, since only a classifier on a frozen backbone is
trained, the folds would repeat nearly the same diagnosis.
"""

from __future__ import annotations

from typing import TypeVar

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

Number = TypeVar("Number", bound=np.generic)


def diagnose_whole(trained: TrainedFold) -> Diagnosis:
    """The diagnosis of all samples, those that a fold was trained on and those held out."""
    fold, seed = trained.fold, trained.choice.seed
    blocks = list(sample_blocks(len(fold.train) + len(fold.reference), seed))
    rng = generator(seed, "diagnosis of fixed features")
    with without_class_warnings():
        parts = [
            diagnose_features(_features(trained, block), fold.train.data.n_classes, rng)
            for block in blocks
        ]
    return concatenated(parts, np.argsort(np.concatenate(blocks)))


def _features(trained: TrainedFold, block: Rows) -> TrainingFeatures:
    """The features of some samples, numbered in the order of the audited set."""
    fold, trace = trained.fold, trained.trace
    places = np.argsort(np.concatenate([fold.rows, fold.held_out]))[block]
    held = places >= len(fold.rows)
    of_train, of_held = places[~held], places[held] - len(fold.rows)

    def joined(train: NDArray[Number], reference: NDArray[Number]) -> NDArray[Number]:
        out = np.empty((len(block), *train.shape[1:]), train.dtype)
        out[~held], out[held] = train, reference
        return out

    train, reference = trained.prepared.stages(of_train)
    return TrainingFeatures(
        {name: joined(train[name], reference[name][of_held]) for name in train},
        joined(trace.train.inputs[0][of_train], trace.validation.inputs[0][of_held]),
        joined(fold.train.y[of_train], fold.reference.y[of_held]),
        None if fold.groups is None else fold.groups[fold.audited[block]],
    )
