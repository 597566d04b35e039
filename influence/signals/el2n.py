"""EL2N, the L2 norm of the error (Paul et al., NeurIPS 2021)."""

import numpy as np

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training


@whole_training
def el2n(evidence: Evidence) -> Scores:
    """mean_t ‖softmax(z_{t,i}) − onehot(y_i)‖₂.

    The source averages over initialisations early in training; one training has its checkpoints
    instead.
    """
    return np.linalg.norm(evidence.trace.train.residuals(), axis=2).mean(axis=0)
