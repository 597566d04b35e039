"""Samples that are what they should be, but for their label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from influence.diagnosis.base import EVEN
from influence.diagnosis.crossfit import Probes, Task
from influence.diagnosis.inputs import Labels, Views, beside, compressed
from influence.diagnosis.label_noise import Given, LabelNoise, proven_noise, trust_in_labels
from influence.diagnosis.two_sample import rank_among_clean

COMPONENTS = 256
ROUNDS = 3
IMPROBABLE = 0.02
CHANCE = 0.1
"""Share of validation labels that follow chance, above which they are no longer taken for clean."""


@dataclass(frozen=True)
class LabelDoubts:
    """Attributes:
    posterior: the probability that a label is wrong, (n,); all zero where no test finds noise.
    rank: how improbable the label is among those of validation, (n,) in [0, 1).
    label: the label that the features speak for, (n,).
    """

    posterior: NDArray[np.float64]
    rank: NDArray[np.float64]
    label: Labels


def doubted_labels(
    seen: Views,
    usual: NDArray[np.bool_],
    usual_validation: NDArray[np.bool_],
    rng: np.random.Generator,
) -> LabelDoubts:
    """Probes taught by validation, then by validation and the training samples they believe.

    Args:
        seen: the samples.
        usual: training samples whose features are as they should be, (n,): the others teach
            nothing and are no label errors.
        usual_validation: validation samples to compare with, (m,).
        rng: of folds and trees.
    """
    features = compressed(beside((*seen.stages, seen.last), alike=True), COMPONENTS)
    probes = Probes(
        Task(
            features,
            seen.labels,
            seen.validation_labels,
            seen.n_classes,
            int(rng.integers(2**31)),
        )
    )
    n = len(seen.labels)
    usual_validation = usual_validation & ~wrong_in_validation(
        probes, seen.validation_labels, usual, usual_validation
    )
    trust = np.zeros(n)
    trust_validation = usual_validation.astype(np.float64)
    posterior = np.zeros(n)
    for _ in range(ROUNDS):
        probabilities = probes(trust * usual, trust_validation)
        everything = Given(probabilities.train, seen.labels)
        train = everything.take(usual)
        validation = Given(probabilities.validation, seen.validation_labels).take(usual_validation)
        noise: LabelNoise = proven_noise(train, validation)
        posterior[:] = 0.0
        if noise.is_open:
            flips = noise.fitted(train)
            posterior[usual] = flips.probability
            trust = trust_in_labels(posterior)
        else:
            trust = np.where(everything.of_label < IMPROBABLE, 0.0, 1.0)
    return LabelDoubts(
        posterior,
        rank_among_clean((1.0 - everything.of_label, 1.0 - validation.of_label)),
        probabilities.train.argmax(axis=1),
    )


def wrong_in_validation(
    probes: Probes,
    labels: Labels,
    usual: NDArray[np.bool_],
    usual_validation: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Validation samples whose own label is wrong, (m,); none unless many are.

    Where calibration needs a high floor, labels of validation follow chance: then uniform noise is
    fitted to them as it is to training, and what it explains is not compared with.
    """
    out = np.zeros(len(labels), dtype=bool)
    found = probes(usual.astype(np.float64), usual_validation.astype(np.float64))
    if found.calibration.floor < CHANCE:
        return out
    p = found.calibration.without_floor(found.validation[usual_validation])
    given = Given(p, labels[usual_validation])
    out[usual_validation] = LabelNoise(uniform=True, pairs=()).fitted(given).probability > EVEN
    return out
