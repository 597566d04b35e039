"""Marginal Influence."""

from influence.evidence import Evidence
from influence.signals.base import Scores, per_epoch


@per_epoch
def marginal_influence(evidence: Evidence) -> Scores:
    """Σ_j I(i → j), with the paper's sign: higher counts as more suspicious.

    Source: Kong et al. 2021; Chen et al. 2021; paper, section 3.
    """
    return evidence.profile.by_class.sum(axis=1)
