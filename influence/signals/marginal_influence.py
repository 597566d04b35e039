"""Marginal Influence (Kong et al. 2021; Chen et al. 2021; paper, section 3)."""

from influence.evidence import Evidence
from influence.signals.base import Scores, per_epoch


@per_epoch
def marginal_influence(evidence: Evidence) -> Scores:
    """MI_i = Σ_j I(i → j), with the paper's sign: higher is called more suspicious."""
    return evidence.profile.by_class.sum(axis=1)
