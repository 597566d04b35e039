"""Sums of the negative influence."""

import numpy as np

from influence.evidence import Evidence
from influence.signals.base import Scores, per_epoch


@per_epoch
def negative_influence(evidence: Evidence) -> Scores:
    """−Σ_c N_ic: all harm to the validation set; helpful influence cancels none of it.

    Source: sign-wise aggregation, as the paper proposes in section 6.
    """
    return -evidence.profile.negative.sum(axis=1)


@per_epoch
def negative_class_influence(evidence: Evidence) -> Scores:
    """−min_c N_ic: the harm to the class harmed most; GD-class without cancellation.

    Source: sign-wise aggregation, as the paper proposes in section 6.
    """
    return -evidence.profile.negative.min(axis=1)


@per_epoch
def negative_share(evidence: Evidence) -> Scores:
    """−Σ_c N_ic / Σ_c (P_ic − N_ic), the share of harm in all influence, in [0, 1]; 0 for a sample
    without influence.

    It does not depend on the gradient norm of the sample.

    Source: sign-wise aggregation, as the paper proposes in section 6.
    """
    harm = -evidence.profile.negative.sum(axis=1, dtype=np.float64)
    total = harm + evidence.profile.positive.sum(axis=1, dtype=np.float64)
    return np.divide(harm, total, out=np.zeros_like(harm), where=total > 0)
