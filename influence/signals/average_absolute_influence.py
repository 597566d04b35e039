"""Average Absolute Influence (Hara et al. 2019; paper, section 3)."""

from influence.evidence import Evidence
from influence.signals.base import Scores, per_epoch


@per_epoch
def average_absolute_influence(evidence: Evidence) -> Scores:
    """AAI_i = (1/m) Σ_j |I(i → j)|."""
    profile = evidence.profile
    return (profile.positive - profile.negative).sum(axis=1) / profile.n_validation
