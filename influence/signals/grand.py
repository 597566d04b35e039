"""GraNd, the gradient norm, of the last layer."""

import numpy as np

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training
from influence.trace import Samples


def gradient_norms(samples: Samples, bias: bool) -> Scores:
    """‖∇ loss_i(θ_t)‖₂ over the weights and (with ``bias``) the bias of the last layer, (T, n).

    The gradient is Δ ⊗ [h; 1], so its norm is ‖Δ‖ √(‖h‖² + 1) exactly.
    """
    error = np.linalg.norm(samples.residuals(), axis=2)
    size = np.stack([np.square(h, dtype=np.float64).sum(axis=1) for h in samples.inputs])
    return error * np.sqrt(size + bias)


@whole_training
def grand(evidence: Evidence) -> Scores:
    """‖Δ_T‖ √(‖h_T‖² + 1), the gradient norm of the last layer at the last checkpoint.

    The source averages over many initialisations early in training. For one short training the
    last checkpoint works best.

    Source: Paul et al., NeurIPS 2021.
    """
    return gradient_norms(evidence.trace.train, evidence.trace.bias)[-1]
