"""EL2N, the L2 norm of the error (Paul et al., NeurIPS 2021)."""

import numpy as np

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training


@whole_training
def el2n(evidence: Evidence) -> Scores:
    """‖softmax(z_i) − onehot(y_i)‖₂ at the last checkpoint.

    The source averages it early in training over many initialisations; of one short training the
    last checkpoint tells most.
    """
    return np.linalg.norm(evidence.trace.train.residuals()[-1], axis=1)
