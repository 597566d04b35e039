"""EL2N, the L2 norm of the error."""

import numpy as np

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training


@whole_training
def el2n(evidence: Evidence) -> Scores:
    """‖Δ_T‖₂ at the last checkpoint.

    The source averages over many initialisations early in training. For one short training the
    last checkpoint works best.

    Source: Paul et al., NeurIPS 2021.
    """
    return np.linalg.norm(evidence.trace.train.residuals()[-1], axis=1)
