"""The diagnosis of a training set without a reference set.

It finds label errors only. Of foreign or corrupted samples nothing says which of two groups is the
correct one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from influence.diagnosis.base import GLITCH_KINDS, LABEL_ERROR, Diagnosis
from influence.diagnosis.config import DEFAULT, DiagnosisConfig
from influence.diagnosis.crossfit import LabelledSamples
from influence.diagnosis.decision import flag, name_kinds, with_rank
from influence.diagnosis.inputs import equally_weighted, principal_components, standardised
from influence.diagnosis.label_errors_without_reference import (
    detect_label_errors_without_reference,
)
from influence.diagnosis.two_sample import random_folds
from influence.evidence import Evidence, Stages
from influence.features import content_order, restored


def diagnose_without_reference(evidence: Evidence, config: DiagnosisConfig = DEFAULT) -> Diagnosis:
    """The label errors of a training set; validation samples are not used."""
    stages, _ = evidence.stages
    # the first checkpoint: at later ones a network may have memorised its wrong labels
    features = TrainingFeatures(
        stages, evidence.trace.train.inputs[0], evidence.labels, evidence.groups
    )
    return diagnose_features(features, evidence.n_classes, evidence.rng("diagnosis alone"), config)


@dataclass(frozen=True)
class TrainingFeatures:
    """What label errors are found by.

    Attributes:
        stages: by name, (n, d_s).
        last_layer: inputs of the last layer, (n, d).
        labels: as given, (n,).
        groups: the number of each sample's group, (n,), if there are groups.
    """

    stages: Stages
    last_layer: NDArray[np.float32]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64] | None = None

    def rows(self, rows: NDArray[np.int64]) -> TrainingFeatures:
        """Those of some samples."""
        stages = {name: stage[rows] for name, stage in self.stages.items()}
        groups = None if self.groups is None else self.groups[rows]
        return TrainingFeatures(stages, self.last_layer[rows], self.labels[rows], groups)


def diagnose_features(
    features: TrainingFeatures,
    n_classes: int,
    rng: np.random.Generator,
    config: DiagnosisConfig = DEFAULT,
) -> Diagnosis:
    """The label errors of samples with these features and labels."""
    stages = features.stages
    names = sorted(stages)
    order = content_order(np.hstack([stages[name] for name in names]), features.labels)
    blocks = [*(stages[name] for name in names), features.last_layer]
    scaled = [standardised(block[order], block[order], config.inputs) for block in blocks]
    labels = features.labels[order]
    groups = None if features.groups is None else features.groups[order]
    seed = int(rng.integers(2**31))
    draw, folds = np.random.default_rng(seed), config.classifiers.folds
    samples = LabelledSamples(
        x=principal_components(equally_weighted(scaled), config.inputs.label_components),
        labels=labels,
        n_classes=n_classes,
        fold=random_folds(len(labels), folds, draw, groups),
        seed=seed,
    )
    errors = detect_label_errors_without_reference(samples, config)
    improbability = 1.0 - errors.probabilities[np.arange(len(labels)), labels]
    rank = improbability.argsort(kind="stable").argsort(kind="stable") / len(labels)
    probability = with_rank(errors.posterior, rank, config.decision)
    kind_probability = np.zeros((len(labels), len(GLITCH_KINDS)))
    kind_probability[:, GLITCH_KINDS.index(LABEL_ERROR)] = probability
    flagged = flag(probability, config.decision)
    kind = name_kinds(flagged, kind_probability, rank, config.decision)
    return Diagnosis(
        probability=restored(probability, order),
        flagged=restored(flagged, order),
        kind=restored(kind, order),
        kind_probability=restored(kind_probability, order),
        expected_label=restored(errors.probabilities.argmax(axis=1), order),
        expected_label_errors=errors.expected,
    )
