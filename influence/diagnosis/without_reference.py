"""A diagnosis without any clean samples: the training set against itself.

Wrong labels show all the same. Foreign and corrupted samples do not: nothing says which of two
sorts of samples is the right one.
"""

from __future__ import annotations

import numpy as np

from influence.diagnosis.base import (
    CLEAN,
    GLITCH_KINDS,
    HARD,
    HARD_RANK,
    LABEL_ERROR,
    UNPROVEN,
    Diagnosis,
)
from influence.diagnosis.diagnose import flag
from influence.diagnosis.inputs import beside, compressed, in_deviations
from influence.diagnosis.label_errors_without_reference import noise_alone
from influence.evidence import Evidence
from influence.features import content_order

COMPONENTS = 256


def diagnose_without_reference(evidence: Evidence) -> Diagnosis:
    """What is wrong with each training sample, validation samples unseen: label errors only."""
    train, _ = evidence.stages
    names = sorted(train)
    order = content_order(np.hstack([train[name] for name in names]), evidence.labels)
    # of the first checkpoint: later on a network may have learned its wrong labels by heart
    blocks = [*(train[name] for name in names), evidence.trace.train.inputs[0]]
    sides = [in_deviations(block[:0], block[order]) for block in blocks]
    x = compressed(beside(sides, alike=True), COMPONENTS).validation
    seed = int(evidence.rng("diagnosis alone").integers(2**31))
    posterior, right = noise_alone(x, evidence.labels[order], evidence.n_classes, seed)

    misfit = 1.0 - right.of_label
    rank = misfit.argsort(kind="stable").argsort(kind="stable") / len(misfit)
    probability = posterior + (1.0 - posterior) * UNPROVEN * rank
    flagged = flag(probability)
    kind = np.where(rank > HARD_RANK, HARD, CLEAN).astype(object)
    kind[flagged] = LABEL_ERROR
    kind_probability = np.zeros((len(rank), len(GLITCH_KINDS)))
    kind_probability[:, GLITCH_KINDS.index(LABEL_ERROR)] = probability
    back = np.argsort(order)
    return Diagnosis(
        probability[back],
        flagged[back],
        kind[back],
        kind_probability[back],
        right.probabilities.argmax(axis=1)[back],
    )
