"""Sign-wise sums of the negative influence (the sign-wise aggregation that the paper, section 6,
asks for)."""

import numpy as np

from influence.evidence import Evidence
from influence.signals.base import Scores, per_epoch


@per_epoch
def negative_influence(evidence: Evidence) -> Scores:
    """−Σ_c N_ic: all the harm done, with nothing to cancel it."""
    return -evidence.profile.negative.sum(axis=1)


@per_epoch
def negative_class_influence(evidence: Evidence) -> Scores:
    """−min_c N_ic: the harm done to the class that is hurt most; GD-class without cancellation."""
    return -evidence.profile.negative.min(axis=1)


@per_epoch
def negative_share(evidence: Evidence) -> Scores:
    """Harm as a share of all influence, −Σ_c N_ic / Σ_c (P_ic − N_ic), in [0, 1].

    Free of the sample's gradient norm; 0 for a sample without influence.
    """
    harm = -evidence.profile.negative.sum(axis=1, dtype=np.float64)
    total = harm + evidence.profile.positive.sum(axis=1, dtype=np.float64)
    return np.divide(harm, total, out=np.zeros_like(harm), where=total > 0)
