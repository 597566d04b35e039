"""Average Absolute Influence."""

from influence.evidence import Evidence
from influence.signals.base import Scores, per_epoch


@per_epoch
def average_absolute_influence(evidence: Evidence) -> Scores:
    """mean_j |I(i → j)|.

    Source: Hara et al. 2019; paper, section 3.
    """
    profile = evidence.profile
    return (profile.positive - profile.negative).sum(axis=1) / profile.n_validation
