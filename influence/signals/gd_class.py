"""GD-class."""

from influence.evidence import Evidence
from influence.signals.base import Scores, per_epoch


@per_epoch
def gd_class(evidence: Evidence) -> Scores:
    """−min_c (P + N)_ic over the classes in the validation set.

    Source: Nguyen-Duc et al. 2023; paper, section 3.
    """
    profile = evidence.profile
    return -profile.by_class[:, profile.class_counts > 0].min(axis=1)
