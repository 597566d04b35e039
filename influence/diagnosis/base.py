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
MORE_LIKELY_THAN_NOT = 0.5
"""What holds with a larger probability is taken to hold."""


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with each of n training samples, as far as the evidence shows.

    Attributes:
        probability: that the sample is a glitch, (n,) float64 in [0, 1].
        flagged: whether it is called a glitch, (n,) bool: the probability reaches the threshold
            that the diagnosis chose.
        kind: one of ``KINDS`` for each sample, (n,) object. A flagged sample has one of
            ``GLITCH_KINDS``; any other is ``hard`` (unusual for its label, yet not likely to be a
            glitch) or ``clean``.
        kind_probability: the probability of each of ``GLITCH_KINDS``, (n, 4); rows sum to
            ``probability``.
        expected_label: the label that the features suggest, (n,) int64; ``NO_LABEL`` where they
            suggest none, as for a foreign sample.
        expected_label_errors: estimated number of label errors, whether or not a test proves any;
            too low where classes overlap much. If nothing is flagged, it says how many labels may
            nevertheless be wrong; ``probability`` still ranks them. nan where there are too few
            samples for an estimate.
    """

    probability: NDArray[np.float64]
    flagged: NDArray[np.bool_]
    kind: NDArray[np.object_]
    kind_probability: NDArray[np.float64]
    expected_label: NDArray[np.int64]
    expected_label_errors: float = float("nan")
