"""Mean cross-entropy over training (the small-loss criterion; O2U-Net, Huang et al., ICCV 2019)."""

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training


@whole_training
def loss(evidence: Evidence) -> Scores:
    """mean_t of the cross-entropy under the given label."""
    return evidence.trace.train.losses.mean(axis=0)
