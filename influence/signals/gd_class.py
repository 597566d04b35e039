"""GD-class (Nguyen-Duc et al. 2023; paper, section 3)."""

from influence.evidence import Evidence
from influence.signals.base import Scores, per_epoch


@per_epoch
def gd_class(evidence: Evidence) -> Scores:
    """GD_i = −min_c Σ_{j: y_j = c} I(i → j), over the classes that validation has."""
    profile = evidence.profile
    return -profile.by_class[:, profile.class_counts > 0].min(axis=1)
