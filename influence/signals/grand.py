"""GraNd, the norm of the gradient (Paul et al., NeurIPS 2021), of the last layer."""

import numpy as np

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training


@whole_training
def grand(evidence: Evidence) -> Scores:
    """mean_t ‖∇ loss_i(θ_t)‖₂ over weights and bias of the last layer.

    The gradient is Δ ⊗ [h; 1], so that its norm is ‖Δ‖ √(‖h‖² + 1) exactly. The source averages
    over initialisations early in training; one training has its checkpoints instead.
    """
    trace = evidence.trace
    error = np.linalg.norm(trace.train.residuals(), axis=2)
    size = np.stack([np.square(h, dtype=np.float64).sum(axis=1) for h in trace.train.inputs])
    return (error * np.sqrt(size + trace.bias)).mean(axis=0)
