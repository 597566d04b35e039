"""Mean cross-entropy over training (the small-loss criterion)."""

from influence.evidence import Evidence
from influence.signals.base import Scores, whole_training


@whole_training
def loss(evidence: Evidence) -> Scores:
    """mean_t of the cross-entropy under the given label.

    Source: Huang et al., ICCV 2019.
    """
    return evidence.trace.train.losses.mean(axis=0)
