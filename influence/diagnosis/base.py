"""What a diagnosis of a training set says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LABEL_ERROR = "label_error"
FOREIGN_CLUSTER = "foreign_cluster"
RARE_CLUSTER = "rare_cluster"
CORRUPTED = "corrupted"
GLITCH_KINDS = (LABEL_ERROR, FOREIGN_CLUSTER, RARE_CLUSTER, CORRUPTED)
HARD = "hard"
CLEAN = "clean"
KINDS = (*GLITCH_KINDS, HARD, CLEAN)
NO_LABEL = -1
EVEN = 0.5
"""Probability over which one is more likely than not."""
UNPROVEN = 1e-3
"""What the rank of a sample adds to its probability where no test finds anything: an order for
those who look on nevertheless."""
HARD_RANK = 0.95


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with each of n training samples, as far as the evidence tells.

    Attributes:
        probability: that the sample is a glitch, (n,) float64 in [0, 1].
        flagged: whether it is called one, (n,) bool: the probability reaches the threshold that
            the diagnosis chose for itself.
        kind: one of ``KINDS`` each, (n,) object. A flagged sample has one of ``GLITCH_KINDS``; any
            other is ``hard`` (learned late or against its neighbours, yet not suspicious) or
            ``clean``.
        kind_probability: of each of ``GLITCH_KINDS``, (n, 4); rows sum to ``probability``.
        expected_label: the label that the evidence speaks for, (n,) int64; ``NO_LABEL`` where it
            speaks for none, as for a foreign sample.
    """

    probability: NDArray[np.float64]
    flagged: NDArray[np.bool_]
    kind: NDArray[np.object_]
    kind_probability: NDArray[np.float64]
    expected_label: NDArray[np.int64]
